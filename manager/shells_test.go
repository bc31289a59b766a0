//go:build linux || darwin

package manager_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"podbay/config"
	"podbay/demo/api"
	"podbay/manager"
)

func asksOnce(s *config.Settings) { s.KeepShells = config.KeepAsk }

// answer answers the question about kept shells.
func (k *keptPod) answer(t *testing.T, answer manager.KeepAnswer) *manager.Session {
	t.Helper()
	_, err := k.m.Connect(t.Context(), manager.ConnectRequest{PodID: keptID})
	var wanted *manager.KeepWanted
	if !errors.As(err, &wanted) || wanted.Pod.Name != "kept" {
		t.Fatalf("Connect = %v, want the question about kept shells", err)
	}
	session, err := k.m.Connect(t.Context(), manager.ConnectRequest{PodID: keptID, Keep: answer})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestKeptShellsAreAskedAboutOnce(t *testing.T) {
	k := newKeptPod(t, asksOnce)
	p := newPerson(t)
	ended := p.run(k.answer(t, manager.KeepYes))
	if n := k.link.Opened(); n != 1 {
		t.Errorf("%d connections for a question and its answer, want 1", n)
	}
	p.sees(0, "\x1b[H")
	p.types("echo TMUX=[$TMUX$TMUX_PANE]; exit 4\r")
	p.sees(0, "TMUX=[]") // a tmux of the user's own works inside
	if e := p.ends(ended); e.Status != 4 || !strings.Contains(e.Sentence, "exit status 4") {
		t.Errorf("ended with %+v", e)
	}
	if left := k.sshd.TmuxServers(); len(left) > 0 {
		t.Errorf("left on the pod: %v", left)
	}
	again := k.open(t, k.opts) // another podbay
	session, err := again.Connect(t.Context(), manager.ConnectRequest{PodID: keptID})
	if err != nil {
		t.Fatalf("asked again: %v", err)
	}
	session.Discard()
	if left := k.sshd.TmuxServers(); len(left) > 0 {
		t.Errorf("a session that was not run left on the pod: %v", left)
	}
}

func TestPlainShells(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		k := newKeptPod(t, asksOnce)
		p := newPerson(t)
		ended := p.run(k.answer(t, manager.KeepNo))
		p.sees(0, "?2004h") // what is typed before the prompt is dropped
		p.types("\r~d")
		p.sees(0, "~d cannot leave this shell running: you said that")
		p.types("exit 6\r")
		if e := p.ends(ended); e.Status != 6 {
			t.Errorf("ended with %+v", e)
		}
		k.connect(t).Discard() // is not asked again
		if left := k.sshd.TmuxServers(); len(left) > 0 {
			t.Errorf("a tmux was started: %v", left)
		}
	})
	t.Run("never", func(t *testing.T) {
		k := newKeptPod(t, func(s *config.Settings) { s.KeepShells = config.KeepNever })
		p := newPerson(t)
		ended := p.run(k.connect(t))
		p.sees(0, "?2004h") // what is typed before the prompt is dropped
		p.types("\r~d")
		p.sees(0, "keep_shells in podbay's settings is never")
		mark := p.mark()
		k.link.Cut()
		p.sees(mark, "this is a fresh shell")
		p.types("exit 2\r")
		if e := p.ends(ended); e.Status != 2 {
			t.Errorf("ended with %+v", e)
		}
	})
	t.Run("nowhere to write its name", func(t *testing.T) {
		k := newKeptPod(t, nil)
		if err := os.MkdirAll(filepath.Join(k.paths.State, "shells.json"), 0o700); err != nil {
			t.Fatal(err)
		}
		p := newPerson(t)
		ended := p.run(k.connect(t))
		p.sees(0, "?2004h") // what is typed before the prompt is dropped
		p.types("\r~d")
		p.sees(0, "podbay cannot write down the name by which it would find the shell")
		p.types("exit\r")
		p.ends(ended)
		if left := k.sshd.TmuxServers(); len(left) > 0 {
			t.Errorf("on the pod: %v", left)
		}
	})
	t.Run("no tmux", func(t *testing.T) {
		k := newKeptPod(t, nil)
		p := newPerson(t)
		k.withoutTmux(t)
		ended := p.run(k.connect(t))
		p.sees(0, "?2004h") // what is typed before the prompt is dropped
		p.types("\r~d")
		p.sees(0, "there is no tmux on the pod")
		p.types("exit\r")
		p.ends(ended)
	})
}

