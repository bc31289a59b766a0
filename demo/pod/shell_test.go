//go:build linux || darwin

package pod_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"podbay/demo/pod"
)

func TestShellOnTerminal(t *testing.T) {
	t.Setenv("RUNPOD_API_KEY", "rpa_secret")
	t.Setenv("SSH_AUTH_SOCK", "/somewhere")
	w := newWorld(t)
	cmd := w.ssh(w.start(pod.Behaviour{}), "root", "", "-tt")
	screen, master := onTerminal(t, cmd, &pty.Winsize{Rows: 30, Cols: 100, X: 1000, Y: 600})

	screen.expect(`demo shell on this machine`)
	screen.expect(`trainer \(this machine\):~\$ `)
	screen.typeLine("stty size; echo $TERM $RUNPOD_POD_ID")
	screen.expect(`30 100\r\nxterm-256color abc123\r\n`)
	screen.typeLine("env | sort | cut -d= -f1 | tr '\\n' ' '")
	names := screen.expect(`([A-Z_]+ [A-Z_ ]+) `)[1]
	for _, bad := range []string{"RUNPOD_API_KEY", "SSH_AUTH_SOCK", "USER"} {
		if strings.Contains(" "+names+" ", " "+bad+" ") {
			t.Errorf("the shell's environment has %s: %s", bad, names)
		}
	}
	must(t, pty.Setsize(master, &pty.Winsize{Rows: 41, Cols: 123}))
	must(t, cmd.Process.Signal(unix.SIGWINCH))
	screen.typeLine("until [ \"$(stty size)\" = '41 123' ]; do :; done; echo res''ized")
	screen.expect(`resized\r\n`)
	screen.typeLine("cat <(echo go''ing) -")
	screen.expect(`going\r\n`) // by the very program: before, ^C could be the shell's
	_, err := master.Write([]byte{3})
	must(t, err)
	screen.expect(`\^C`)
	screen.expect(`\$ `)
	screen.typeLine("pwd; exit 7")
	screen.expect(`/home\r\n`)
	if got := exitCode(t, cmd.Wait()); got != 7 {
		t.Errorf("ssh exited with %d, want the shell's 7", got)
	}
	entries, err := os.ReadDir(w.home)
	must(t, err)
	if len(entries) != 0 {
		t.Errorf("the shell left %v in its home", entries)
	}
}

func TestExec(t *testing.T) {
	w := newWorld(t)
	s := w.start(pod.Behaviour{})
	for _, tt := range []struct {
		name, command, stdin string
		out, errOut          string
		status               int
	}{
		{name: "output and error kept apart", command: "echo out; echo err >&2; exit 3", out: "out\n", errOut: "err\n", status: 3},
		{name: "end of input", command: "cat", stdin: "a\nb\n", out: "a\nb\n"},
		{name: "all output before the status", command: "yes | head -n 500000", out: strings.Repeat("y\n", 500000)},
		{name: "a child prints after its parent ended", command: "(sleep 0.3; echo late) & exit 4", out: "late\n", status: 4},
		{name: "home", command: "cd; pwd -P | grep -c home", out: "1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := w.ssh(s, "root", tt.command)
			var out, errOut bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(tt.stdin), &out, &errOut
			if got := exitCode(t, cmd.Run()); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
			if out.String() != tt.out || errOut.String() != tt.errOut {
				t.Errorf("out %.80q, err %q; want %.80q, %q", out.String(), errOut.String(), tt.out, tt.errOut)
			}
		})
	}
}

// A PTY that a background job keeps open must neither hold the session nor cost
// output.
func TestOutputIsWholeOnPTY(t *testing.T) {
	w := newWorld(t)
	client := w.mustDial(w.start(pod.Behaviour{}), "root")
	for _, command := range []string{"seq 100000", "sleep 1000 & seq 100000"} {
		session, err := client.NewSession()
		must(t, err)
		must(t, session.RequestPty("xterm", 24, 80, ssh.TerminalModes{ssh.ONLCR: 0}))
		out, err := session.Output(command)
		must(t, err)
		if !strings.HasSuffix(string(out), "\n99999\n100000\n") || len(out) != 588895 {
			t.Errorf("%s: %d bytes, want 588895, the last of them %q", command, len(out), out[max(0, len(out)-20):])
		}
	}
}

