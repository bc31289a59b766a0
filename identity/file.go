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
	id := Identity{Source: SourceFile, Path: path, name: f.displayName(path)}
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
	beside, comment := publicBeside(path)
	if id.Public == nil {
		id.Public = beside
	}
	if id.Public != nil && beside != nil && bytes.Equal(id.Public.Marshal(), beside.Marshal()) {
		id.Comment = comment
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		id.Problem = fmt.Errorf("%s does not exist: make the key, or correct the name where it is configured", id.name)
	case err != nil:
		id.Problem = fmt.Errorf("%s %w", id.name, err)
	case tooOpen(info, os.Getuid()):
		id.Problem = fmt.Errorf("%s is readable by others (mode %04o): run chmod 600 %s", id.name, info.Mode().Perm(), id.name)
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
		return nil, info, errors.New("is a folder: name a private key file in it")
	}
	if !info.Mode().IsRegular() {
		return nil, info, errors.New("is not a regular file: name a private key file")
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
		return nil, info, errors.New("is too large to be a private key: name a private key file")
	}
	return data, info, nil
}

func cannotRead(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot be read: %w: check its owner and mode", err)
}

// publicBeside is what the .pub file beside a private key says; nil without one.
func publicBeside(path string) (ssh.PublicKey, string) {
	data, _, err := readFile(path + ".pub")
	if err != nil {
		return nil, ""
	}
	public, comment, err := sshkey.ParsePublicLine(string(data))
	if err != nil {
		return nil, ""
	}
	return public, comment
}

// openFile opens the private half of a key file, as it is now.
func openFile(id Identity, passphrase []byte) (ssh.Signer, error) {
	data, _, err := readFile(id.Path)
	if err != nil {
		return nil, fmt.Errorf("%s %w", id.Name(), err)
	}
	key, err := parsePrivate(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w", id.Name(), err)
	}
	if key.encrypted {
		wanted := &PassphraseError{Path: id.Path, Wrong: passphrase != nil}
		if id.Public != nil {
			wanted.Fingerprint = sshkey.Fingerprint(id.Public)
		}
		if len(passphrase) == 0 {
			return nil, wanted
		}
		key.signer, err = decrypt(data, passphrase)
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, wanted
		}
		if err != nil {
			return nil, fmt.Errorf("%s %w", id.Name(), err)
		}
	}
	if id.Public != nil && !bytes.Equal(key.signer.PublicKey().Marshal(), id.Public.Marshal()) {
		return nil, fmt.Errorf("%s and its .pub file are of two keys: run ssh-keygen -y -f %s to see the right public half", id.Name(), id.Name())
	}
	return key.signer, nil
}