// withoutTmux gives the far side a PATH in which there is no tmux.
func (k *keptPod) withoutTmux(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"sh", "bash"} {
		if err := os.Symlink("/bin/"+name, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	k.sshd.SetEnv("PATH", dir)
}

func TestDetachAndComeBack(t *testing.T) {
	k := newKeptPod(t, nil)
	k.list(t, keptID)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	p.types("echo fir''st; cd /\r")
	p.sees(0, "first")
	p.types("~d")
	if e := p.ends(ended); !e.Detached || !e.Clean || e.Status != 0 || e.Lost {
		t.Errorf("ended with %+v", e)
	}
	if row := k.list(t, keptID); row.Kept.Line != manager.KeptConnected || k.m.KeptShells() != 1 {
		t.Errorf("the list says %+v, and %d are kept", row.Kept, k.m.KeptShells())
	}
	mark := p.mark()
	ended = p.run(k.connect(t))
	p.sees(mark, "first") // the same screen, on the same connection
	if n := k.link.Opened(); n != 1 {
		t.Errorf("%d connections, want one for all", n)
	}
	p.types("~d")
	p.ends(ended)

	k.link.Cut() // nobody looks: the shell stays
	eventually(t, "the list that knows of the lost line", func() bool {
		return k.list(t, keptID).Kept.Line == manager.KeptLineLost
	})
	if k.m.KeptShells() != 0 {
		t.Error("a lost line counts as kept")
	}
	mark = p.mark()
	ended = p.run(k.connect(t))
	p.sees(mark, "first")
	p.types("pwd; exit 9\r")
	if e := p.ends(ended); e.Status != 9 {
		t.Errorf("ended with %+v", e)
	}
	if row := k.list(t, keptID); row.Kept.Line != "" {
		t.Errorf("after its end the list says %+v", row.Kept)
	}
}

func TestAnotherPodbayComesBack(t *testing.T) {
	k := newKeptPod(t, nil)
	first := k.open(t, k.opts)
	session, err := first.Connect(t.Context(), manager.ConnectRequest{PodID: keptID})
	if err != nil {
		t.Fatal(err)
	}
	p := newPerson(t)
	ended := p.run(session)
	p.sees(0, "\x1b[H")
	p.types("echo le''ft\r")
	p.sees(0, "left")

	// While it is attached, another session gets a shell of its own.
	other := newPerson(t)
	otherEnded := other.run(k.connect(t))
	other.sees(0, "\x1b[H")
	other.types("exit 1\r")
	if e := other.ends(otherEnded); e.Status != 1 || strings.Contains(other.since(0), "left") {
		t.Errorf("the other session ended with %+v, and was shown %q", e, other.since(0))
	}
	p.types("~d")
	p.ends(ended)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := k.open(t, k.opts)
	listing, err := again.Refresh(t.Context())
	if err != nil || find(t, listing.Pods, keptID).Kept.Line != manager.KeptLeft {
		t.Errorf("the next podbay's list says %+v, %v", listing.Pods, err)
	}
	if session, err = again.Connect(t.Context(), manager.ConnectRequest{PodID: keptID}); err != nil {
		t.Fatal(err)
	}
	mark := p.mark()
	ended = p.run(session)
	p.sees(mark, "left")
	p.types("exit\r")
	p.ends(ended)
}

func TestAShellThatEndedMeanwhile(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	flag := filepath.Join(k.sshd.Home, "go")
	p.types("echo wai''ting; until [ -e " + flag + " ]; do sleep 0.02; done; exit 5\r")
	p.sees(0, "waiting")
	k.link.Freeze()
	p.sees(0, lostWords)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mark := p.mark()
	k.link.Thaw()
	if e := p.ends(ended); e.Status != 5 {
		t.Errorf("the status of a shell that ended without a line is not told: %+v; shown: %q", e, p.since(mark))
	}
}

func TestAKeptShellThatIsGone(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	k.link.Freeze()
	p.sees(0, lostWords)
	k.sshd.EndTmux()
	mark := p.mark()
	k.link.Thaw()
	p.sees(mark, "the shell that was kept is gone; this is a fresh one")
	p.types("exit 8\r")
	if e := p.ends(ended); e.Status != 8 {
		t.Errorf("ended with %+v", e)
	}
}

func TestAPodThatStopsEndsTheWait(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(k *keptPod) error
		want string
	}{
		{"stopped", func(k *keptPod) error { return k.api.SetStatus(keptID, api.StatusExited) }, "the pod was stopped"},
		{"failed", func(k *keptPod) error { return k.api.SetStatus(keptID, api.StatusError) }, "the pod's container failed"},
		{"terminated", func(k *keptPod) error {
			if !k.api.RemovePod(keptID) {
				return errors.New("there was none")
			}
			return nil
		}, "it was terminated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKeptPod(t, nil)
			p := newPerson(t)
			ended := p.run(k.connect(t))
			p.sees(0, "\x1b[H")
			if err := tt.end(k); err != nil {
				t.Fatal(err)
			}
			k.sshd.Stop()
			if e := p.ends(ended); !e.Lost || e.Status != 255 || !strings.Contains(e.Sentence, tt.want) {
				t.Errorf("ended with %+v", e)
			}
			p.sees(0, tt.want)
		})
	}
}

