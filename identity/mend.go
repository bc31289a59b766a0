package identity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/natefinch/atomic"
	"golang.org/x/crypto/ssh"

	"podbay/sshkey"
)

// Mend does what Mending of the identity's Problem, or else of its Flaw, says, and
// nothing else, and tells what it did. What it needs the private half for ends
// with a [*PassphraseError] when the file is encrypted and the passphrase is
// missing or wrong.
func (f Finder) Mend(ctx context.Context, id Identity, passphrase []byte) (did string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	problem, _ := errors.AsType[*Problem](id.Problem)
	if problem == nil {
		problem = id.Flaw
	}
	switch {
	case problem == nil && id.Problem != nil:
		return "", id.Problem
	case problem == nil:
		return "", fmt.Errorf("nothing is wrong with %s", id.Name())
	case problem.Mending(id.Name()) == "":
		return "", problem
	case problem.Kind == ModeTooOpen:
		return mendMode(id)
	}
	public, err := derive(id, passphrase)
	if err != nil {
		return "", err
	}
	line := []byte(sshkey.NewKey(public, id.Comment).Line() + "\n")
	if problem.Kind == PubMismatch {
		return f.replacePub(id, line)
	}
	if _, err := placeNew(id.Path+".pub", line, 0o644); err != nil {
		return "", f.placeError(id.Path+".pub", err)
	}
	return "wrote " + id.Name() + ".pub", nil
}

func mendMode(id Identity) (string, error) {
	if err := os.Chmod(id.Path, 0o600); err != nil {
		return "", fmt.Errorf("the mode of %s cannot be set: %w: check its owner and its file system", id.Name(), pathless(err))
	}
	return "set the mode of " + id.Name() + " to 0600", nil
}

// derive is the public half as the private file, not the .pub beside it, has it.
func derive(id Identity, passphrase []byte) (ssh.PublicKey, error) {
	if id.Public != nil {
		return id.Public, nil
	}
	key, err := openFile(id, passphrase)
	if err != nil {
		return nil, err
	}
	return key.public, nil
}

// replacePub keeps the .pub file that is there under the next free name and puts
// the right one in its place.
func (f Finder) replacePub(id Identity, line []byte) (string, error) {
	pub := id.Path + ".pub"
	aside, err := setAside(pub)
	if err != nil {
		return "", fmt.Errorf("%s.pub cannot be kept under another name, so nothing was changed: %w", id.Name(), pathless(err))
	}
	temp, err := writeTemp(filepath.Dir(pub), line, 0o644)
	if err != nil {
		return "", f.placeError(pub, err)
	}
	if err := atomic.ReplaceFile(temp, pub); err != nil {
		return "", f.placeError(pub, errors.Join(err, os.Remove(temp)))
	}
	return fmt.Sprintf("kept the wrong %s.pub as %s and wrote the right one", id.Name(), f.DisplayName(aside)), nil
}

// setAside gives a file the next free name with .bak-N as well.
func setAside(path string) (string, error) {
	for n := 1; n <= maxNames; n++ {
		aside := path + ".bak-" + strconv.Itoa(n)
		err := os.Link(path, aside)
		switch {
		case err == nil:
			return aside, nil
		case errors.Is(err, fs.ErrExist):
			continue
		}
		data, _, readErr := readFile(path)
		if readErr != nil {
			return "", errors.Join(err, readErr)
		}
		if _, err := writeExclusive(aside, data, 0o644); !errors.Is(err, fs.ErrExist) {
			return aside, err
		}
	}
	return "", errors.New("there are too many such names already")
}

// Load is what is known of the key file at path, whether or not Find looks there.
func (f Finder) Load(path string) Identity {
	id, _ := f.loadFile(f.Expand(path), true)
	return id
}

// PublicText reads the file that a person names for its public key. Of a private
// key file it is the public line, and note says so; any other file's text is
// returned as it is, to be judged by [sshkey.Judge]. The error is a [*Problem].
func (f Finder) PublicText(path string) (text, note string, err error) {
	id, _ := f.loadFile(f.Expand(path), true)
	data, _, err := readFile(id.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", f.missing(id.Path, "")
	case err != nil:
		return "", "", problemOf(id, err)
	}
	if _, err := parsePrivate(data); err != nil {
		if problem := problemOf(id, err); problem.Kind != SecurityKey && problem.Kind != Useless {
			return string(data), "", nil
		}
	}
	if id.Public == nil {
		return "", "", newProblem(PrivateKey, id, "is a private key that hides its public half: name its .pub file, or make one with ssh-keygen -y")
	}
	return sshkey.NewKey(id.Public, id.Comment).Line(), id.Name() + " is a private key: only its public half is read from it", nil
}
