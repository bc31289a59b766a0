package sshconn_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

// TestAPanicEndsTheConnectionAlone holds that a defect in any goroutine of the
// package ends the connection, with the cause in Err, and leaves nobody waiting.
func TestAPanicEndsTheConnectionAlone(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	for _, place := range []string{"requests", "channels", "end", "finish", "ask", "open", "late", "watch"} {
		t.Run(place, func(t *testing.T) {
			opts := sshconn.WithHook(options(t, server.Addr, server.User, server.HostKey(), key), func(at string) {
				if at == place {
					panic("a defect")
				}
			})
			conn := mustDial(t, opts)
			exits := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithCancel(t.Context())
				if place == "late" {
					cancel()
				}
				defer cancel()
				shell, err := conn.Shell(ctx, sshconn.PTY{Term: "xterm", Size: sshconn.WindowSize{Cols: 80, Rows: 24}})
				if err == nil {
					go io.Copy(io.Discard, shell.Stderr())
					go io.Copy(io.Discard, shell.Stdout())
					_, err = shell.Wait()
				}
				exits <- err
			}()
			if place == "ask" {
				go conn.KeepAlive(t.Context(), time.Millisecond, patience)
			}
			within(t, "the connection's end", conn.Done())
			if err := within(t, "the shell's end", exits); err == nil {
				t.Error("the shell ended well")
			}
			conn.Close()
			var defect *sshconn.PanicError
			if !errors.As(conn.Err(), &defect) || defect.Value != "a defect" || len(defect.Stack) == 0 {
				t.Errorf("the cause is %v", conn.Err())
			}
		})
	}
}
