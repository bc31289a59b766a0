package sshconn

import (
	"context"
	"time"
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

// Probe asks whether an SSH server answers at addr ("host:port"): it opens a
// TCP connection, reads the identification string and leaves. It authenticates
// nothing and trusts nothing. The context's deadline bounds it; the context's
// cancellation, as opposed to its deadline, is reported as ProbeTimeout with Err
// set to context.Canceled.
func Probe(ctx context.Context, addr string) ProbeResult { return ProbeResult{Err: errNotBuilt} }
