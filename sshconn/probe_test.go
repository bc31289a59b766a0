package sshconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

// soon is a deadline for what is expected to stay silent.
const soon = 150 * time.Millisecond

func probeFor(t *testing.T, addr string, limit time.Duration) sshconn.ProbeResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return sshconn.Probe(ctx, addr)
}

func refusedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// says is a server that says text and then waits for the client to leave.
func says(t *testing.T, text string) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		io.WriteString(conn, text)
		_, _ = io.Copy(io.Discard, conn)
	})
}

// saysAndLeaves hears the client out before it hangs up, so that the text is
// not lost in a reset.
func saysAndLeaves(t *testing.T, text string) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	})
}

func endless(t *testing.T, line string) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, line); err != nil {
				return
			}
		}
	})
}

func httpAddr(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestProbeOpenSSH(t *testing.T) {
	server, _ := startOpenSSH(t, opensshd.Config{})
	got := probeFor(t, server.Addr, patience)
	if got.Outcome != sshconn.ProbeBanner || !strings.HasPrefix(got.Banner, "SSH-2.0-OpenSSH_") || got.Latency <= 0 || got.Err != nil {
		t.Errorf("got %+v", got)
	}
}

func TestProbe(t *testing.T) {
	for _, test := range []struct {
		name  string
		addr  string
		limit time.Duration
		want  sshconn.ProbeOutcome
		got   string // Banner or Got
	}{
		{"refused", refusedAddr(t), patience, sshconn.ProbeRefused, ""},
		{"not an address", "127.0.0.1:notaport", patience, sshconn.ProbeUnreachable, ""},
		{"silent", says(t, ""), soon, sshconn.ProbeSilent, ""},
		{"half an identification", says(t, "SSH-2.0-half"), soon, sshconn.ProbeSilent, "SSH-2.0-half"},
		{"closes", saysAndLeaves(t, ""), patience, sshconn.ProbeClosed, ""},
		{"busy", saysAndLeaves(t, "Exceeded MaxStartups\r\n"), patience, sshconn.ProbeClosed, "Exceeded MaxStartups"},
		{"HTTP", httpAddr(t), patience, sshconn.ProbeNotSSH, "HTTP/1.1 400 Bad Request"},
		{"SMTP stays", says(t, "220 mail\x1b[31m ready\r\n"), soon, sshconn.ProbeNotSSH, "220 mail ready"},
		{"binary", saysAndLeaves(t, "\x05\x00\x0b\xff\xffmysql"), patience, sshconn.ProbeNotSSH, "mysql"},
		{"SSH 1", saysAndLeaves(t, "SSH-1.5-old\n"), patience, sshconn.ProbeNotSSH, "SSH-1.5-old"},
		{"endless lines", endless(t, "hello\r\n"), patience, sshconn.ProbeNotSSH, "hello"},
		{"endless line", endless(t, "xxxxxxxx"), patience, sshconn.ProbeNotSSH, "xxxxxxxx"},
		{"lines before", says(t, "welcome\r\n\r\nSSH-2.0-x\x07y z\r\n"), patience, sshconn.ProbeBanner, "SSH-2.0-xy z"},
		{"LF alone", says(t, "SSH-1.99-both\n"), patience, sshconn.ProbeBanner, "SSH-1.99-both"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := probeFor(t, test.addr, test.limit)
			if got.Outcome != test.want {
				t.Fatalf("outcome %s (%+v), want %s", got.Outcome, got, test.want)
			}
			text := got.Got
			if test.want == sshconn.ProbeBanner {
				text = got.Banner
			} else if got.Err == nil || got.Latency != 0 {
				t.Errorf("a failure without a cause or with a latency: %+v", got)
			}
			if !strings.Contains(text, test.got) || len(text) > 400 || strings.ContainsAny(text, "\x1b\x07\r\n") {
				t.Errorf("text %q, want %q", text, test.got)
			}
		})
	}
}

// blockingDial stands for a host that swallows the first packet.
func blockingDial(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
}

// unresolvedDial stands for a name server that cannot be asked.
func unresolvedDial(context.Context, string, string) (net.Conn, error) {
	cause := &net.OpError{Op: "read", Net: "udp", Err: os.NewSyscallError("read", syscall.ECONNREFUSED)}
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{UnwrapErr: cause, Err: "connection refused", Name: "name.invalid", IsTimeout: true}}
}

func TestProbeOfANameThatDoesNotResolve(t *testing.T) {
	if got := sshconn.ProbeWith(t.Context(), "name.invalid:22", unresolvedDial); got.Outcome != sshconn.ProbeUnreachable || got.Err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestProbeTimesOutAndIsCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	got := sshconn.ProbeWith(ctx, "192.0.2.1:22", blockingDial)
	if got.Outcome != sshconn.ProbeTimeout || !errors.Is(got.Err, context.DeadlineExceeded) {
		t.Errorf("a host that does not answer gave %+v", got)
	}
	for _, addr := range []string{"192.0.2.1:22", says(t, "")} {
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan sshconn.ProbeResult, 1)
		go func() {
			dial := blockingDial
			if strings.HasPrefix(addr, "127.") {
				dial = new(net.Dialer).DialContext
			}
			results <- sshconn.ProbeWith(ctx, addr, dial)
		}()
		cancel()
		got := within(t, "the probe's end", results)
		if got.Outcome != sshconn.ProbeTimeout || !errors.Is(got.Err, context.Canceled) {
			t.Errorf("a cancelled probe of %s gave %+v", addr, got)
		}
	}
}

func FuzzIdentification(f *testing.F) {
	for _, seed := range []string{
		"", "SSH-2.0-OpenSSH_9.6\r\n", "SSH-1.99-x\n", "SSH-2.0-no end", "hello\nSSH-2.0-x\n", "\r\n\n \nSSH-2.0-\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n", "xSSH-2.0-x\n", strings.Repeat("a", 300) + "\nSSH-2.0-x\n",
		"SSH-2.0-" + strings.Repeat("a", 300) + "\n", strings.Repeat("\n", 1030),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ident, said, settled := sshconn.ScanIdent(text, len(text)+1)
		if ident != "" && (!settled || !strings.HasPrefix(ident, "SSH-") || strings.Contains(ident, "\n")) {
			t.Errorf("identification %q, settled %v", ident, settled)
		}
		if len(ident) > 255 || len(said) > 255 {
			t.Errorf("kept %d and %d bytes", len(ident), len(said))
		}
		ident1, said1, settled1 := sshconn.ScanIdent(text, 1)
		if ident1 != ident || settled1 != settled || said1 != said {
			t.Errorf("byte by byte it reads %q %q %v, at once %q %q %v", ident1, said1, settled1, ident, said, settled)
		}
	})
}
