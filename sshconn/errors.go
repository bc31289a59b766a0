package sshconn

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of ConnectError; ask with errors.Is.
var (
	ErrRefused     = errors.New("connection refused")
	ErrTimeout     = errors.New("no answer in time") // of TCP
	ErrSilent      = errors.New("nothing was said in time")
	ErrStalled     = errors.New("the login did not end in time")
	ErrUnreachable = errors.New("host unreachable")       // no route, or the name does not resolve
	ErrClosed      = errors.New("connection closed")      // by the far side
	ErrNotSSH      = errors.New("not an SSH server")      // something else answered
	ErrNoAgreement = errors.New("no common algorithm")    // key exchange, cipher, MAC or host-key type
	ErrHandshake   = errors.New("handshake failed")       // anything else in the handshake
	ErrDeadPeer    = errors.New("the far side is silent") // keepalive without an answer
	ErrNoPTY       = errors.New("the server refused a terminal")
	ErrNoShell     = errors.New("the server refused a shell")
)

// ConnectError is a connection that never got as far as the end of
// authentication, for a reason other than a host key or a refused login.
type ConnectError struct {
	Addr string
	Kind error  // one of the Err values above
	Got  string // what the server said instead of SSH or while it hung up, cleaned
	Err  error  // cause
}

func (e *ConnectError) Error() string {
	said := ""
	if e.Got != "" {
		said = fmt.Sprintf(" (it says %q)", e.Got)
	}
	switch e.Kind {
	case ErrRefused:
		return e.Addr + " refused the connection: nothing listens on that port; check the port, or wait until the server is up"
	case ErrTimeout:
		return e.Addr + " did not answer in time: check the address and the network, or try again"
	case ErrSilent:
		return e.Addr + " took the connection and said nothing in time: look at what runs on that port, or try again"
	case ErrStalled:
		return e.Addr + " stopped answering before the login was done: try again in a moment"
	case ErrUnreachable:
		return e.Addr + " cannot be reached: check the address and the network" + because(e.Err)
	case ErrClosed:
		return e.Addr + " closed the connection before the login was done" + said + ": try again in a moment"
	case ErrNotSSH:
		return e.Addr + " is not an SSH server" + said + ": check the port"
	case ErrNoAgreement:
		return e.Addr + " offers no algorithm that podbay uses too; look at its sshd_config, or update its SSH server" + because(e.Err)
	}
	return e.Addr + ": the SSH handshake failed" + because(e.Err)
}

// Unwrap lets errors.Is find the kind and the cause.
func (e *ConnectError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// Attempt is one key that was offered.
type Attempt struct {
	Name        string
	Type        string // "ssh-ed25519"
	Fingerprint string // SHA256
	// Taken says that the server would have taken the key and the signature
	// then failed, was refused, or was not enough.
	Taken bool
	// Failed is why the signature could not be made: the agent refused, the .pub
	// file is of another key. Cleaned; nil when it could, or was not wanted.
	Failed error
}

// AuthError is a login that the server refused.
type AuthError struct {
	Addr    string
	User    string
	Offered []Attempt // in order; empty when there was no key to offer
	Skipped []string  // names of keys that were held back so as not to exceed the server's limit
	// Unusable is the names of keys with which no signature can be made that
	// the server would accept: DSA, and RSA on a server that knows SHA-1 only.
	Unusable []string
	Methods  []string // what the server takes: "publickey", "password"; nil when not learnt
	TooMany  bool     // the server ended the connection after too many tries
	Banner   string   // the server's message, cleaned
	Err      error
}

func (e *AuthError) Error() string {
	who := e.User + " at " + e.Addr
	if len(e.Methods) > 0 && !e.takes("publickey") {
		return e.withoutKeys(who)
	}
	failed := e.failed()
	switch {
	case len(failed) == 1:
		return fmt.Sprintf("the server would take the key %s for %s, but it cannot be used: %v", failed[0].Name, who, failed[0].Failed)
	case len(failed) > 1:
		return fmt.Sprintf("the server would take %s for %s, but none of them can be used: %v", count(len(failed), "key"), who, e.reasons(failed))
	case e.TooMany:
		return fmt.Sprintf("%s ended the login after %s: name the one key to use", e.Addr, count(len(e.Offered), "key"))
	case len(e.Offered) == 0 && len(e.Unusable) > 0:
		return fmt.Sprintf("none of the keys can be used for %s: %s; use an ed25519 key", who, strings.Join(e.Unusable, ", "))
	case len(e.Offered) == 0:
		return "there is no key to offer to " + who + ": make one, or load one into the agent"
	case len(e.Skipped) > 0:
		return fmt.Sprintf("the server refused the first %s for %s; %d more were held back, as servers allow few tries: name the one key to use",
			count(len(e.Offered), "key"), who, len(e.Skipped))
	case len(e.Offered) == 1:
		return fmt.Sprintf("the server refused the key %s for %s: add its public half to the server", e.Offered[0].Name, who)
	}
	return fmt.Sprintf("the server refused all %d keys for %s: add one's public half to the server", len(e.Offered), who)
}

// withoutKeys is the sentence for a server that takes no key, or none anymore.
func (e *AuthError) withoutKeys(who string) string {
	methods := strings.Join(e.Methods, ", ")
	for _, a := range e.Offered {
		if a.Taken {
			return fmt.Sprintf("the server took the key %s and wants %s as well for %s; podbay logs in with keys only", a.Name, methods, who)
		}
	}
	if len(e.Methods) == 1 && e.Methods[0] == "password" {
		return "the server takes only a password for " + who + "; podbay logs in with keys only"
	}
	return fmt.Sprintf("the server takes only %s for %s; podbay logs in with keys only", methods, who)
}

// failed is the keys that the server would have taken and that could not sign.
func (e *AuthError) failed() []Attempt {
	var failed []Attempt
	for _, a := range e.Offered {
		if a.Failed != nil {
			failed = append(failed, a)
		}
	}
	return failed
}

func (e *AuthError) reasons(failed []Attempt) string {
	reasons := make([]string, len(failed))
	for i, a := range failed {
		reasons[i] = a.Name + ": " + a.Failed.Error()
	}
	return strings.Join(reasons, "; ")
}

func (e *AuthError) takes(method string) bool {
	for _, m := range e.Methods {
		if m == method {
			return true
		}
	}
	return false
}

// Unwrap lets errors.As find what the connection said and why keys could not sign.
func (e *AuthError) Unwrap() error {
	below := []error{e.Err}
	for _, a := range e.failed() {
		below = append(below, a.Failed)
	}
	return errors.Join(below...)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
