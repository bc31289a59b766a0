//go:build linux || darwin

package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// typist is an app whose standard input and output are a terminal, and what is typed
// there; standard error is a file.
func typist(t *testing.T) (a *app, master *os.File) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	side, err := os.Create(filepath.Join(t.TempDir(), "err"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { side.Close(); slave.Close(); master.Close() })
	return &app{std: Streams{In: slave, Out: slave, Err: side}}, master
}

func TestAnswersTypedAheadAreNotLost(t *testing.T) {
	a, master := typist(t)
	if _, err := term.MakeRaw(int(a.std.In.Fd())); err != nil { // as readSecret will: else the two lines come one by one
		t.Fatal(err)
	}
	if _, err := master.WriteString("first\rsecond\r"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		got, err := a.readSecret(t.Context(), want+"? ")
		if err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestQuestionsAreSeen(t *testing.T) {
	a, master := typist(t)
	if _, err := master.WriteString("secret\r"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.readSecret(t.Context(), "Passphrase? "); err != nil {
		t.Fatal(err)
	}
	shown, err := bufio.NewReader(master).ReadString('?')
	if err != nil || !strings.HasSuffix(shown, "Passphrase?") {
		t.Errorf("the terminal shows %q, %v", shown, err)
	}
}

func TestStandardInputThatNeverEnds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); r.Close() })
	ended := errors.New("ended by signal")
	ctx, end := context.WithCancelCause(t.Context())
	end(ended)
	a := &app{std: Streams{In: r}}
	if _, err := a.readAll(ctx, "the key", 10); !errors.Is(err, ended) {
		t.Errorf("%v", err)
	}
}
