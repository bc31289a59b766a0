package manager_test

import (
	"bufio"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"

	"podbay/doctor"
	"podbay/manager"
)

// TestWhatIsWrongWithASession runs sessions on a real terminal against OpenSSH's
// sshd, set up as images set it up.
func TestWhatIsWrongWithASession(t *testing.T) {
	tests := []struct {
		name   string
		config string
		typed  string
		want   doctor.ID
		says   string
	}{
		{"all is well", "", "exit 3\n", "", ""},
		{"no terminal", "PermitTTY no", "", doctor.PTYRefused, "PTY"},
		{"no session", "MaxSessions 0", "", doctor.ShellRefused, "shell"},
		{"the shell ends at once", "ForceCommand echo this account is closed; exit 4", "", doctor.ShellExits, "this account is closed"},
		{"the disk is full", `ForceCommand echo "bash: cannot create temp file: No space left on device"; exit 1`, "", doctor.DiskFull, "No space left on device"},
		{"it ends after something was typed", "ForceCommand echo name?; read x; exit 5", "\n", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, sshd := readyPod(t, accountOptions{registered: true})
			a.list(t, "ready1")
			accept(t, a, "ready1").Discard()
			if tt.config != "" {
				sshd.Configure(tt.config)
				sshd.Restart()
			}
			session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
			if err != nil {
				t.Fatal(err)
			}
			ended := runOnTerminal(t, session, tt.typed)
			if ended.Verdict.ID != tt.want || !strings.Contains(ended.Verdict.Sentence, tt.says) {
				t.Errorf("the session ended with %q, %+v; want %q and %q", ended.Sentence, ended.Verdict, tt.want, tt.says)
			}
			if row := a.list(t, "ready1"); tt.want != "" && row.Verdict.ID != tt.want {
				t.Errorf("the list says %s, the session said %s", row.Verdict.ID, tt.want)
			}
		})
	}
}

// runOnTerminal runs a session on a terminal of its own, and types text when the
// far side has printed something.
func runOnTerminal(t *testing.T, session *manager.Session, text string) manager.Ended {
	t.Helper()
	far, near, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	session.SetStdin(near)
	session.SetStdout(near)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		typeOnce(far, text)
		_, _ = io.Copy(io.Discard, far)
	}()
	if err := session.Run(); err != nil {
		t.Error(err)
	}
	near.Close()
	far.Close()
	<-printed
	return session.Ended()
}

// typeOnce types when the first byte has come.
func typeOnce(far *os.File, text string) {
	if text == "" {
		return
	}
	if _, err := bufio.NewReaderSize(far, 1).ReadByte(); err == nil {
		_, _ = far.WriteString(text)
	}
}
