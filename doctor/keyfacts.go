package doctor

import "time"

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
	RegisteredYes       Registered = "yes"
	RegisteredNo        Registered = "no"
	RegisteredMalformed Registered = "malformed" // it stands there in a form that is no key
)

// PublicKey is what the pod's variable PUBLIC_KEY holds. RunPod puts the account's
// keys there when a pod is created with SSH; its images copy them to
// ~/.ssh/authorized_keys.
type PublicKey string

// What it holds. "" means that RunPod shows no such variable, which proves
// nothing.
const (
	PublicKeyEmpty PublicKey = "empty"
	PublicKeyNull  PublicKey = "null"  // the word null, as some templates leave it
	PublicKeyLacks PublicKey = "lacks" // other keys than those that were offered
	PublicKeyHas   PublicKey = "has"   // one of those that were offered
)

// Agent is what is wrong with the ssh-agent.
type Agent string

// What can be wrong. "" means that nothing is known to be.
const (
	AgentLocked Agent = "locked"
	AgentEmpty  Agent = "empty"
	AgentDead   Agent = "dead" // it cannot be reached, or does not answer
)

// KeyFault is what keeps a key of this machine from being used.
type KeyFault string

// The faults. "" means none.
const (
	KeyModeOpen   KeyFault = "mode"       // others can read the file
	KeyOfAnother  KeyFault = "owner"      // the file is another user's
	KeyPassphrase KeyFault = "passphrase" // the passphrase that was given does not fit
	KeyOtherwise  KeyFault = "other"
)

// BlockedKey is a key of this machine that would most likely be taken, and cannot
// be used.
type BlockedKey struct {
	Fault KeyFault
	Name  string // "~/.ssh/id_ed25519"
	Words string // what is wrong, a sentence without its full stop, next step included
}

// Login is the last login to the present container, and what is known of its keys.
type Login struct {
	Outcome  LoginOutcome
	Age      time.Duration
	User     string // who was logged in as; "" when not known
	Offered  int    // keys that were offered
	Unusable int    // keys that were found and cannot be used
	Blocked  BlockedKey

	Agent      Agent
	AgentWords string // what is wrong with it, a sentence without its full stop
	// Withheld is the setting of ~/.ssh/config that kept a key from being offered
	// which is registered on the account: "IdentitiesOnly yes".
	Withheld string

	Registered Registered
	// RegisteredLater says that, by podbay's records, the offered key was registered
	// after the container had started.
	RegisteredLater bool
	PublicKey       PublicKey
	PasswordOnly    bool   // the server takes passwords and no keys
	Methods         string // with PasswordOnly: what it takes
	MoreWanted      bool   // the server took a key and wants something else besides
	TooMany         bool   // the server ended the connection after too many keys
	// SkippedRegistered says that a key which TooMany left out is registered.
	SkippedRegistered bool
	// WantsPassphrase is the key file that the server takes and that could not be
	// opened for want of its passphrase.
	WantsPassphrase string
	// TypesRefused names keys of kinds that the server does not accept, where those
	// were the only ones to offer: "~/.ssh/id_rsa".
	TypesRefused string
}
