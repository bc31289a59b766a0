package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
	"podbay/sshkey"
)

// CreateOptions says which key to create.
type CreateOptions struct {
	Path       string // of the private key, absolute or with ~; "": FreePath
	Comment    string // "": user@host
	Passphrase []byte // empty: none
}

// Create makes an ed25519 key in OpenSSH's format: the private key with mode
// 0600, its public half at the same path with .pub, 0644, and the folder, when
// there is none, 0700.
//
// A file that exists, as either, is never overwritten: the error then wraps
// fs.ErrExist. Each file appears whole or not at all.
func (f Finder) Create(opts CreateOptions) (Identity, error) {
	path, err := f.createPath(opts.Path)
	if err != nil {
		return Identity{}, err
	}
	name := f.DisplayName(path)
	public, private, line, err := generate(opts)
	if err != nil {
		return Identity{}, fmt.Errorf("%s cannot be made: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Identity{}, fmt.Errorf("%s cannot be made: %w: make the folder yourself, or name another path", name, pathless(err))
	}
	if err := f.placePair(path, private, line); err != nil {
		return Identity{}, err
	}
	id, ok := f.loadFile(path, true)
	if !ok || id.Problem != nil || id.Public == nil || string(id.Public.Marshal()) != string(public.Marshal()) {
		return Identity{}, fmt.Errorf("%s was made, but reads back otherwise than it was written: look at it before you use it", name)
	}
	return id, nil
}

// placePair writes both files, or neither.
func (f Finder) placePair(path string, private, line []byte) error {
	for _, taken := range []string{path, path + ".pub"} {
		if _, err := os.Lstat(taken); !errors.Is(err, fs.ErrNotExist) {
			return f.exists(taken)
		}
	}
	made, err := placeNew(path, private, 0o600)
	if err != nil {
		return f.placeError(path, err)
	}
	if _, err := placeNew(path+".pub", line, 0o644); err != nil {
		// The private key goes again, if it is still the one that was made.
		if there, statErr := os.Lstat(path); statErr == nil && os.SameFile(there, made) {
			err = errors.Join(err, os.Remove(path))
		}
		return f.placeError(path+".pub", err)
	}
	return nil
}

func (f Finder) placeError(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return f.exists(path)
	}
	return fmt.Errorf("%s cannot be written: %w: name another path", f.DisplayName(path), pathless(err))
}

func (f Finder) exists(path string) error {
	text := f.DisplayName(path) + " exists and is never overwritten: name another path"
	if free, err := f.FreePath(); err == nil {
		text += ", such as " + f.DisplayName(free)
	}
	return &fault{NotAKey, text, fs.ErrExist}
}

// generate makes a key and both files' content.
func generate(opts CreateOptions) (public ssh.PublicKey, private, line []byte, err error) {
	comment := cleantext.Line(opts.Comment, maxComment)
	if comment == "" {
		comment = defaultComment()
	}
	half, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	if public, err = ssh.NewPublicKey(half); err != nil {
		return nil, nil, nil, err
	}
	var block *pem.Block
	if len(opts.Passphrase) > 0 {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, comment, opts.Passphrase)
	} else {
		block, err = ssh.MarshalPrivateKey(key, comment)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return public, pem.EncodeToMemory(block), []byte(sshkey.NewKey(public, comment).Line() + "\n"), nil
}

// defaultComment is user@host, as ssh-keygen has it.
func defaultComment() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "podbay"
	}
	return cleantext.Line(localUser()+"@"+host, maxComment)
}

func (f Finder) createPath(path string) (string, error) {
	if path == "" {
		return f.FreePath()
	}
	path = f.Expand(path)
	switch {
	case strings.HasSuffix(path, ".pub"):
		return "", fmt.Errorf("%s is the name of a public key: name the private key, without .pub", f.DisplayName(path))
	case !filepath.IsAbs(path):
		return "", fmt.Errorf("%s is not an absolute path: begin it with / or ~/", f.DisplayName(path))
	}
	return path, nil
}

// Expand replaces a leading ~ by the home directory and cleans the path.
func (f Finder) Expand(path string) string {
	if rest, ok := strings.CutPrefix(filepath.ToSlash(path), "~/"); ok {
		return filepath.Join(f.Home, filepath.FromSlash(rest))
	}
	return filepath.Clean(path)
}

const (
	maxNames    = 1000                // bounds the search for a free name
	createdName = "id_ed25519_podbay" // where id_ed25519 is taken; a number follows where this is too
)

// FreePath is the first of ~/.ssh/id_ed25519, id_ed25519_podbay,
// id_ed25519_podbay2, ... at which there is neither a private nor a public key.
func (f Finder) FreePath() (string, error) {
	for n := range maxNames {
		name := "id_ed25519"
		switch n {
		case 0:
		case 1:
			name = createdName
		default:
			name = createdName + strconv.Itoa(n)
		}
		path := filepath.Join(f.Home, ".ssh", name)
		if absent(path) && absent(path+".pub") {
			return path, nil
		}
	}
	return "", errors.New("~/.ssh has no free name for a key: name a path")
}

func absent(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}