func TestModesReachThePTY(t *testing.T) {
	w := newWorld(t)
	client := w.mustDial(w.start(pod.Behaviour{}), "root")
	session, err := client.NewSession()
	must(t, err)
	must(t, session.RequestPty("vt100", 24, 80, ssh.TerminalModes{
		ssh.ECHO: 0, ssh.ICANON: 0, ssh.ISIG: 0, ssh.ONLCR: 0, ssh.ICRNL: 0, ssh.IXON: 0, ssh.IUTF8: 1,
		ssh.VINTR: 7, ssh.VQUIT: 255, ssh.VKILL: 24, ssh.TTY_OP_OSPEED: 38400, 77: 1,
	}))
	out, err := session.Output("stty -a")
	must(t, err)
	for _, want := range []string{"-echo ", "-icanon ", "-isig ", "-onlcr ", "-icrnl ", "-ixon ", " iutf8", "intr = ^G", "quit = <undef>", "kill = ^X"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("stty -a has no %q:\n%s", want, out)
		}
	}
}

func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	client := w.mustDial(w.start(pod.Behaviour{}), "root")
	session, err := client.NewSession()
	must(t, err)
	for name, accepted := range map[string]bool{
		"LANG": true, "LC_ALL": true, "TERM": true, "LD_PRELOAD": false, "BASH_ENV": false, "PS1": false, "PATH": false,
	} {
		if got := session.Setenv(name, "C.UTF-8") == nil; got != accepted {
			t.Errorf("%s accepted: %v, want %v", name, got, accepted)
		}
	}
	out, err := session.Output("echo $LANG $LC_ALL")
	must(t, err)
	if string(out) != "C.UTF-8 C.UTF-8\n" {
		t.Errorf("got %q", out)
	}
}

func TestSignals(t *testing.T) {
	w := newWorld(t)
	client := w.mustDial(w.start(pod.Behaviour{}), "root")
	session, err := client.NewSession()
	must(t, err)
	stdout, err := session.StdoutPipe()
	must(t, err)
	must(t, session.Start("echo up; exec sleep 1000"))
	screen := newScreen(t, stdout, nil)
	screen.expect("up\n")
	must(t, session.Signal(ssh.SIGTERM))
	var exit *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.Signal() != "TERM" {
		t.Errorf("got %v, want an end by SIGTERM", err)
	}
}

func TestKeepaliveIsAnswered(t *testing.T) {
	w := newWorld(t)
	client := w.mustDial(w.start(pod.Behaviour{}), "root")
	_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
	must(t, err)
}

// Whatever was started is gone once the channel is closed or the shell exited,
// also when it does not care for SIGHUP.
func TestNothingOutlivesTheSession(t *testing.T) {
	const stubborn = `trap "" HUP; set -m; sleep 1000 & echo "pids $$ $!"; `
	for name, end := range map[string]string{"channel closed": "sleep 1000", "shell exited": "exit 0"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			server := w.start(pod.Behaviour{})
			client := w.mustDial(server, "root")
			session, err := client.NewSession()
			must(t, err)
			must(t, session.RequestPty("xterm", 24, 80, nil))
			stdout, err := session.StdoutPipe()
			must(t, err)
			must(t, session.Start(stubborn+end))
			pids := newScreen(t, stdout, nil).expect(`pids (\d+) (\d+)`)[1:]
			if name == "channel closed" {
				must(t, session.Close())
			} else {
				must(t, session.Wait())
			}
			for _, text := range pids {
				pid, err := strconv.Atoi(text)
				must(t, err)
				waitGone(t, pid)
			}
		})
	}
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); alive(pid); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// alive does not count a zombie that waits for a pid 1 that reaps none.
func alive(pid int) bool {
	if unix.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
