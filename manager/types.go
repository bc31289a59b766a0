package manager

import (
	"fmt"
	"strings"
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
	Verdict       doctor.Verdict
	Also          []doctor.Verdict // what else is in the way, or limits it, in that order
	Kept          Kept             // a shell that was left running on it
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
	Pods []Pod
	At   time.Time // when RunPod answered
}

// ConnectRequest asks for a shell on a pod. A question that Connect returns as
// an error is answered by asking again with the answer filled in.
type ConnectRequest struct {
	PodID string
	// Via asks for one way; "" takes direct where there is one, else the proxy.
	Via RouteKind
	// AcceptHostKey is the fingerprint in a HostKeyUnknown that the user accepted.
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
}

// HostKeyUnknown is a question: this pod was never seen, is this its key?
type HostKeyUnknown struct {
	Pod         Pod
	Addr        string
	KeyType     string // "ED25519"
	Fingerprint string // SHA256:...
	// Note is what keeps podbay from being sure that the key was never known: lines
	// of its known_hosts file that cannot be read. "" when nothing does.
	Note string
}

func (e *HostKeyUnknown) Error() string {
	return fmt.Sprintf("%s: the host key of %s is not known yet: %s %s", e.Pod.Name, e.Holder(), e.KeyType, e.Fingerprint)
}

// HostKeyChanged is a stop: the far side shows another key than the known one.
type HostKeyChanged struct {
	Pod       Pod
	Addr      string
	KeyType   string
	Offered   string       // fingerprint
	Known     []string     // "ED25519 SHA256:..." of each known key
	SeenAt    time.Time    // when the known key was accepted; zero when not remembered
	StartedAt time.Time    // when the pod was last started; zero when RunPod does not say
	Started   StartedSince // whether that is since the known key was accepted
	File      string       // the known_hosts file
}

func (e *HostKeyChanged) Error() string {
	text := fmt.Sprintf("%s: the host key of %s has changed, and podbay does not connect: it shows %s %s, known in %s is %s",
		e.Pod.Name, e.Holder(), e.KeyType, e.Offered, e.File, strings.Join(e.Known, ", "))
	if !e.SeenAt.IsZero() {
		text += ", accepted on " + e.SeenAt.UTC().Format(minute)
	}
	if !e.StartedAt.IsZero() && e.Pod.Route.Kind == RouteDirect {
		text += "; the pod was last started on " + e.StartedAt.UTC().Format(minute)
	}
	return text + "; press enter on the pod in podbay's list to see what it can mean and to forget the known key"
}

// minute is how a moment is written in a sentence.
const minute = "2006-01-02 15:04 MST"

// Holder is whose host key it is: "the pod" or "RunPod's proxy", which has one
// for all pods.
func (e *HostKeyChanged) Holder() string { return holder(e.Pod) }

// Holder is whose host key it is: "the pod" or "RunPod's proxy", which has one
// for all pods.
func (e *HostKeyUnknown) Holder() string { return holder(e.Pod) }

func holder(p Pod) string {
	if p.Route.Kind == RouteProxy {
		return "RunPod's proxy"
	}
	return "the pod"
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
