// Package doctor says what stands between the user and a shell. It is pure:
// Facts in, Verdict out; no I/O, no clock, and it imports nothing of podbay.
//
// A Verdict never names a cause that the facts do not prove. Where several
// things are in the way, the one that must be removed first is named.
package doctor

import "time"

// Facts is what is known of one pod. The zero value of a field means that it is
// not known.
type Facts struct {
	Status     string // the API's words: RUNNING, EXITED, ...
	Started    bool   // the API reports a start time, SinceStart ago
	SinceStart time.Duration
	Community  bool   // a community host, which may have no public IP
	Exposes22  bool   // 22/tcp is among the configured ports
	DirectAddr string // host:port of the direct endpoint; "" without one
	HasProxy   bool
	CanStart   bool
	// HostKeyChanged says that the last connection was stopped at another host key
	// than the known one.
	HostKeyChanged bool
	Cluster        bool // a cluster member, which the pod calls cannot change
	Probe          Probe
	Login          Login
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
	Got     string // the first words of what is not SSH, cleaned
}

// LoginOutcome is how the last login to the present container ended.
type LoginOutcome string

// The outcomes. "" means that none was tried.
const (
	LoginAccepted LoginOutcome = "accepted"
	LoginRefused  LoginOutcome = "refused"
	LoginNoKey    LoginOutcome = "no-key" // there was no key to offer
)

// Registered tells whether one of the offered keys is registered on the account.
type Registered string

// What is known. "" means that the account was not asked.
const (
	RegisteredYes Registered = "yes"
	RegisteredNo  Registered = "no"
)

// Login is the last login to the present container.
type Login struct {
	Outcome  LoginOutcome
	Age      time.Duration
	Offered  int // keys that were offered
	Unusable int // keys that were found and cannot be used
	// Blocked is what is wrong with a key that was found and would most likely have
	// been taken, in a sentence without its full stop, next step included.
	Blocked      string
	Registered   Registered
	PasswordOnly bool // the server takes passwords and no keys
	MoreWanted   bool // the server took a key and wants something else besides
	TooMany      bool // the server ended the connection after too many keys
}

// ID identifies a verdict in JSON and in the docs.
type ID string

// The verdicts.
const (
	Ready          ID = "ready"
	Checking       ID = "checking"
	ProxyNoPort    ID = "proxy-only-not-exposed"
	ProxyNoIP      ID = "proxy-only-no-public-port"
	PortPending    ID = "public-port-pending"
	NoRoute        ID = "no-route"
	SSHDStarting   ID = "sshd-starting"
	NoSSHD         ID = "no-sshd"
	NoAnswer       ID = "no-answer"
	Unreachable    ID = "unreachable"
	Silent         ID = "silent"
	ClosesAtOnce   ID = "closes-at-once"
	NotSSH         ID = "not-ssh"
	NoLocalKey     ID = "no-local-key"
	KeysUnusable   ID = "keys-unusable"
	KeyUnknown     ID = "key-not-registered"
	KeyRefused     ID = "key-refused"
	PasswordOnly   ID = "password-only"
	TooManyKeys    ID = "too-many-keys"
	MoreWanted     ID = "more-than-a-key"
	HostKeyRevoked ID = "host-key-revoked"
	HostKeyChanged ID = "host-key-changed"
	SSHConfig      ID = "ssh-config-unsupported"
	ProxyFailed    ID = "proxy-failed"
	ConnectFailed  ID = "connect-failed"
	Provisioning   ID = "provisioning"
	Starting       ID = "starting"
	Stopped        ID = "stopped"
	Failed         ID = "error"
	Terminated     ID = "terminated"
	StatusNotKnown ID = "unknown-status"
)

// Tone is how a verdict is drawn beside its words.
type Tone string

// The tones.
const (
	ToneGood Tone = "good" // a shell can be had
	ToneWait Tone = "wait" // it will come by itself
	ToneWarn Tone = "warn" // a shell can be had, with a limit
	ToneBad  Tone = "bad"  // something must be done
	ToneIdle Tone = "idle" // off
)

// Verdict is what stands between the user and a shell.
type Verdict struct {
	ID       ID
	Tone     Tone
	Word     string // for the SSH column, at most 16 cells: "ready 38 ms"
	Sentence string // what is so
	Remedy   string // the one action that removes it; "" when nothing is in the way
	Shell    bool   // a connection is worth trying now
}
