package manager

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/internal/opensshd"
	"podbay/sshconn"
)

// homeWithKey is a manager without an account, and the one key of its home.
func homeWithKey(t *testing.T) (ssh.PublicKey, *Manager) {
	t.Helper()
	paths := config.PathsUnder(t.TempDir())
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "$(reboot)'; reboot #")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(paths.Home, ".ssh")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "id_ed25519"), pem.EncodeToMemory(block), 0o600)); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(Options{Paths: paths, Settings: config.DefaultSettings(), Getenv: func(string) string { return "" }, Origin: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return key, m
}

// farShell is a real sshd that runs a program in place of a login shell, and a
// connection to it.
func farShell(t *testing.T, program string) (*sshconn.Conn, *opensshd.Server) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	sshd := opensshd.Start(t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{key}, ExtraConfig: []string{"ForceCommand " + program}})
	conn, err := sshconn.Dial(t.Context(), sshconn.Options{
		Addr: sshd.Addr, User: sshd.User, HostKeyName: "far",
		HostKeys:      &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")},
		AcceptHostKey: ssh.FingerprintSHA256(sshd.HostKey()),
		Keys: []sshconn.Key{{Public: key, Name: "key", Signer: func(context.Context) (ssh.Signer, error) {
			return ssh.NewSignerFromKey(private)
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, sshd
}

// script writes a program for ForceCommand.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func typing(t *testing.T, forPrompt, forAnswer time.Duration) (*installing, string) {
	t.Helper()
	key := newPublicKey(t)
	s, err := newSentinel()
	if err != nil {
		t.Fatal(err)
	}
	command, err := installCommand(key, s)
	if err != nil {
		t.Fatal(err)
	}
	return &installing{
		req:   InstallRequest{Command: command},
		proxy: newAttempt(ConnectRequest{}), want: s,
		forPrompt: forPrompt, forAnswer: forAnswer,
	}, publicLine(key)
}

func TestTypeIntoShells(t *testing.T) {
	programs := map[string]string{
		"a greeting that ends with a line": script(t, "echo Welcome; exec sh -i"),
		"a prompt with colors":             script(t, `PS1="$(printf '\033[32mroot\033[0m# ')" exec bash --norc -i`),
		"no echo":                          script(t, "stty -echo; exec sh -i"),
	}
	for name, line := range map[string]string{
		"bash": "bash --norc -i", "sh": "sh -i", "dash": "dash -i", "zsh": "zsh -f -i", "mksh": "mksh -i", "busybox": "busybox sh -i",
	} {
		shell, args, _ := strings.Cut(line, " ")
		programs[name] = tool(t, shell) + " " + args
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			conn, sshd := farShell(t, program)
			in, line := typing(t, time.Minute, time.Minute)
			if err := in.typeInto(t.Context(), conn); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(sshd.Home, ".ssh", "authorized_keys"))
			if err != nil || string(text) != line+"\n" {
				t.Errorf("authorized_keys is %q %v, want %q", text, err, line)
			}
		})
	}
}

func TestTypeIntoWhatIsNoShell(t *testing.T) {
	const short = 2 * time.Second
	typed := "whether the key was added is not known"
	programs := map[string]struct{ program, want string }{
		"cat":                      {script(t, `printf 'cat> '; exec cat`), typed},
		"an echo without a tty":    {script(t, `stty raw -echo; printf '$ '; exec cat`), typed},
		"a claim of its own":       {script(t, `printf '$ '; read -r line; printf 'podbay-0-123456789\npodbay-0-%s\n' "$line"; exec cat`), typed},
		"ends when it is typed to": {script(t, `printf '$ '; read -r line; echo bye`), "ended before the shell confirmed it: the last it printed is"},
		"reads nothing":            {script(t, `stty raw -echo; printf '$ '; exec tail -f /dev/null`), typed},
		"ends at once":             {script(t, `echo 'no running pod'; exit 1`), "nothing was typed: the far side ended the shell at once: the last it printed is \"no running pod\""},
		"says nothing":             {script(t, `exec tail -f /dev/null`), "nothing was typed: no shell prompt came in 2s: it printed nothing"},
		"never falls silent":       {script(t, `exec yes 'y'`), "nothing was typed: no shell prompt came in 2s"},
		"an editor":                {script(t, `printf '\033[?1049h\033[2J~\n~\n:'; exec tail -f /dev/null`), "nothing was typed: a full-screen program answers"},
		"hostile":                  {script(t, `printf '$ '; read -r line; printf '\033]0;owned\007\033[2J\033[31mevil\n'; exec tail -f /dev/null`), typed},
	}
	programs["python"] = struct{ program, want string }{tool(t, "python3") + " -q -i", typed}
	for name, tt := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, sshd := farShell(t, tt.program)
			in, _ := typing(t, time.Minute, short)
			if strings.Contains(tt.want, "no shell prompt came") {
				in.forPrompt = short
			}
			err := in.typeInto(t.Context(), conn)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("typeInto = %v, want %q", err, tt.want)
			}
			if err != nil && (strings.ContainsAny(err.Error(), "\x1b\a\n\r") || len(err.Error()) > 1000) {
				t.Errorf("the error is not clean and short: %q", err.Error())
			}
			if _, err := os.Stat(filepath.Join(sshd.Home, ".ssh", "authorized_keys")); !os.IsNotExist(err) {
				t.Errorf("authorized_keys: %v, want none", err)
			}
		})
	}
}

// Whatever happens, the command is typed once and nothing else is.
func TestTypesTheCommandOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "typed")
	conn, _ := farShell(t, script(t, `stty raw -echo; printf '$ '; exec cat >`+file))
	in, _ := typing(t, time.Minute, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- in.typeInto(ctx, conn) }()
	want := in.req.Command + "\r"
	await(t, "what is typed", func() bool {
		info, err := os.Stat(file)
		return err == nil && info.Size() >= int64(len(want))
	})
	cancel()
	if err := <-done; err == nil {
		t.Fatal("cat passed for a shell")
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != want {
		t.Errorf("%q was typed %v, want the command and enter", text, err)
	}
}

func TestTypeIntoIsCancelled(t *testing.T) {
	for name, tt := range map[string]struct{ program, want string }{
		"before": {script(t, `printf started >"$HOME/started"; exec tail -f /dev/null`), "nothing was typed"},
		"after":  {script(t, `printf '$ '; read -r line; printf started >"$HOME/started"; exec tail -f /dev/null`), "whether the key was added is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, sshd := farShell(t, tt.program)
			in, _ := typing(t, time.Minute, time.Minute)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- in.typeInto(ctx, conn) }()
			await(t, "the program", func() bool {
				_, err := os.Stat(filepath.Join(sshd.Home, "started"))
				return err == nil
			})
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("typeInto = %v, want a cancellation that says %q", err, tt.want)
			}
		})
	}
}

func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		if there() {
			return
		}
	}
	t.Fatalf("%s did not come", what)
}
