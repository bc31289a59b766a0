package manager

import (
	"fmt"
	"strings"
	"time"
)

// HostKeyTrust is why podbay trusts a host key.
type HostKeyTrust string

// The reasons.
const (
	TrustedByLog       HostKeyTrust = "log"         // the pod's log listed it
	TrustedByUser      HostKeyTrust = "user"        // the user accepted it
	TrustedAgainstLog  HostKeyTrust = "against-log" // the user took it although the pod's log listed others
	TrustedByAuthority HostKeyTrust = "authority"   // a certificate of an authority that the user named
)

// HostKey is what podbay remembers of a pod's host key; the zero value when the
// key was never seen.
type HostKey struct {
	Type        string // "ED25519"
	Fingerprint string
	Trust       HostKeyTrust // "" when it is not remembered
	At          time.Time    // when it was first trusted
	// SharedWith names the other pods that have shown the same key: it is part of
	// an image, and proves nothing to who knows the image.
	SharedWith []string
}

// Agreed is what a login agreed on; the zero value when there was none.
type Agreed struct {
	At          time.Time
	Via         RouteKind
	KeyExchange string // "mlkem768x25519-sha256"
	Cipher      string
	MAC         string // "" where the cipher needs none
	HostKeyType string // "ssh-ed25519"
	HostKey     string // fingerprint
}

// LogSays is what a pod's log says of a host key that was shown.
type LogSays string

// The answers. "" means that the log has no whole list, or was not asked.
const (
	LogListsIt     LogSays = "it"
	LogListsOthers LogSays = "others"
)

// HostKeyEvidence is what is known of a host key that podbay cannot decide on.
type HostKeyEvidence struct {
	Log       LogSays
	LogListed []string // fingerprints that the log lists
	LogWhy    string   // why the log lists none: a clause; "" when it does, and for the proxy
	// SharedWith names the other pods that are known by the same key.
	SharedWith []string
	// UserLines are lines of the user's own known_hosts files that have the key for
	// this address, "FILE line N". Addresses are handed on: they accept nothing.
	UserLines []string
	// Randomart is the picture of the key that ssh-keygen -lv draws.
	Randomart []string
}

// HostKeyUnknown is a question: this pod was never seen, is this its key?
type HostKeyUnknown struct {
	Pod         Pod
	Addr        string
	KeyType     string // "ED25519"
	Fingerprint string // SHA256:...
	Evidence    HostKeyEvidence
	// Note is what keeps podbay from being sure that the key was never known: lines
	// of its known_hosts file that cannot be read. "" when nothing does.
	Note string
}

func (e *HostKeyUnknown) Error() string {
	return fmt.Sprintf("%s: the host key of %s is not known yet: %s %s", e.Pod.Name, e.Holder(), e.KeyType, e.Fingerprint)
}

// HostKeyChanged is a stop: the far side shows another key than the known one, or
// than those that the pod's log lists.
type HostKeyChanged struct {
	Pod     Pod
	Addr    string
	KeyType string
	Offered string // fingerprint
	// Known are the known keys, "ED25519 SHA256:..." each. None means that the pod
	// was never seen, and that its log lists other keys than the one it shows: then
	// TrustAgainstLog leads on, else ForgetHostKey.
	Known []string
	// Asks says that this is a question after all: the pod was started since the
	// known key was seen, and nothing contradicts the new one. AcceptHostKey
	// answers it.
	Asks      bool
	Evidence  HostKeyEvidence
	SeenAt    time.Time    // when the known key was accepted; zero when not remembered
	StartedAt time.Time    // when the pod was last started; zero when RunPod does not say
	Started   StartedSince // whether that is since the pod last showed the known key
	File      string       // the known_hosts file
}

// NeverKnown says that no key of the far side is known: what it shows is not what
// the pod's log lists.
func (e *HostKeyChanged) NeverKnown() bool { return len(e.Known) == 0 }

func (e *HostKeyChanged) Error() string {
	if e.NeverKnown() {
		return fmt.Sprintf("%s: %s shows a host key that is not the pod's, and podbay does not connect: it shows %s %s, the pod's log lists %s"+
			"; press enter on the pod in podbay's list to see what it can mean",
			e.Pod.Name, e.Addr, e.KeyType, e.Offered, strings.Join(e.Evidence.LogListed, ", "))
	}
	text := fmt.Sprintf("%s: the host key of %s has changed, and podbay does not connect: it shows %s %s, known in %s is %s",
		e.Pod.Name, e.Holder(), e.KeyType, e.Offered, e.File, strings.Join(e.Known, ", "))
	if !e.SeenAt.IsZero() {
		text += ", accepted on " + e.SeenAt.UTC().Format(minute)
	}
	if !e.StartedAt.IsZero() && e.Pod.Route.Kind == RouteDirect {
		text += "; the pod was last started on " + e.StartedAt.UTC().Format(minute)
	}
	if e.Evidence.Log == LogListsOthers {
		text += "; the pod's log lists other keys than the one that is shown"
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
