//go:build linux || darwin

package cli

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"

	"podbay/manager"
)

// locked is a pod whose key has a passphrase.
type locked struct {
	connector
	given [][]byte // the passphrases, as they were handed over
	texts []string // what they were
	types func(string) (int, error)
	err   error // of the attempt with the right one
}

const rightPassphrase = "open sesame"

func (l *locked) Connect(_ context.Context, req manager.ConnectRequest) (*manager.Session, error) {
	text, ok := req.Passphrases["key"]
	if ok {
		l.given, l.texts = append(l.given, text), append(l.texts, string(text))
	}
	if string(text) != rightPassphrase {
		answer := "open barley\r"
		if ok {
			answer = rightPassphrase + "\r"
		}
		if _, err := l.types(answer); err != nil {
			return nil, err
		}
		return nil, &manager.PassphraseWanted{Path: "key", Name: "key", Wrong: ok}
	}
	if l.err != nil {
		return nil, l.err
	}
	return &manager.Session{}, nil
}

// Whatever a connection comes to, nothing of a passphrase is left in what was
// handed over, also of one that did not fit.
func TestPassphrasesAreOverwritten(t *testing.T) {
	for _, failed := range []error{nil, errors.New("the pod is gone")} {
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(io.Discard, master)
		}()
		if _, err := term.MakeRaw(int(slave.Fd())); err != nil { // what is typed ahead comes as it is
			t.Fatal(err)
		}
		a := &app{}
		a.std.In, a.std.Out, a.std.Err = slave, slave, slave
		l := &locked{types: master.WriteString, err: failed}
		session, err := a.connect(t.Context(), l, manager.ConnectRequest{})
		if !errors.Is(err, failed) || (session == nil) != (failed != nil) {
			t.Errorf("connect = %v, %v", session, err)
		}
		if len(l.texts) != 2 || l.texts[0] != "open barley" || l.texts[1] != rightPassphrase {
			t.Errorf("it was given %q", l.texts)
		}
		for i, p := range l.given {
			for _, b := range p {
				if b != 0 {
					t.Errorf("of %q is left %q", l.texts[i], p)
					break
				}
			}
		}
		slave.Close()
		master.Close()
		<-done
	}
}
