package sshconn_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/internal/netfault"
	"podbay/internal/opensshd"
	"podbay/sshconn"
)

var errRefusedKey = errors.New("refused")

var quietPTY = sshconn.PTY{
	Term:  "xterm-256color",
	Modes: ssh.TerminalModes{ssh.ECHO: 0, ssh.OPOST: 0},
	Size:  sshconn.WindowSize{Cols: 80, Rows: 24, Width: 800, Height: 480},
	Env:   map[string]string{"LANG": "C.UTF-8", "LC_PODBAY": "yes"},
}

func openShell(t *testing.T, conn *sshconn.Conn) *sshconn.Shell {
	t.Helper()
	shell, err := conn.Shell(t.Context(), quietPTY)
	if err != nil {
		t.Fatalf("open a shell: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, shell.Stderr()) }()
	return shell
}

func send(t *testing.T, shell *sshconn.Shell, command string) {
	t.Helper()
	if _, err := io.WriteString(shell.Stdin(), command); err != nil {
		t.Fatalf("write to the shell: %v", err)
	}
}

type ending struct {
	exit sshconn.Exit
	err  error
}

// drain reads the shell's output to its end and waits for its status.
func drain(t *testing.T, shell *sshconn.Shell) (string, ending) {
	t.Helper()
	output := make(chan string, 1)
	ended := make(chan ending, 1)
	go func() {
		text, _ := io.ReadAll(shell.Stdout())
		output <- string(text)
	}()
	go func() {
		exit, err := shell.Wait()
		ended <- ending{exit, err}
	}()
	return within(t, "the end of the output", output), within(t, "the exit status", ended)
}

func TestShellOnOpenSSH(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	for _, test := range []struct {
		command string
		want    sshconn.Exit
		output  string
	}{
		{"exit 0\n", sshconn.Exit{Status: 0}, ""},
		{"exit 3\n", sshconn.Exit{Status: 3}, ""},
		{"exit 255\n", sshconn.Exit{Status: 255}, ""},
		{"exec sh -c 'kill -TERM $$'\n", sshconn.Exit{Status: 143, Signal: "TERM"}, ""},
		{"exec sh -c 'kill -KILL $$'\n", sshconn.Exit{Status: 137, Signal: "KILL"}, ""},
		{"echo \"<$TERM $LANG $LC_PODBAY>\"; exit\n", sshconn.Exit{}, "<xterm-256color C.UTF-8 yes>"},
		{"stty size; exit\n", sshconn.Exit{}, "24 80"},
		{"test -t 0 && stty -a | grep -o -- '-opost'; exit\n", sshconn.Exit{}, "-opost"},
	} {
		shell := openShell(t, conn)
		send(t, shell, test.command)
		output, end := drain(t, shell)
		if end.err != nil || end.exit != test.want {
			t.Errorf("%q ended with %+v (%v), want %+v", test.command, end.exit, end.err, test.want)
		}
		if !strings.Contains(output, test.output) {
			t.Errorf("%q printed %q, want %q in it", test.command, output, test.output)
		}
	}
}

func TestStdinCloseIsEndOfFile(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	session := func(ch ssh.Channel, requests <-chan *ssh.Request) {
		for request := range requests {
			_ = request.Reply(true, nil)
			if request.Type == "shell" {
				break
			}
		}
		text, err := io.ReadAll(ch)
		fmt.Fprintf(ch, "%s %v", text, err)
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		ch.Close()
		ssh.DiscardRequests(requests)
	}
	addr := sshServer{config: accepting(signer.PublicKey()), session: session}.start(t, host)
	conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
	shell := openShell(t, conn)
	send(t, shell, "all of it")
	if err := shell.Stdin().Close(); err != nil {
		t.Fatal(err)
	}
	output, end := drain(t, shell)
	if output != "all of it <nil>" || end.err != nil || end.exit.Status != 0 {
		t.Errorf("the far side read %q and ended with %+v (%v)", output, end.exit, end.err)
	}
	if _, err := io.WriteString(shell.Stdin(), "x"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a write to an ended shell gave %v", err)
	}
}

func TestResizeReachesTheFarTerminal(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	shell := openShell(t, conn)
	if err := shell.Resize(sshconn.WindowSize{Cols: 132, Rows: 50}); err != nil {
		t.Fatal(err)
	}
	send(t, shell, "stty size; exit\n")
	if output, _ := drain(t, shell); !strings.Contains(output, "50 132") {
		t.Errorf("the far terminal is %q, want 50 132", output)
	}
}

// flood makes the far side print n MiB and returns their hash as received.
func flood(t *testing.T, shell *sshconn.Shell, mib int) string {
	t.Helper()
	const start = "BEGIN\n"
	send(t, shell, fmt.Sprintf("echo BEG''IN; head -c %d /dev/zero | tr '\\0' 'x'; exit\n", mib<<20))
	reader := bufio.NewReader(shell.Stdout())
	for line := ""; !strings.HasSuffix(line, start); {
		part, err := reader.ReadString('\n')
		if err != nil {
			t.Fatalf("the output ended before it began: %v", err)
		}
		line += part
	}
	hash := sha256.New()
	if _, err := io.CopyN(hash, reader, int64(mib)<<20); err != nil {
		t.Fatalf("the output was cut: %v", err)
	}
	_, _ = io.Copy(io.Discard, reader)
	return hex.EncodeToString(hash.Sum(nil))
}

func hashOfX(mib int) string {
	hash := sha256.New()
	block := strings.Repeat("x", 1<<20)
	for range mib {
		io.WriteString(hash, block)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func TestOutputArrivesWhole(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	for _, test := range []struct {
		name  string
		mib   int
		rekey uint64
	}{{"64 MiB", 64, 0}, {"rekeying under load", 8, 256 << 10}} {
		t.Run(test.name, func(t *testing.T) {
			opts := options(t, server.Addr, server.User, server.HostKey(), key)
			conn := mustDial(t, sshconn.WithRekeyThreshold(opts, test.rekey))
			shell := openShell(t, conn)
			if got := flood(t, shell, test.mib); got != hashOfX(test.mib) {
				t.Error("the output was changed on the way")
			}
			if exit, err := shell.Wait(); err != nil || exit.Status != 0 {
				t.Errorf("ended with %+v (%v)", exit, err)
			}
		})
	}
}

func TestConnectionCutMidOutput(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	link := netfault.Start(t, server.Addr)
	conn := mustDial(t, options(t, link.Addr, server.User, server.HostKey(), key))
	shell := openShell(t, conn)
	link.CutAfter(1 << 20)
	send(t, shell, "yes\n")
	_, end := drain(t, shell)
	if end.err == nil || end.exit.Status != 255 {
		t.Errorf("a cut connection ended with %+v (%v)", end.exit, end.err)
	}
	within(t, "the connection's end", conn.Done())
	if conn.Err() == nil || !errors.Is(end.err, sshconn.ErrClosed) {
		t.Errorf("the connection's end is told as %v, the shell's as %v", conn.Err(), end.err)
	}
	if _, err := conn.Shell(t.Context(), quietPTY); err == nil {
		t.Error("a dead connection opened a shell")
	}
}

func TestCloseShellKeepsTheConnection(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	shell := openShell(t, conn)
	if err := shell.Close(); err != nil {
		t.Fatal(err)
	}
	drain(t, shell) // it comes to an end; what its server reports of that is its own affair
	again := openShell(t, conn)
	send(t, again, "exit 4\n")
	if _, end := drain(t, again); end.err != nil || end.exit.Status != 4 {
		t.Errorf("the next shell ended with %+v (%v)", end.exit, end.err)
	}
}

func TestRefusedTerminalAndShell(t *testing.T) {
	answer := func(refuse string) func(ssh.Channel, <-chan *ssh.Request) {
		return func(ch ssh.Channel, requests <-chan *ssh.Request) {
			for request := range requests {
				_ = request.Reply(request.Type != refuse, nil)
			}
			ch.Close()
		}
	}
	silent := func(_ ssh.Channel, requests <-chan *ssh.Request) {
		for range requests {
		}
	}
	hangUp := func(ch ssh.Channel, _ <-chan *ssh.Request) { ch.Close() }
	for _, test := range []struct {
		name    string
		session func(ssh.Channel, <-chan *ssh.Request)
		want    error
	}{
		{"pty-req refused", answer("pty-req"), sshconn.ErrNoPTY},
		{"shell refused", answer("shell"), sshconn.ErrNoShell},
		{"channel refused", nil, sshconn.ErrNoShell},
		{"closed at once", hangUp, sshconn.ErrNoPTY},
		{"no answer", silent, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			signer, host := newSigner(t), newSigner(t)
			addr := sshServer{config: accepting(signer.PublicKey()), session: test.session}.start(t, host)
			conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.want == context.Canceled {
				cancel()
			}
			_, err := conn.Shell(ctx, quietPTY)
			if !errors.Is(err, test.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestExitIsReadFromTheServer(t *testing.T) {
	type signal struct {
		Signal     string
		CoreDumped bool
		Message    string
		Language   string
	}
	for _, test := range []struct {
		name    string
		request string
		payload []byte
		want    sshconn.Exit
		lost    bool
	}{
		{"status", "exit-status", ssh.Marshal(struct{ Status uint32 }{7}), sshconn.Exit{Status: 7}, false},
		{"short status", "exit-status", []byte{1}, sshconn.Exit{Status: 255}, true},
		{"INT", "exit-signal", ssh.Marshal(signal{Signal: "INT"}), sshconn.Exit{Status: 130, Signal: "INT"}, false},
		{"unknown signal", "exit-signal", ssh.Marshal(signal{Signal: "\x1b[31mODD"}), sshconn.Exit{Status: 128, Signal: "ODD"}, false},
		{"none", "", nil, sshconn.Exit{Status: 255}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			signer, host := newSigner(t), newSigner(t)
			session := func(ch ssh.Channel, requests <-chan *ssh.Request) {
				for request := range requests {
					_ = request.Reply(true, nil)
					if request.Type == "shell" {
						break
					}
				}
				io.WriteString(ch, "last words")
				if test.request != "" {
					_, _ = ch.SendRequest(test.request, false, test.payload)
				}
				ch.Close()
				ssh.DiscardRequests(requests)
			}
			addr := sshServer{config: accepting(signer.PublicKey()), session: session}.start(t, host)
			conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
			output, end := drain(t, openShell(t, conn))
			if end.exit != test.want || (end.err != nil) != test.lost {
				t.Errorf("ended with %+v (%v), want %+v", end.exit, end.err, test.want)
			}
			if output != "last words" {
				t.Errorf("output %q", output)
			}
		})
	}
}

func TestOnlyATerminalsVariablesAreSent(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	pty := quietPTY
	pty.Env = map[string]string{"RUNPOD_API_KEY": "secret"}
	_, err := conn.Shell(t.Context(), pty)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a variable that is no terminal's gave %v", err)
	}
}

func TestEncodeModes(t *testing.T) {
	got := sshconn.EncodeModes(ssh.TerminalModes{ssh.ECHO: 1, ssh.VINTR: 3, 0: 9, 200: 1})
	if want := "\x01\x00\x00\x00\x03\x35\x00\x00\x00\x01\x00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
