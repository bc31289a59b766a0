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
	Status       string // the API's words: RUNNING, EXITED, ...
	Started      bool   // the API reports a start time
	SinceStart   time.Duration
	Community    bool   // a community host, which may have no public IP
	Exposes22    bool   // 22/tcp is among the configured ports
	DirectAddr   string // host:port of the direct endpoint; "" without one
	HasProxy     bool
	CanStart     bool
	Locked       bool
	Cluster      bool
	Probe        Probe
	Login        Login
	LoginAge     time.Duration
	RefusedKeys  int  // how many keys the refused login offered
	KeyAvailable bool // a usable identity was found on this machine
	KeysLooked   bool // identities were looked for
}

// Probe is what the last probe of the direct endpoint measured.
type Probe struct {
	Outcome string // sshconn's word: banner, refused, timeout, ...; "" when not probed
	Latency time.Duration
	Banner  string
	Got     string // what spoke instead of SSH
	Age     time.Duration
}

// Login is the outcome of the last login to the present container.
type Login string

// The outcomes. "" means that none was tried.
const (
	LoginAccepted Login = "accepted"
	LoginRefused  Login = "refused"
)

// ID identifies a verdict in JSON and in the docs.
type ID string

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
	Word     string // for the SSH column, at most 14 cells: "ready 38 ms"
	Sentence string // one sentence: what is so
	Remedy   string // one sentence: the one action that removes it; "" when nothing is in the way
	Shell    bool   // a connection is worth trying now
}
