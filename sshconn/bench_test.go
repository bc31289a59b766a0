package sshconn_test

import (
	"bytes"
	"io"
	"testing"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

// BenchmarkDial is a whole connection to OpenSSH's sshd on loopback.
func BenchmarkDial(b *testing.B) {
	server, key := startOpenSSH(b, opensshd.Config{})
	opts := options(b, server.Addr, server.User, server.HostKey(), key)
	for b.Loop() {
		conn, err := sshconn.Dial(b.Context(), opts)
		if err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}

// BenchmarkShell is a shell on a connection that is there, until it prints.
func BenchmarkShell(b *testing.B) {
	server, key := startOpenSSH(b, opensshd.Config{})
	conn := mustDial(b, options(b, server.Addr, server.User, server.HostKey(), key))
	for b.Loop() {
		shell, err := conn.Shell(b.Context(), quietPTY)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := shell.Stdout().Read(make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
		shell.Close()
	}
}

// BenchmarkOutput is what a shell prints, read as fast as it comes.
func BenchmarkOutput(b *testing.B) {
	server, key := startOpenSSH(b, opensshd.Config{})
	conn := mustDial(b, options(b, server.Addr, server.User, server.HostKey(), key))
	const size = 8 << 20
	b.SetBytes(size)
	for b.Loop() {
		shell, err := conn.Shell(b.Context(), quietPTY)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.WriteString(shell.Stdin(), "head -c 8M /dev/zero; exit\n"); err != nil {
			b.Fatal(err)
		}
		var zeros int
		buf := make([]byte, 256<<10)
		for err == nil {
			var n int
			n, err = shell.Stdout().Read(buf)
			zeros += bytes.Count(buf[:n], []byte{0})
		}
		if zeros != size {
			b.Fatalf("%d of %d bytes came", zeros, size)
		}
	}
}
