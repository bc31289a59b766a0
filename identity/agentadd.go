package identity

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh/agent"
)

// AddToAgent gives a key file to the agent that SSH_AUTH_SOCK names, as ssh-add
// does. An encrypted file gives a [*PassphraseError] when the passphrase is missing
// or wrong. An agent may ask a person first: it is waited for until ctx ends.
func (f Finder) AddToAgent(ctx context.Context, id Identity, passphrase []byte) error {
	address := f.agentAddress()
	if address == "" {
		return errors.New("there is no agent to add the key to: start one, so that SSH_AUTH_SOCK names it, and start podbay again")
	}
	if id.Problem != nil {
		return id.Problem
	}
	key, err := openFile(id, passphrase)
	if err != nil {
		return err
	}
	dialing, cancel := context.WithTimeout(ctx, f.agentTimeout())
	defer cancel()
	client, done, err := connectAgent(dialing, ctx, address)
	if err != nil {
		return f.agentError(dialing, address, err)
	}
	defer done()
	err = client.Add(agent.AddedKey{PrivateKey: key.raw, Comment: id.Comment})
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the agent at %s did not answer, and may have taken %s all the same: %w", f.DisplayName(address), id.Name(), context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("the agent at %s did not take %s: unlock it with ssh-add -X, or add the key with ssh-add", f.DisplayName(address), id.Name())
	}
	return nil
}
