package pod

import (
	"errors"
	"time"
)

// Greeting is what a port says first.
type Greeting int

// The greetings.
const (
	GreetSSH    Greeting = iota // an SSH identification string, as it should
	GreetSilent                 // nothing: the connection opens and stays mute
	GreetHTTP                   // a web server's answer
)

// Behaviour is how a pod's server deviates from a sound one. The zero value is
// a sound server. That a host key changes is not a behaviour: a server started
// without Config.HostKeys has new ones, as a fresh container does.
type Behaviour struct {
	Greeting     Greeting
	BannerDelay  time.Duration // waits before the greeting
	AuthDelay    time.Duration // waits before it answers the first authentication request
	PasswordOnly bool          // offers password logins alone and takes no password
	RefuseKeys   bool          // offers key logins and takes no key
	// KeyAlgorithms are the signature algorithms that it takes of keys, and says so
	// (server-sig-algs, RFC 8308); nil means every safe one.
	KeyAlgorithms []string
	RefusePTY     bool // refuses pty-req
	HoldShell     bool // takes the request for a shell or command and never answers it
	ExitAtOnce    bool // accepts a shell or command and ends it with status 1
	// DropAfter resets a connection once it has carried so many bytes of shell
	// output; 0 means never.
	DropAfter int64
	// DeadAfter lets a connection go dead once it has carried so many bytes of
	// shell output: nothing is read or written any more, and no FIN is sent. 0
	// means never. See also [Server.GoDead].
	DeadAfter int64
}

func (b Behaviour) check() error {
	if b.DropAfter > 0 && b.DeadAfter > 0 {
		return errors.New("a connection cannot both drop and go dead: set DropAfter or DeadAfter, not both")
	}
	if b.PasswordOnly && b.RefuseKeys {
		return errors.New("a server that takes passwords only has no keys to refuse: set PasswordOnly or RefuseKeys, not both")
	}
	return nil
}
