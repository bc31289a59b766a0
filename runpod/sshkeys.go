package runpod

import (
	"context"
	"encoding/json"
	"net/http"
)

const sshKeysPath = "/v2/account/ssh-keys"

// SSHKeys returns the account's registered keys, as registered: lines may be
// malformed. They are hostile text, and alone among the texts of this package
// they are not cleaned: the set is read to be written back.
func (c *Client) SSHKeys(ctx context.Context) ([]string, error) {
	return c.sshKeys(ctx, call{op: "list SSH keys", method: http.MethodGet, path: sshKeysPath})
}

// ReplaceSSHKeys replaces the account's whole set of registered keys and
// returns the set that the API answered. It is never repeated on failure. An
// empty set removes every key; nil is refused, so that a list that was never
// read cannot be written back.
func (c *Client) ReplaceSSHKeys(ctx context.Context, keys []string) ([]string, error) {
	const op = "replace SSH keys"
	if keys == nil {
		return nil, invalid(op, "there is no set of keys to write")
	}
	in := struct {
		Keys []string `json:"keys"`
	}{keys}
	return c.sshKeys(ctx, call{op: op, method: http.MethodPut, path: sshKeysPath, in: in})
}

// sshKeys is strict where the pod list is lenient: a set read with holes in it
// would be written back with holes in it.
func (c *Client) sshKeys(ctx context.Context, cl call) ([]string, error) {
	var body json.RawMessage
	if err := c.do(ctx, cl, &body); err != nil {
		return nil, err
	}
	var set struct {
		Keys []*string `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, c.malformed(cl.op, http.StatusOK, "holds no list of keys")
	}
	keys := make([]string, len(set.Keys))
	for i, key := range set.Keys {
		if key == nil {
			return nil, c.malformed(cl.op, http.StatusOK, "holds a key without text")
		}
		keys[i] = *key
	}
	return keys, nil
}
