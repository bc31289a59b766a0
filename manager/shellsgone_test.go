//go:build linux || darwin

package manager_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"podbay/demo/api"
	"podbay/manager"
	"podbay/state"
)

// tmuxIs puts a script in front of the pod's tmux, which is $tmux in it.
func (k *keptPod) tmuxIs(t *testing.T, script string) {
	t.Helper()
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := "#!/bin/sh\ntmux=" + tmux + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "tmux"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	k.sshd.SetEnv("PATH", dir+":"+os.Getenv("PATH"))
}

// TestAShellIsForgottenOnlyWhenThePodSaysSo: a tmux that cannot be run, or is not
// found, says nothing of what lives.
func TestAShellIsForgottenOnlyWhenThePodSaysSo(t *testing.T) {
	for name, breakTmux := range map[string]func(k *keptPod, t *testing.T){
		"not found": (*keptPod).withoutTmux,
		"broken": func(k *keptPod, t *testing.T) {
			k.tmuxIs(t, "echo error while loading shared libraries: No such file or directory >&2; exit 127")
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeptPod(t, nil)
			p := newPerson(t)
			ended := p.run(k.connect(t))
			p.sees(0, "\x1b[H")
			p.types("echo still-he''re\r")
			p.sees(0, "still-here")
			mark := p.mark()
			breakTmux(k, t) // the line is lost with it, and the new one has a plain shell
			p.sees(mark, "the pod does not say what became of the shell that was kept")
			p.sees(mark, "?2004h")
			p.types("exit 2\r")
			p.ends(ended)
			mark = p.mark()
			ended = p.run(k.connect(t)) // and so has a new connection
			p.sees(mark, "the pod does not say what became of the shell that was left here")
			p.sees(mark, "?2004h")
			p.types("exit 2\r")
			p.ends(ended)
			k.sshd.SetEnv("PATH", os.Getenv("PATH"))
			mark = p.mark()
			ended = p.run(k.connect(t))
			p.sees(mark, "still-here")
			p.types("exit\r")
			p.ends(ended)
			if left := k.sshd.TmuxServers(); len(left) > 0 {
				t.Errorf("left on the pod: %v", left)
			}
		})
	}
}

// TestAShellGoesWithItsPod, and not by a list that may be another account's.
func TestAShellGoesWithItsPod(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(k *keptPod, t *testing.T) *manager.Manager // who lists the pods after the pod is gone
		want int                                             // records and claims
	}{
		{"in the same run", func(k *keptPod, _ *testing.T) *manager.Manager { return k.m }, 0},
		{"in the next run", func(k *keptPod, t *testing.T) *manager.Manager {
			k.close(t)
			next := k.open(t, k.opts)
			if _, ok := next.LastList(); !ok {
				t.Fatal("no list was kept")
			}
			return next
		}, 0},
		{"missing in the list alone", func(k *keptPod, _ *testing.T) *manager.Manager {
			k.api.AddFault(api.Fault{Route: api.Route{Method: "GET", Path: "/v2/pods/" + keptID}, Kind: api.FaultStatus, Status: 500})
			return k.m
		}, 2},
		{"unknown account", func(k *keptPod, t *testing.T) *manager.Manager {
			k.close(t)
			return k.open(t, k.opts)
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKeptPod(t, nil)
			k.list(t, keptID)
			p := newPerson(t)
			ended := p.run(k.connect(t))
			p.sees(0, "\x1b[H")
			p.types("~.")
			p.ends(ended)
			k.list(t, keptID)
			if n := k.shellFiles(t); n != 2 {
				t.Fatalf("%d records and claims of one shell, want 2", n)
			}
			m := tt.then(k, t)
			if !k.api.RemovePod(keptID) {
				t.Fatal("there was no pod")
			}
			if _, err := m.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if tt.want == 0 {
				eventually(t, "that nothing is left", func() bool { return k.shellFiles(t) == 0 })
			}
			if err := m.Close(); err != nil { // which waits
				t.Fatal(err)
			}
			if n := k.shellFiles(t); n != tt.want {
				t.Errorf("%d records and claims are left, want %d", n, tt.want)
			}
		})
	}
}

func (k *keptPod) close(t *testing.T) {
	t.Helper()
	if err := k.m.Close(); err != nil {
		t.Fatal(err)
	}
}

// shellFiles counts what is remembered of shells, and the claims to them.
func (k *keptPod) shellFiles(t *testing.T) int {
	t.Helper()
	claims, _ := filepath.Glob(filepath.Join(k.paths.State, "podbay-*.claim"))
	known, err := (&state.Store{Dir: k.paths.State}).KeptShells()
	if err != nil {
		t.Fatal(err)
	}
	return len(claims) + len(known)
}

// TestACancelledConnectLeavesNoOrphan: the pod had started a shell when its answer
// was waited for no more.
func TestACancelledConnectLeavesNoOrphan(t *testing.T) {
	k := newKeptPod(t, nil)
	started, goOn := filepath.Join(k.sshd.Home, "started"), filepath.Join(k.sshd.Home, "go")
	k.tmuxIs(t, `"$tmux" "$@"; s=$?; case "$*" in *new-session*) : >`+started+`; until [ -e `+goOn+` ]; do sleep 0.02; done;; esac; exit $s`)
	t.Cleanup(func() { _ = os.WriteFile(goOn, nil, 0o600) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := k.m.Connect(ctx, manager.ConnectRequest{PodID: keptID})
		failed <- err
	}()
	eventually(t, "the start of a shell", func() bool { _, err := os.Stat(started); return err == nil })
	cancel()
	if err := <-failed; err == nil {
		t.Fatal("a cancelled Connect succeeded")
	}
	k.sshd.SetEnv("PATH", os.Getenv("PATH"))
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	if left := k.sshd.TmuxServers(); len(left) != 1 {
		t.Errorf("on the pod: %v", left)
	}
	p.types("exit\r")
	p.ends(ended)
}

// TestAPodThatRunsNoMoreCommandsEndsTheWait: its sshd came back with other settings.
func TestAPodThatRunsNoMoreCommandsEndsTheWait(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	k.sshd.Configure("MaxSessions 0")
	k.sshd.Restart()
	if e := p.ends(ended); e.Status != 255 || e.Clean {
		t.Errorf("ended with %+v", e)
	}
}
