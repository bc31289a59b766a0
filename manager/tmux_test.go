//go:build linux || darwin

package manager

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestTmuxCommandsInShells gives the commands to every kind of login shell that a
// pod may have, and to a real tmux.
func TestTmuxCommandsInShells(t *testing.T) {
	for name, line := range map[string]string{
		"bash": "bash", "sh": "sh", "dash": "dash", "zsh": "zsh", "mksh": "mksh", "busybox": "busybox sh",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shell, args, _ := strings.Cut(line, " ")
			login := strings.Fields(tool(t, shell) + " " + args)
			far := tmuxPod{t: t, login: login, dir: t.TempDir()}
			const kept, gone = "podbay-aaaaaaaaaaaa", "podbay-bbbbbbbbbbbb"
			defer far.run(endShell(kept))

			seen := far.look(lookAtShells("", true, gone))
			if !seen.tmux || len(seen.lives)+len(seen.ended) != 0 || !seen.gone[gone] || seen.started != "" {
				t.Fatalf("on an empty pod: %+v", seen)
			}
			if seen = far.look(lookAtShells(kept, true, gone)); seen.started != kept || seen.failed != "" {
				t.Fatalf("after a start: %+v", seen)
			}
			if seen = far.look(lookAtShells(gone, true, kept)); !seen.lives[kept] || seen.started != "" {
				t.Fatalf("another look, which starts none beside it: %+v", seen)
			}
			shown, err := far.attach(attachShell(kept, "it's 5 o'clock; #{pid} %H $(id)", true), "echo TERM=$TERM; exit 7\r")
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("attached, it ended with %v", err)
			}
			if !strings.Contains(shown, "TERM=tmux-256color") && !strings.Contains(shown, "TERM=screen-256color") {
				t.Errorf("shown: %q", shown)
			}
			if strings.Contains(shown, "[exited]") || strings.Contains(shown, "\x1b[?1049h") {
				t.Errorf("tmux takes the alternate screen, or says goodbye: %q", shown)
			}
			if last := shown[strings.LastIndex(shown, "\x1b[2J")+1:]; !strings.Contains(last, "TERM=") {
				t.Errorf("the last screen is not shown again: %q", last)
			}
			if seen = far.look(lookAtShells("", true, kept)); seen.lives[kept] || seen.ended[kept] != 7 {
				t.Errorf("after its end: %+v", seen)
			}
			if seen = far.look(finishShell(kept)); seen.ended[kept] != 7 {
				t.Errorf("finished: %+v", seen)
			}
			// A server that is about to end is not yet gone.
			for seen = far.look(finishShell(kept)); !seen.gone[kept]; seen = far.look(finishShell(kept)) {
				if len(seen.ended)+len(seen.lives) != 0 || t.Context().Err() != nil {
					t.Fatalf("finished twice: %+v", seen)
				}
			}
		})
	}
}

// tmuxPod runs commands as sshd does: by a login shell.
type tmuxPod struct {
	t     *testing.T
	login []string
	dir   string
}

func (p tmuxPod) command(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.login[0], append(p.login[1:], "-c", command)...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "SHELL=/bin/sh", "TMUX_TMPDIR=" + p.dir, "TERM=xterm-nobody-knows"}
	return cmd
}

func (p tmuxPod) run(command string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	output, err := p.command(ctx, command).Output()
	if err != nil {
		p.t.Errorf("%s: %v", command, err)
	}
	return output
}

func (p tmuxPod) look(command string) look {
	p.t.Helper()
	return parseLook(p.run(command))
}

// attach runs a command on a terminal and types into it.
func (p tmuxPod) attach(command, keys string) (shown string, err error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	cmd := p.command(ctx, command)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
	text, _ := io.ReadAll(f) // ends with EIO
	return string(text), cmd.Wait()
}

// TestWordsForEveryShell holds what quoting relies on.
func TestWordsForEveryShell(t *testing.T) {
	for _, text := range []string{runInShell, startTmux, lookAtOne, attachTmux + attachNote + attachEnd, overridesScrollback, overridesOwnScreen} {
		if strings.ContainsAny(text, "'\\!\r\n") {
			t.Errorf("shells differ on a character of %q", text)
		}
	}
	for word, want := range map[string]string{
		"plain": "'plain'", "": "''", "it's; \\ \n!$(id) `id`": "'its;  $(id) `id`'",
	} {
		if got := quoted(word); got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
	}
	if got := tmuxText("it's 5%; #[fg=red] \x1b[31m $HOME"); strings.ContainsAny(got, "#%;'$\x1b") {
		t.Errorf("tmux would not show %q as it is", got)
	}
}

func TestParseLook(t *testing.T) {
	seen := parseLook([]byte("Welcome!\r\npodbay-tmux\nsomething podbay-lives x\npodbay-lives a\n" +
		"podbay-ended b 3\npodbay-ended c 999\npodbay-ended d x\npodbay-gone f\npodbay-started e\npodbay-failed no \x1b[31mserver\n"))
	if !seen.tmux || !seen.lives["a"] || len(seen.lives) != 1 || len(seen.ended) != 1 || seen.ended["b"] != 3 || !seen.gone["f"] || len(seen.gone) != 1 ||
		seen.started != "e" || seen.failed != "no server" {
		t.Errorf("read %+v", seen)
	}
}

// TestADeadLineIsNoticedInTime holds it for every setting of keepalive.
func TestADeadLineIsNoticedInTime(t *testing.T) {
	for interval := time.Second; interval <= 10*time.Second; interval += time.Second {
		if after := interval + patience(interval); after > 15*time.Second || patience(interval) < 5*time.Second && interval > 2*time.Second {
			t.Errorf("keepalive %v: noticed after %v, an answer is waited for %v", interval, after, patience(interval))
		}
	}
}
