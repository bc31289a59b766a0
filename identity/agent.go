package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"podbay/cleantext"
)

const (
	defaultAgentTimeout = 2 * time.Second
	maxComment          = 200 // terminal cells
)

func (f Finder) agentTimeout() time.Duration { return cmp.Or(f.AgentTimeout, defaultAgentTimeout) }

// AgentState is what became of asking the agent.
type AgentState string

// The states.
const (
	AgentListed AgentState = "listed" // it listed keys
	AgentEmpty  AgentState = "empty"  // it listed none
	AgentLocked AgentState = "locked" // it takes no request before it is unlocked
	AgentDead   AgentState = "dead"   // it could not be asked: see Set.AgentErr
)

// agentList is what the agent said.
type agentList struct {
	keys    []agentKey
	address string
	state   AgentState
}

// agentAddress is that of the agent that the environment has; "" when there is none.
func (f Finder) agentAddress() string {
	if f.NoAgent {
		return ""
	}
	return cmp.Or(f.Getenv("SSH_AUTH_SOCK"), defaultAgent)
}

// agentKeys asks the agent for its keys. Without an agent there are none.
func (f Finder) agentKeys(ctx context.Context, config hostConfig) (agentList, error) {
	address := config.agent
	if !config.agentNamed {
		address = f.agentAddress()
	}
	if address == "" || f.NoAgent {
		return agentList{}, nil
	}
	asking, cancel := context.WithTimeout(ctx, f.agentTimeout())
	defer cancel()
	client, done, err := connectAgent(asking, asking, address)
	if errors.Is(err, fs.ErrNotExist) && address == defaultAgent {
		return agentList{}, nil // the service is not running, and nobody asked for it
	}
	if err != nil {
		return agentList{state: AgentDead}, f.agentError(asking, address, err)
	}
	defer done()
	listed, err := client.List()
	if err != nil {
		state := AgentDead
		if isListRefusal(err) {
			state = AgentLocked
		}
		return agentList{state: state}, f.agentError(asking, address, err)
	}
	if len(listed) == 0 && isOpenSSHAgent(address) && refusesBinding(client) {
		return agentList{state: AgentLocked}, fmt.Errorf("the agent at %s is locked: unlock it with ssh-add -X", f.DisplayName(address))
	}
	all := agentList{address: address, state: AgentEmpty}
	for _, key := range listed {
		public, err := ssh.ParsePublicKey(key.Blob)
		if err != nil {
			continue // a kind that this version cannot use
		}
		all.keys = append(all.keys, agentKey{public: public, comment: cleantext.Line(key.Comment, maxComment)})
		all.state = AgentListed
	}
	return all, nil
}

// isListRefusal goes by the text: x/crypto has no type for it.
func isListRefusal(err error) bool { return err.Error() == "agent: failed to list keys" }

// agentError says why the agent could not be asked.
func (f Finder) agentError(asking context.Context, address string, err error) error {
	name := f.DisplayName(address)
	switch {
	case asking.Err() != nil:
		return fmt.Errorf("the agent at %s did not answer within %s: end it, or unset SSH_AUTH_SOCK: %w", name, f.agentTimeout(), asking.Err())
	case isNetError(err):
		return fmt.Errorf("the agent at %s cannot be reached: %w: start one, or unset SSH_AUTH_SOCK", name, pathless(err))
	case isListRefusal(err):
		return fmt.Errorf("the agent at %s refuses to list its keys: unlock it, as ssh-add -X does", name)
	}
	return fmt.Errorf("what answers at %s is not an agent: correct SSH_AUTH_SOCK or IdentityAgent", name)
}

func isNetError(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	_, path := errors.AsType[*fs.PathError](err)
	return (ok || path) && !errors.Is(err, io.EOF)
}

// pathless drops the address or path, which may be a temporary one, from an error
// whose sentence names it already.
func pathless(err error) error {
	if opErr, ok := errors.AsType[*net.OpError](err); ok {
		return opErr.Err
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	if linkErr, ok := errors.AsType[*os.LinkError](err); ok {
		return linkErr.Err
	}
	return err
}

// connectAgent connects to the agent within dialing, and closes the connection
// when using ends, which fails the call that waits on it. done must be called.
func connectAgent(dialing, using context.Context, address string) (client agent.ExtendedAgent, done func(), err error) {
	conn, err := dialAgent(dialing, address)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(using, func() { conn.Close() })
	// Without a Close method in sight the client starts no goroutine of its own.
	client = agent.NewClient(struct{ io.ReadWriter }{conn})
	return client, func() { stop(); conn.Close() }, nil
}

// agentSigner signs with a key in the agent, connecting for each signature, so
// that nobody has to own a connection.
type agentSigner struct {
	ctx     context.Context // bounds each signature; ssh.Signer has no place for it
	address string
	timeout time.Duration // to connect
	public  ssh.PublicKey
	name    string
}

// PublicKey is the key that the agent listed.
func (s *agentSigner) PublicKey() ssh.PublicKey { return s.public }

// Sign signs with the algorithm of the key's own type.
func (s *agentSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm signs with algorithm, rsa-sha2-512 for instance.
func (s *agentSigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	dialing, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	client, done, err := connectAgent(dialing, s.ctx, s.address)
	if err != nil {
		return nil, s.failed(err)
	}
	defer done()
	signers, err := client.Signers()
	if err != nil {
		return nil, s.failed(err)
	}
	for _, signer := range signers {
		if !bytes.Equal(signer.PublicKey().Marshal(), s.public.Marshal()) {
			continue
		}
		with, ok := signer.(ssh.AlgorithmSigner)
		if !ok {
			return nil, s.failed(errors.New("it cannot choose an algorithm"))
		}
		signature, err := with.SignWithAlgorithm(rand, data, algorithm)
		if err != nil {
			return nil, s.failed(err)
		}
		return signature, nil
	}
	return nil, s.failed(errors.New("it no longer has the key, or is locked"))
}

func (s *agentSigner) failed(err error) error {
	if ctxErr := s.ctx.Err(); ctxErr != nil {
		err = ctxErr
	}
	return fmt.Errorf("the agent did not sign with %s: %w: look at it with ssh-add -l", s.name, err)
}
