package manager

import (
	"errors"
	"time"

	"podbay/state"
)

// LocalKey is a key of this machine, as the key screens show it. Every text is
// cleaned.
type LocalKey struct {
	Name        string // "~/.ssh/id_ed25519", or an agent key's comment
	Path        string // of the private key; "" for a key that only the agent has
	Source      string // "file" or "agent"
	Type        string // "ED25519"
	Fingerprint string // SHA256; "" when it cannot be known without the passphrase
	Comment     string
	Encrypted   bool
	Mode        string // "0600"; "" for an agent key
	Line        string // the public line to register: "type blob comment"; "" when it cannot be known
	Registered  bool   // on the account
	// Problem is what is wrong with it, with the next step; "" when it can be used.
	Problem string
	// Flaw is what is wrong with its files and is not in the way of using it: no
	// .pub file, or one of another key.
	Flaw string
	// Mend is what podbay would do about Problem, or else Flaw, when told to, in
	// words: "set the mode of ~/.ssh/id_ed25519 to 0600"; "" when it can do nothing.
	Mend string
	// Unseen says of a key that was just made that later runs look at it only when
	// identity_file, or ~/.ssh/config, names it.
	Unseen bool
}

// RegisteredKey is one entry of the account's registered keys.
type RegisteredKey struct {
	Line        string // as registered, cleaned and bounded for drawing
	Type        string // "" when it is no key
	Fingerprint string // SHA256; "" when it is no key
	Comment     string
	Local       string // the name of the local key that it is; "" when it is none
	Valid       bool
	// Finding is what is wrong with it, or on a valid entry what is good to know: a
	// weak key, the same one twice. Mended is what it would become; "" on a valid
	// entry and on one that is beyond mending.
	Finding string
	Mended  string
	// Mendable says that PlanFix would change the entry: mend it, or take it away
	// where it does nothing.
	Mendable bool
	// Blocks says that RunPod refuses every later write while this entry stays.
	Blocks bool
}

// KeyReport is what there is, on this machine and on the account.
type KeyReport struct {
	Local []LocalKey // the best first; those that cannot be used last
	// Registered is what the account has, in its order. RegisteredErr is why that
	// is not known.
	Registered    []RegisteredKey
	RegisteredErr error
	Notes         []string // what ~/.ssh/config narrowed, why the agent was not asked
	// Lost are keys that podbay registered from this machine and that are gone
	// from the account without podbay: another machine may have written over them.
	Lost []RegisteredKey
	// NewPath is where CreateKey would put a new key: ~/.ssh/id_ed25519, or the
	// next free name.
	NewPath string
}

// NewKey says which key to create.
type NewKey struct {
	Path       string // "": KeyReport.NewPath; an existing file is never overwritten
	Comment    string // "": user@host
	Passphrase []byte // empty: none
}

// DiffOp is what a KeyPlan does to one entry.
type DiffOp string

// The operations.
const (
	DiffKeep   DiffOp = " " // stays as it is, byte for byte
	DiffAdd    DiffOp = "+"
	DiffRemove DiffOp = "-"
	// DiffAway is a key of a backup that was removed since and stays away; it is
	// not part of the change.
	DiffAway DiffOp = "!"
)

// DiffLine is one line of the change that a person is shown.
type DiffLine struct {
	Op     DiffOp
	Line   string // cleaned and bounded for drawing
	Reason string // why it is added or removed; "" for a kept line
}

// KeyPlan is a change of the account's registered keys that was worked out and
// not yet made. Its zero value changes nothing.
type KeyPlan struct {
	Diff []DiffLine
	// Warnings are what a person should know before agreeing: a private key was
	// registered and must be considered leaked, a weak key stays.
	Warnings []string

	base []string // what the account had, as registered
	want []string // what it shall have

	account state.Account // whose it is, as far as that is known
}

// Changes reports whether the plan would write at all.
func (p KeyPlan) Changes() bool {
	for _, line := range p.Diff {
		if line.Op == DiffAdd || line.Op == DiffRemove {
			return true
		}
	}
	return false
}

// KeyOutcome is what ApplyKeys did.
type KeyOutcome struct {
	Backup  string // the file that holds the set as it was before; "" when nothing was written
	Added   int
	Removed int
	// Rounds is how often it was written until what was read back agreed: more
	// than one when another writer came between.
	Rounds int
	// Warnings are what a person should look at: keys of others that vanished
	// meanwhile.
	Warnings []string
}

// RestoreRequest says what to put back.
type RestoreRequest struct {
	Path string // of the backup; "": the newest of this account
	// Removed also puts back keys that are known to have been removed since the
	// backup: DiffAway without it.
	Removed bool
}

// KeyCheck is what is known of a text that should be one or more public keys. It
// holds nothing of the text but public keys and their cleaned comments.
type KeyCheck struct {
	Valid    bool // can be registered as it is
	Findings []KeyFinding
	Keys     []string // in the text: "ED25519 SHA256:... comment"
	Mended   []string // the lines to register in its place; empty when nothing can be used
	Leaked   bool     // it holds a private key
}

// KeyFinding is one thing that was noticed about a text.
type KeyFinding struct {
	ID       string // stable, for programs: "type-missing"
	Sentence string
	Remedy   string // what to do next; "" when nothing needs to be done
	Fine     bool   // nothing has to be mended: it is good to know
}

// Backup is a kept set of registered keys.
type Backup struct {
	Path string
	At   time.Time
	Keys int
	// OtherKey says that it was made with another API key: maybe of another
	// account.
	OtherKey bool
}

// Proof is whether one running pod takes a key.
type Proof struct {
	Pod   Pod
	Route Route // by which it was tried
	Takes bool
	// Question is set when it could not be tried without an answer:
	// *HostKeyUnknown, *HostKeyChanged or *PassphraseWanted, as Connect returns
	// them.
	Question error
	// Notice is what must be said of the pod's host key: that it was taken without a
	// question, and why. "" when there is nothing to say.
	Notice string
	// Sentence is why not, as far as it can be known; Ways are the ways out that
	// podbay can go for this pod.
	Sentence string
	Ways     []WayOut
	// Err is set when nothing could be tried at all, on the only Proof there is
	// then: it has no Pod, and Sentence words it.
	Err error
}

// WayOut is one way to get a key into a pod that does not take it.
type WayOut string

// The ways.
const (
	// WayProxyShell adds the key through a shell of RunPod's proxy.
	WayProxyShell WayOut = "proxy-shell"
	// WayRecreate sets the pod's PUBLIC_KEY, which recreates the container.
	WayRecreate WayOut = "recreate"
	// WayWebTerminal copies the command for the pod's web terminal.
	WayWebTerminal WayOut = "web-terminal"
)

// The failures of key work that a face decides on.
var (
	// ErrKeysBusy says that another podbay on this machine is changing the keys.
	ErrKeysBusy = errors.New("another podbay is changing the registered keys")
	// ErrKeysUnsettled says that the account's keys changed at each attempt to
	// write them.
	ErrKeysUnsettled = errors.New("the registered keys keep changing")
)
