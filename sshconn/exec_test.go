package sshconn_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"podbay/internal/netfault"
	"podbay/internal/opensshd"
	"podbay/sshconn"
)

func TestExec(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	tests := []struct {
		name, command, output string
		status                int
	}{
		{"output", "echo out; echo err >&2", "out\n", 0},
		{"status", "exit 3", "", 3},
		{"reads nothing", "cat; echo over", "over\n", 0},
		{"kept to its bound", "head -c 100000 /dev/zero | tr '\\000' x", strings.Repeat("x", 64<<10), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			output, exit, err := conn.Exec(t.Context(), tt.command, nil)
			if err != nil || string(output) != tt.output || exit.Status != tt.status {
				t.Errorf("got %d bytes %.40q, %+v, %v", len(output), output, exit, err)
			}
		})
	}
}

func TestExecIsGivenUp(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, exit, err := conn.Exec(ctx, "sleep 1000", nil); !errors.Is(err, context.Canceled) || exit.Status != 255 {
		t.Errorf("given up: %+v, %v", exit, err)
	}
	if output, _, err := conn.Exec(t.Context(), "echo still", nil); err != nil || string(output) != "still\n" {
		t.Errorf("the connection after that: %q, %v", output, err)
	}
}

func TestExecOnALostLine(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	link := netfault.Start(t, server.Addr)
	conn := mustDial(t, options(t, link.Addr, server.User, server.HostKey(), key))
	link.Cut()
	if _, exit, err := conn.Exec(t.Context(), "echo", nil); err == nil || exit.Status != 255 {
		t.Errorf("on a lost line: %+v, %v", exit, err)
	}
	conn.Close()
	if _, _, err := conn.Exec(t.Context(), "echo", nil); err == nil {
		t.Error("on a closed connection it ran")
	}
}

func TestExecRefused(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	addr := sshServer{config: accepting(signer.PublicKey())}.start(t, host)
	conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
	if _, _, err := conn.Exec(t.Context(), "echo", nil); !errors.Is(err, sshconn.ErrNoShell) {
		t.Errorf("got %v", err)
	}
}

func TestShellRunsACommandOnATerminal(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	pty := quietPTY
	pty.Command = "stty size; exit 4"
	shell, err := conn.Shell(t.Context(), pty)
	if err != nil {
		t.Fatal(err)
	}
	output, end := drain(t, shell)
	if end.err != nil || end.exit.Status != 4 || output != "24 80\n" {
		t.Errorf("%q, %+v", output, end)
	}
}
