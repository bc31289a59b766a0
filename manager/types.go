package manager

import (
	"time"

	"podbay/doctor"
)

// RouteKind is a way to reach a pod.
type RouteKind string

// The ways.
const (
	RouteDirect RouteKind = "direct" // the pod's own sshd over its public IP
	RouteProxy  RouteKind = "proxy"  // RunPod's basic SSH: an interactive shell and nothing else
	RouteNone   RouteKind = "none"
)

// Route is how a connection to a pod would be made now.
type Route struct {
	Kind    RouteKind
	Addr    string // host:port
	User    string
	Command string // the equivalent ssh command line, for the user to copy; "" without a route
	Reason  string // why not direct, or why none: one sentence; "" for direct
}

// Pod is one row of the list: what RunPod reports, what was measured, and the
// verdict of both. Every text is cleaned and safe to draw.
type Pod struct {
	ID            string
	Name          string
	Status        string // RunPod's word: RUNNING, EXITED, ...
	GPU           string // "2× RTX 4090", "8 vCPU"
	Image         string
	DataCenter    string
	Community     bool
	PublicIP      string // "" when there is none
	Exposes22     bool   // 22/tcp is configured
	PublicPort    int    // the public port of 22/tcp; 0 when there is none yet
	Route         Route
	HasProxy      bool      // RunPod's proxy leads to the pod, whatever Route is
	ProxyCommand  string    // the ssh command for that; "" when there is none
	CostPerHour   float64   // USD
	StartedAt     time.Time // zero when not running
	Volume        string    // what outlives a stop: "20 GB at /workspace"; "" when nothing does
	DiskGB        int       // container disk, lost at a stop
	Locked        bool
	Cluster       string // cluster ID; "" for a standalone pod
	CanStart      bool
	CanStop       bool
	Probed        time.Time     // when SSH was last measured; zero when not yet
	Latency       time.Duration // to the SSH banner, when it was last measured; 0 without one
	ServerVersion string        // the SSH banner that the last probe saw
	HostKey       HostKey       // of the pod's own sshd, as far as podbay knows it
	Agreed        Agreed        // what the last login in this run agreed on
	Verdict       doctor.Verdict
	Also          []doctor.Verdict // what else is in the way, or limits it, in that order
	Kept          Kept             // a shell that was left running on it
}

// Command is the ssh command that leads to the pod by way of via, or of Route when via
// is ""; "" when there is none.
func (p Pod) Command(via RouteKind) string {
	if via == RouteProxy {
		return p.ProxyCommand
	}
	return p.Route.Command
}

// Kept is a shell that was left running on a pod. It is zero when none is known.
type Kept struct {
	Since time.Time // when it was left
	Line  KeptLine
}

// KeptLine is how far away a shell that was left running is.
type KeptLine string

// The ways back to it.
const (
	KeptConnected KeptLine = "connected" // the connection stands
	KeptLineLost  KeptLine = "line lost" // by a new connection: the one that was kept is lost
	KeptLeft      KeptLine = "left"      // by a new connection: it was left earlier and may have ended
)

// Listing is the account's pods at one moment.
type Listing struct {
	// Pods is in RunPod's order. It must not be changed: where no row is another than in
	// the listing before, it is the very same slice. A measurement that found the same and
	// that Probe has sent makes no row another.
	Pods []Pod
	At   time.Time // when RunPod answered
}

// ConnectRequest asks for a shell on a pod. A question that Connect returns as
// an error is answered by asking again with the answer filled in.
type ConnectRequest struct {
	PodID string
	// Via asks for one way; "" takes direct where there is one, else the proxy.
	Via RouteKind
	// AcceptHostKey is the fingerprint that the user accepted, of a HostKeyUnknown
	// or of a HostKeyChanged that Asks.
	AcceptHostKey string
	// Keep is the answer to a KeepWanted; it is remembered for the pod.
	Keep KeepAnswer
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
	// Progress, if not nil, is told what is being done, in words that can be
	// drawn: "connecting to 1.2.3.4:22001". It must not block.
	Progress func(step string)
}

// Ended is how a session ended, for the list to show.
type Ended struct {
	PodID    string
	PodName  string
	Status   int            // exit status as a shell would have it
	Clean    bool           // the shell ended with status 0, or the user left it with ~. or ~d
	Detached bool           // the shell goes on, and the connection stands
	Left     bool           // the shell goes on without a connection, as far as is known
	Lost     bool           // the connection was lost
	Verdict  doctor.Verdict // what was wrong with the session; its ID is "" when nothing was
	Sentence string         // "my-pod: shell ended with exit status 3", "my-pod: connection lost after 4 m: ..."
	// News is what ended the wait for a new line after a loss: a host key among others,
	// as Connect returns it. nil for nothing.
	News error
}

// PassphraseWanted is a question: the pod takes this key, but its file is
// encrypted.
type PassphraseWanted struct {
	Pod         Pod
	Path        string
	Name        string // the path with ~ for the home directory
	Fingerprint string
	Wrong       bool // the passphrase that was given did not fit
}

func (e *PassphraseWanted) Error() string {
	if e.Wrong {
		return e.Name + ": the passphrase does not fit"
	}
	return e.Name + " is encrypted: its passphrase is needed"
}

// Failure is a connection that could not be made: the verdict, and what was seen.
type Failure struct {
	Pod      Pod
	Verdict  doctor.Verdict
	Also     []doctor.Verdict // what else is in the way, or limits it, in that order
	Evidence []Evidence
	Err      error
}

func (e *Failure) Error() string {
	if e.Verdict.Remedy == "" {
		return e.Pod.Name + ": " + e.Verdict.Sentence
	}
	return e.Pod.Name + ": " + e.Verdict.Sentence + " " + e.Verdict.Remedy
}

// Unwrap gives the cause.
func (e *Failure) Unwrap() error { return e.Err }