// TestTheEscapeLeavesAKeptShell: who types ~. on a line that lags, as in OpenSSH,
// must not lose what runs on the pod.
func TestTheEscapeLeavesAKeptShell(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	for _, text := range []string{"fir", "sec"} { // a new one, and one that was come back to
		mark := p.mark()
		ended := p.run(k.connect(t))
		p.sees(mark, "\x1b[H")
		p.types("echo " + text + "''-run\r")
		p.sees(mark, text+"-run")
		p.types("~.")
		if e := p.ends(ended); !e.Left || !e.Clean || e.Detached || !strings.Contains(e.Sentence, "goes on") {
			t.Errorf("ended with %+v", e)
		}
		p.sees(mark, "its shell goes on there")
		if left := k.sshd.TmuxServers(); len(left) != 1 {
			t.Fatalf("on the pod: %v", left)
		}
	}
	mark := p.mark()
	ended := p.run(k.connect(t))
	p.sees(mark, "sec-run")
	p.types("exit\r")
	p.ends(ended)
	if left := k.sshd.TmuxServers(); len(left) > 0 {
		t.Errorf("left on the pod: %v", left)
	}
}

func TestLookingBack(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	p.types("seq 1 300 | sed s/^/line-/\r")
	p.sees(0, "line-300")
	mark := p.mark()
	p.types("~[")
	p.sees(mark, "[0/") // where one is
	p.sees(mark, "q comes back to the shell")
	mark = p.mark()
	p.types("\x1b<") // tmux's own key for the first line
	p.sees(mark, "s/^/line-/")
	p.types("q")
	p.types("exit 3\r")
	if e := p.ends(ended); e.Status != 3 {
		t.Errorf("ended with %+v", e)
	}
}

func TestLookingBackThatFailsIsSaid(t *testing.T) {
	k := newKeptPod(t, nil)
	k.tmuxIs(t, `case "$*" in *copy-mode*) exit 1;; esac; exec "$tmux" "$@"`)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	p.types("~[")
	p.sees(0, "[podbay] ~[ cannot look back: the pod's tmux did not do it")
	p.types("exit\r")
	p.ends(ended)
}

func TestGivingUpLeavesTheShell(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	p.types("echo still-he''re\r")
	p.sees(0, "still-here")
	k.link.Freeze()
	p.sees(0, lostWords)
	p.types("~.")
	if e := p.ends(ended); !e.Left || !e.Lost || e.Status != 255 {
		t.Errorf("ended with %+v", e)
	}
	k.link.Cut()
	k.link.Thaw()
	mark := p.mark()
	ended = p.run(k.connect(t))
	p.sees(mark, "still-here")
	p.types("exit\r")
	p.ends(ended)
}
