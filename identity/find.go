package identity

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

// usualFiles are the names in ~/.ssh that ssh looks for (ssh(1), -i), the kinds
// that RunPod's pages recommend first.
func usualFiles(home string) []string {
	var files []string
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"} {
		files = append(files, filepath.Join(home, ".ssh", name))
	}
	return files
}

// createdFiles are the keys that [Finder.Create] made under the names that
// [Finder.FreePath] gives where ~/.ssh/id_ed25519 is taken, the oldest name first.
func createdFiles(home string) []string {
	dir := filepath.Join(home, ".ssh")
	entries, _ := os.ReadDir(dir) // what cannot be read has none to offer
	var files []string
	for _, entry := range entries {
		if number, ok := strings.CutPrefix(entry.Name(), createdName); ok && strings.Trim(number, "0123456789") == "" {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return files
}

// runPodFiles are the keys that RunPod's own command line makes.
func runPodFiles(home string) []string {
	return []string{
		filepath.Join(home, ".runpod", "ssh", "runpodctl-ssh-key"),
		filepath.Join(home, ".runpod", "ssh", "RunPod-Key-Go"),
	}
}

// Find looks at the agent and at key files. It fails only when ctx ends; what
// cannot be read is in the Set. An agent that does not answer is given up after
// AgentTimeout.
//
// The order is: Extra, what ~/.ssh/config names for the host, the usual files in
// ~/.ssh, those that Create made beside them, the files of RunPod's own command line,
// and what only the agent has. A
// key in the agent takes the place of its file. With IdentitiesOnly the files are
// Extra and those that ~/.ssh/config names, or the usual ones when it names none;
// the agent then adds none.
func (f Finder) Find(ctx context.Context, q Query) (Set, error) {
	config := f.hostConfig(q)
	set := Set{Notes: config.notes, Narrowed: config.narrowed, Unsupported: config.unsupported}

	var found []Identity
	seen := map[string]bool{}
	look := func(paths []string, wanted bool) error {
		for _, path := range paths {
			if err := ctx.Err(); err != nil {
				return err
			}
			path = filepath.Clean(path)
			if seen[path] {
				continue
			}
			seen[path] = true
			if id, ok := f.loadFile(path, wanted); ok {
				found = append(found, id)
			}
		}
		return nil
	}
	if err := look(slices.Concat(f.Extra, config.files), true); err != nil {
		return Set{}, err
	}
	if err := look(f.unnamedFiles(config), false); err != nil {
		return Set{}, err
	}

	agent, err := f.agentKeys(ctx, config)
	if ctx.Err() != nil {
		return Set{}, ctx.Err()
	}
	set.AgentErr, set.Agent = err, agent.state
	set.Identities = merge(found, agent.keys, agent.address, config.identitiesOnly)
	return set, nil
}

// unnamedFiles are the files to look at although nobody named them.
func (f Finder) unnamedFiles(config hostConfig) []string {
	switch {
	case config.noFiles, config.identitiesOnly && len(config.files) > 0:
		return nil
	case config.identitiesOnly:
		return usualFiles(f.Home)
	}
	return slices.Concat(usualFiles(f.Home), createdFiles(f.Home), runPodFiles(f.Home))
}

// merge makes one identity of each key and puts those with a problem last.
func merge(files []Identity, keys []agentKey, address string, filesOnly bool) []Identity {
	var all []Identity
	at := map[string]int{} // by the public key's wire form
	add := func(id Identity) {
		if id.Public == nil {
			all = append(all, id)
			return
		}
		blob := string(id.Public.Marshal())
		if i, known := at[blob]; known {
			all[i] = better(all[i], id)
			return
		}
		at[blob] = len(all)
		all = append(all, id)
	}
	for _, id := range files {
		add(id)
	}
	for _, key := range keys {
		if _, named := at[string(key.public.Marshal())]; filesOnly && !named {
			continue
		}
		add(Identity{Source: SourceAgent, Comment: key.comment, Public: key.public, agent: address})
	}
	slices.SortStableFunc(all, func(a, b Identity) int { return problems(a) - problems(b) })
	return all
}

func problems(id Identity) int {
	if id.Problem != nil {
		return 1
	}
	return 0
}

// better is what to keep of one key that was found twice, first being earlier in
// the order.
func better(first, second Identity) Identity {
	if second.Source == SourceAgent {
		if first.Problem == nil && !first.Encrypted {
			return first
		}
		// The agent can sign without the file: neither its passphrase nor what is
		// wrong with it is in the way.
		if narrow, ok := errors.AsType[*Problem](first.Problem); ok && narrow.Kind == ModeTooOpen {
			first.Flaw = narrow
		}
		first.Source, first.agent = SourceAgent, second.agent
		first.Encrypted, first.Problem = false, nil
		if first.Comment == "" {
			first.Comment = second.Comment
		}
		return first
	}
	if problems(second) < problems(first) || problems(second) == problems(first) && first.Encrypted && !second.Encrypted {
		return second
	}
	return first
}

// DisplayName is the path as one would say it, cleaned: "~/.ssh/id_ed25519". [Finder.Expand]
// makes a path of it again.
func (f Finder) DisplayName(path string) string {
	if rest, ok := strings.CutPrefix(path, filepath.Clean(f.Home)+string(filepath.Separator)); ok {
		path = "~" + string(filepath.Separator) + rest
	}
	return cleantext.Line(path, 0)
}

// agentKey is one key that the agent listed.
type agentKey struct {
	public  ssh.PublicKey
	comment string
}
