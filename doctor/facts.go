package doctor

import "time"

// Facts is what is known of one pod. The zero value of a field means that it is
// not known. Every text is cleaned.
type Facts struct {
	Account Account

	Status      string // the API's words: RUNNING, EXITED, ...
	Started     bool   // the API reports a start time, SinceStart ago
	SinceStart  time.Duration
	Community   bool   // a community host, which may have no public IP
	Exposes22   bool   // 22/tcp is among the configured ports
	DirectAddr  string // host:port of the direct endpoint; "" without one
	HasProxy    bool
	CanStart    bool
	Cluster     bool // a cluster member, which the pod calls cannot change
	Locked      bool // cannot be stopped, reset or changed
	StartCost   float64
	DiskGB      int    // of the container disk, which a new container loses
	Volume      string // what a new container keeps: "20 GB volume at /workspace"
	StartFailed string // RunPod's words for why the last start failed
	NoFreeGPU   bool   // StartFailed says that the host has no GPU free
	// PortOfEarlier says that DirectAddr is the one that an earlier container of the
	// pod had, by podbay's records.
	PortOfEarlier bool
	// SystemLog is what RunPod's log of the pod last said, SystemLogAge ago.
	SystemLog    string
	SystemLogAge time.Duration

	Probe   Probe
	HostKey HostKey
	Login   Login
	Session Session
	Attempt Attempt
}

// Call is how a call to RunPod's API went.
type Call string

// The ways. "" means that it was not made.
const (
	CallOK          Call = "ok"
	CallNoKey       Call = "no-key"    // there is no API key to make it with
	CallRejected    Call = "rejected"  // the API key is not accepted
	CallForbidden   Call = "forbidden" // the API key lacks the scope
	CallLimited     Call = "limited"   // too many requests
	CallFailing     Call = "failing"   // RunPod answers that it cannot
	CallMalformed   Call = "malformed" // what answers is not the API
	CallNameUnknown Call = "dns"       // its name cannot be looked up
	CallUnreachable Call = "unreachable"
	CallProxy       Call = "proxy" // the proxy that HTTPS_PROXY names cannot be used
	CallTLS         Call = "tls"   // its certificate cannot be verified
	CallClock       Call = "clock" // its certificate is not valid yet by this machine's clock
)

// Account is how the account's calls went.
type Account struct {
	Pods       Call   // the call for the pods
	SSHKeys    Call   // the call for the registered SSH keys
	Words      string // what the pods call failed with, a sentence without its full stop
	RetryAfter time.Duration
}

// Outcome is what a port was seen to do, by a probe or while dialing.
type Outcome string

// The outcomes. "" means that nothing was measured.
const (
	PortBanner      Outcome = "banner"      // an SSH server answers
	PortRefused     Outcome = "refused"     // the host answers that nobody listens
	PortTimeout     Outcome = "timeout"     // no answer
	PortUnreachable Outcome = "unreachable" // no way to the host
	PortSilent      Outcome = "silent"      // open, and nothing is said
	PortClosed      Outcome = "closed"      // open, and closed before a banner
	PortNotSSH      Outcome = "not-ssh"     // something else speaks
)

// Probe is what was last measured of the direct endpoint.
type Probe struct {
	Outcome Outcome
	Latency time.Duration
	Server  string // the SSH server's identification
	Got     string // the first words of what is not SSH
}

// Trust is what became of the host key at the last connection to the present
// container.
type Trust string

// The answers. "" means that no connection got so far.
const (
	TrustKnown        Trust = "known"
	TrustVerified     Trust = "verified"     // the pod's log shows it
	TrustUnknown      Trust = "unknown"      // first sight, and no log to compare
	TrustContradicted Trust = "contradicted" // first sight, and the pod's log shows other keys
	TrustChanged      Trust = "changed"      // another key is known
	TrustRevoked      Trust = "revoked"      // marked @revoked
)

// Answer is yes, no, or "" for not known.
type Answer string

// The answers.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// HostKey is what is known of the host key.
type HostKey struct {
	Trust Trust
	// Restarted tells whether a new container started since the known key was
	// accepted: new containers have new keys.
	Restarted Answer
	Logged    Answer // whether the pod's log shows the key
	Where     string // with TrustRevoked: the file and line
}

// Attempt is what one failed attempt to connect saw. The zero value is none.
type Attempt struct {
	Proxy bool // it went by RunPod's proxy
	// NoDirect says that it did so for want of a direct endpoint.
	NoDirect bool
	Addr     string // host:port that was dialed; "" when it never came to that
	Cause    string // the error; never "" in an attempt
	// Unsupported is what ~/.ssh/config asks for this host and podbay does not do,
	// in ssh_config's words: "ProxyJump bastion".
	Unsupported string
	Asked       string // the one way that was asked for and does not exist: "proxy"
	NoAgreement bool   // client and server have no algorithm in common
	Probe       Probe  // what the attempt saw the port do; zero when it got further
	HostKey     HostKey
	Login       Login // how its login ended; zero when it never came to that
}

// After is what is known once an attempt has failed.
func (f Facts) After(a Attempt) Facts {
	f.Attempt, f.Login, f.HostKey = a, a.Login, a.HostKey
	if a.Cause == "" {
		f.Attempt.Cause = "no reason was given"
	}
	switch {
	case a.Proxy:
		f.DirectAddr, f.Probe = "", Probe{} // they had no part in it
	case a.Probe.Outcome != "":
		f.Probe = a.Probe
	case a.Addr != "":
		f.Probe.Outcome = PortBanner
	}
	return f
}

func (a Attempt) made() bool { return a.Cause != "" }

// SessionEnd is how a session ended.
type SessionEnd string

// The ends. "" means that there was none, or that nothing was wrong with it.
const (
	EndExit      SessionEnd = "exit"       // the shell ended
	EndDropped   SessionEnd = "dropped"    // the connection was lost
	EndNoPTY     SessionEnd = "no-pty"     // the server refused a terminal
	EndNoShell   SessionEnd = "no-shell"   // the server refused a shell
	EndLateShell SessionEnd = "late-shell" // no shell came in time
)

// Session is how the last session in the present container ended.
type Session struct {
	End    SessionEnd
	Proxy  bool // it went by RunPod's proxy
	Lasted time.Duration
	Typed  bool   // somebody typed into it
	Status int    // the shell's exit status
	Signal string // the signal that ended it, without SIG
	Cause  string // who ended the connection, and why
	Said   string // the last line that it printed, when it ended at once
	Full   bool   // it said that a disk is full
}

func (f *Facts) hasRoute() bool { return f.DirectAddr != "" || f.HasProxy }
func (f *Facts) running() bool  { return f.Status == "RUNNING" }

// fresh says that the container started so lately that what it lacks may come.
func (f *Facts) fresh() bool { return f.Started && f.SinceStart < settling }

// settling is how long after a start a silent port is put down to the start:
// sshd can take 90 s or more to answer (RunPod's docs; image pulls take minutes,
// but RUNNING is reported only after the pull).
const settling = 3 * time.Minute
