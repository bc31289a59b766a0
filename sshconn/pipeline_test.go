package sshconn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

func TestRefusedTerminalAndShellOnOpenSSH(t *testing.T) {
	for _, test := range []struct {
		config string
		want   error
	}{
		{"PermitTTY no", sshconn.ErrNoPTY},
		{"MaxSessions 0", sshconn.ErrNoShell},
	} {
		t.Run(test.config, func(t *testing.T) {
			server, key := startOpenSSH(t, opensshd.Config{ExtraConfig: []string{test.config}})
			conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
			for range 5 {
				if _, err := conn.Shell(t.Context(), quietPTY); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
		})
	}
	t.Run("ForceCommand", func(t *testing.T) {
		server, key := startOpenSSH(t, opensshd.Config{ExtraConfig: []string{"ForceCommand echo instead; tty; exit 7"}})
		shell := openShell(t, mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key)))
		output, end := drain(t, shell)
		if end.err != nil || end.exit.Status != 7 || !strings.Contains(output, "instead") || !strings.Contains(output, "/dev/") {
			t.Errorf("printed %q and ended with %+v (%v)", output, end.exit, end.err)
		}
	})
}

// countingConn counts what is written.
type countingConn struct {
	net.Conn
	writes *atomic.Int32
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestAShellTakesTwoWrites(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	opts := options(t, server.Addr, server.User, server.HostKey(), key)
	var writes atomic.Int32
	opts.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &writes}, err
	}
	conn := mustDial(t, opts)
	for range 3 {
		before := writes.Load()
		shell := openShell(t, conn)
		if n := writes.Load() - before; n != 2 { // the channel; pty-req, env and shell
			t.Errorf("a shell took %d writes", n)
		}
		send(t, shell, "tty; exit\n")
		if output, end := drain(t, shell); end.err != nil || !strings.Contains(output, "/dev/") {
			t.Errorf("printed %q and ended with %+v (%v)", output, end.exit, end.err)
		}
	}
}

func TestAReservedChannelIsTakenOnce(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	opts := options(t, server.Addr, server.User, server.HostKey(), key)
	var writes atomic.Int32
	opts.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &writes}, err
	}
	conn := mustDial(t, opts)
	before := writes.Load()
	conn.Reserve()
	conn.Reserve() // changes nothing
	for _, want := range []int32{2, 2} {
		shell := openShell(t, conn)
		if n := writes.Load() - before; n != want {
			t.Errorf("%d writes, want %d", n, want)
		}
		send(t, shell, "tty; exit\n")
		if output, end := drain(t, shell); end.err != nil || !strings.Contains(output, "/dev/") {
			t.Errorf("printed %q and ended with %+v (%v)", output, end.exit, end.err)
		}
		before = writes.Load()
	}
	conn.Reserve()
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Shell(t.Context(), quietPTY); err == nil {
		t.Error("a closed connection opened a shell")
	}
}

func TestAReservedChannelThatIsRefused(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{ExtraConfig: []string{"MaxSessions 0"}})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	conn.Reserve()
	if _, err := conn.Shell(t.Context(), quietPTY); !errors.Is(err, sshconn.ErrNoShell) {
		t.Errorf("got %v", err)
	}
}

// A second shell, whose requests lie between the first one's data, waits for each
// answer; both have terminals.
func TestShellsSideBySide(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	shells := []*sshconn.Shell{openShell(t, conn), openShell(t, conn), openShell(t, conn)}
	for _, shell := range shells {
		send(t, shell, "tty; exit\n")
		if output, end := drain(t, shell); end.err != nil || !strings.Contains(output, "/dev/") {
			t.Errorf("printed %q and ended with %+v (%v)", output, end.exit, end.err)
		}
	}
}

func TestShellsWhileNewKeysAreAgreedOn(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	opts := options(t, server.Addr, server.User, server.HostKey(), key)
	conn := mustDial(t, sshconn.WithRekeyThreshold(opts, 8<<10)) // within each shell's output
	for range 20 {
		shell := openShell(t, conn)
		send(t, shell, "tty; head -c 8000 /dev/zero | tr '\\0' x; exit\n")
		if output, end := drain(t, shell); end.err != nil || !strings.Contains(output, "/dev/") {
			t.Errorf("printed %q and ended with %+v (%v)", output, end.exit, end.err)
		}
	}
}

func TestReadAheadChangesNothing(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef\n"), 32<<10)
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader,
		"bytes": iotest.OneByteReader, "the end with the last of it": iotest.DataErrReader,
	} {
		for _, size := range []int{1, 5, 4 << 10, 1 << 20} {
			// A network that brings a byte a read is not there to rest between them.
			got, err := sshconn.ReadAhead(pieces(bytes.NewReader(text)), size, name != "bytes")
			if err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s, read by %d: %d bytes of %d (%v)", name, size, len(got), len(text), err)
			}
		}
	}
}
