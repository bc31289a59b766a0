package identity

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/crypto/ssh"

	"podbay/sshkey"
)

// maxKeyFile is the bound that OpenSSH has (MAX_KEY_FILE_SIZE in authfile.h).
const maxKeyFile = 1 << 20

// loadFile learns what can be learnt of a key file without a passphrase. A file
// that is not there is reported only when somebody named it.
func (f Finder) loadFile(path string, named bool) (Identity, bool) {
	id := Identity{Source: SourceFile, Path: path, name: f.DisplayName(path)}
	data, info, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return Identity{}, false
	}
	if info != nil {
		id.Mode = info.Mode()
	}
	var key privateKey
	if err == nil {
		key, err = parsePrivate(data)
	}
	id.Public, id.Encrypted = key.public, key.encrypted
	beside := publicBeside(path)
	if id.Public == nil {
		id.Public = beside.public
	}
	if beside.of(id.Public) {
		id.Comment = beside.comment
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		id.Problem = f.missing(path, " where it is configured")
	case err != nil && denied(err) && foreign(info, os.Getuid()):
		id.Problem = newProblem(WrongOwner, id, "belongs to another user, who lets nobody else read it: name a key of your own, or make it yours with sudo chown")
	case err != nil:
		id.Problem = problemOf(id, err)
	case tooOpen(info, os.Getuid()):
		id.Problem = newProblem(ModeTooOpen, id, fmt.Sprintf("is readable by others (mode %04o): %s", info.Mode().Perm(), narrow(id.name)))
	}
	if err == nil {
		id.Flaw = flaw(id, beside)
	}
	return id, true
}

// readFile reads a regular file up to maxKeyFile. It never waits: a FIFO is
// refused before it is opened. An error other than fs.ErrNotExist continues a
// sentence that begins with the path.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, cannotRead(err)
	}
	if info.IsDir() {
		return nil, info, &fault{Directory, "is a folder: name a private key file in it", nil}
	}
	if !info.Mode().IsRegular() {
		return nil, info, &fault{NotAKey, "is not a regular file: name a private key file", nil}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, info, cannotRead(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, info, cannotRead(err)
	}
	if len(data) > maxKeyFile {
		return nil, info, &fault{NotAKey, "is too large to be a private key: name a private key file", nil}
	}
	return data, info, nil
}

func cannotRead(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return &fault{Unreadable, fmt.Sprintf("cannot be read: %v: check its owner and mode", err), err}
}

// besideFile is what the .pub file beside a private key is.
type besideFile struct {
	there   bool
	public  ssh.PublicKey // nil when the file holds no public key
	comment string
}

// of reports whether the file is of this key.
func (b besideFile) of(public ssh.PublicKey) bool {
	return public != nil && b.public != nil && bytes.Equal(public.Marshal(), b.public.Marshal())
}

func publicBeside(path string) besideFile {
	data, _, err := readFile(path + ".pub")
	if errors.Is(err, fs.ErrNotExist) {
		return besideFile{}
	}
	b := besideFile{there: true}
	if err == nil {
		b.public, b.comment, _ = sshkey.ParsePublicLine(string(data))
	}
	return b
}

// openFile opens the private half of a key file, as it is now.
func openFile(id Identity, passphrase []byte) (privateKey, error) {
	data, _, err := readFile(id.Path)
	if err != nil {
		return privateKey{}, fmt.Errorf("%s %w", id.Name(), err)
	}
	key, err := parsePrivate(data)
	if err != nil {
		return privateKey{}, fmt.Errorf("%s %w", id.Name(), err)
	}
	if key.encrypted {
		wanted := &PassphraseError{Path: id.Path, Wrong: passphrase != nil}
		if id.Public != nil {
			wanted.Fingerprint = sshkey.Fingerprint(id.Public)
		}
		if len(passphrase) == 0 {
			return privateKey{}, wanted
		}
		key, err = decrypt(data, passphrase)
		if errors.Is(err, x509.IncorrectPasswordError) {
			return privateKey{}, wanted
		}
		if err != nil {
			return privateKey{}, fmt.Errorf("%s %w", id.Name(), err)
		}
	}
	if id.Public != nil && !bytes.Equal(key.signer.PublicKey().Marshal(), id.Public.Marshal()) {
		return privateKey{}, fmt.Errorf("%s and its .pub file are of two keys: run ssh-keygen -y -f %s to see the right public half", id.Name(), id.Name())
	}
	return key, nil
}
