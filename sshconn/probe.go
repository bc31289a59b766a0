package sshconn

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"podbay/cleantext"
)

// ProbeOutcome is what a port was seen to do.
type ProbeOutcome string

// The outcomes of a probe.
const (
	ProbeBanner      ProbeOutcome = "banner"      // an SSH identification string arrived
	ProbeRefused     ProbeOutcome = "refused"     // the host answered that nobody listens
	ProbeTimeout     ProbeOutcome = "timeout"     // no TCP answer in time
	ProbeUnreachable ProbeOutcome = "unreachable" // no route, or the name does not resolve
	ProbeSilent      ProbeOutcome = "silent"      // TCP is open, nothing was said in time
	ProbeClosed      ProbeOutcome = "closed"      // TCP was open and closed before a banner
	ProbeNotSSH      ProbeOutcome = "not-ssh"     // something else speaks: see Got
)

// ProbeResult is what one probe measured.
type ProbeResult struct {
	Outcome ProbeOutcome
	Banner  string        // identification string, cleaned: "SSH-2.0-OpenSSH_9.6"
	Got     string        // the first line of what spoke instead, cleaned and bounded
	Latency time.Duration // from the start of TCP to the banner; 0 without one
	Err     error         // cause of a failure, for logs
}

// probeIdent is what a probe calls itself. It is sent because servers of other
// protocols wait for the client's first word, and because an sshd that was told
// no version logs the probe as an error.
const probeIdent = "SSH-2.0-podbay_probe\r\n"

// gotCells bounds what is kept of a line that is not SSH.
const gotCells = 120

// Probe asks whether an SSH server answers at addr ("host:port"): it opens a
// TCP connection, reads the identification string and leaves. It authenticates
// nothing and trusts nothing. The context's deadline bounds it; the context's
// cancellation, as opposed to its deadline, is reported as ProbeTimeout with Err
// set to context.Canceled.
func Probe(ctx context.Context, addr string) ProbeResult {
	return probe(ctx, addr, new(net.Dialer).DialContext)
}

func probe(ctx context.Context, addr string, dial dialFunc) ProbeResult {
	start := time.Now()
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return ProbeResult{Outcome: probeDialOutcome(ctx, err), Err: probeCause(ctx, err)}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, shut(conn))
	defer stop()

	_, _ = io.WriteString(conn, probeIdent) // a server that has hung up may still have said something
	var scan identScanner
	for buf := make([]byte, 1024); ; {
		n, err := conn.Read(buf)
		if scan.feed(buf[:n]) {
			break
		}
		if err != nil {
			return probeReadResult(ctx, &scan, err)
		}
	}
	if scan.ident == "" {
		return ProbeResult{Outcome: ProbeNotSSH, Got: cleantext.Line(scan.said(), gotCells), Err: ErrNotSSH}
	}
	return ProbeResult{
		Outcome: ProbeBanner,
		Banner:  cleantext.Line(scan.ident, maxIdentLine),
		Latency: time.Since(start),
	}
}

// probeReadResult judges a connection that ended before an identification.
func probeReadResult(ctx context.Context, scan *identScanner, err error) ProbeResult {
	got := cleantext.Line(scan.said(), gotCells)
	result := ProbeResult{Got: got, Err: probeCause(ctx, err)}
	switch {
	case errors.Is(result.Err, context.Canceled):
		return ProbeResult{Outcome: ProbeTimeout, Err: result.Err}
	case isBusy(scan.said()):
		result.Outcome = ProbeClosed
	case scan.bytes > 0 && !isIdent(scan.said()):
		result.Outcome = ProbeNotSSH
	case ctx.Err() != nil:
		result.Outcome = ProbeSilent
	default:
		result.Outcome = ProbeClosed
	}
	return result
}

func probeDialOutcome(ctx context.Context, err error) ProbeOutcome {
	if ctx.Err() != nil {
		return ProbeTimeout
	}
	switch dialKind(err) {
	case ErrRefused:
		return ProbeRefused
	case ErrTimeout:
		return ProbeTimeout
	}
	return ProbeUnreachable
}

// probeCause names the context's end where that is what broke the connection.
func probeCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
