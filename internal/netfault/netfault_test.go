package netfault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"podbay/internal/netfault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers every connection with what it hears.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func connect(t *testing.T, link *netfault.Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", link.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("heard %q (%v), want %q", got, err, want)
	}
}

func TestFreezeHoldsAndThawLosesNothing(t *testing.T) {
	link := netfault.Start(t, echo(t))
	link.Delay(time.Millisecond)
	conn := connect(t, link)
	say(t, conn, "a")
	hear(t, conn, "a")

	link.Freeze()
	say(t, conn, "b")
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a frozen link carried %d bytes (%v)", n, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	link.Thaw()
	say(t, conn, "c")
	hear(t, conn, "bc")
}

func TestCutResets(t *testing.T) {
	link := netfault.Start(t, echo(t))
	conn := connect(t, link)
	say(t, conn, "a")
	hear(t, conn, "a")
	link.Cut()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a cut connection still reads")
	}
	again := connect(t, link)
	say(t, again, "b")
	hear(t, again, "b")
	if link.Opened() != 2 {
		t.Errorf("%d connections, want 2", link.Opened())
	}
}

func TestCutAfter(t *testing.T) {
	link := netfault.Start(t, echo(t))
	link.CutAfter(10)
	conn := connect(t, link)
	say(t, conn, strings.Repeat("x", 100))
	got, _ := io.ReadAll(conn)
	if len(got) > 10 {
		t.Errorf("%d bytes came through, want at most 10", len(got))
	}
}

func TestHalfClosePasses(t *testing.T) {
	link := netfault.Start(t, echo(t))
	conn := connect(t, link)
	say(t, conn, "last words")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "last words" {
		t.Errorf("heard %q (%v)", got, err)
	}
}

func TestThrottleDelaysByWhatIsSent(t *testing.T) {
	link := netfault.Start(t, echo(t))
	link.Throttle(64 << 10)
	conn := connect(t, link)
	text := strings.Repeat("x", 8<<10) // an eighth of a second in each direction
	start := time.Now()
	say(t, conn, text)
	hear(t, conn, text)
	if took := time.Since(start); took < 200*time.Millisecond {
		t.Errorf("8 KiB at 64 KiB/s took %v there and back", took)
	}
	link.Throttle(0)
	say(t, conn, "a")
	hear(t, conn, "a")
}

func TestMoveAndLead(t *testing.T) {
	link := netfault.Start(t, echo(t))
	before := connect(t, link)
	say(t, before, "a")
	hear(t, before, "a")
	addr := link.Move(t)
	say(t, before, "b")
	hear(t, before, "b")
	if conn, err := net.Dial("tcp", link.Addr); err == nil {
		conn.Close()
		t.Error("the port before still answers")
	}
	link.Lead("127.0.0.1:1") // nobody
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a connection to nobody reads")
	}
}
