package sshconn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

const maxKnownHostsBytes = 16 << 20

// KnownHosts is a known_hosts file in OpenSSH's format, read line by line: a
// line that cannot be read is kept, counted and skipped, and loses no other.
// It is read anew for each use, so that two podbays see each other's additions.
//
// Names match as in OpenSSH: without regard to case, with the wildcards '*' and
// '?', with negation, and hashed. A name is a host, "[host]:port" for a port
// other than 22, or what HostKeyName returns.
//
// Changes hold a lock on a file beside Path, named like it with ".lock" added.
type KnownHosts struct {
	Path string // created with its directory (0700) at the first Add; mode 0600 after each
}

// KnownKey is one entry for a name.
type KnownKey struct {
	Key         ssh.PublicKey
	Type        string
	Fingerprint string // SHA256
	File        string // where the line is
	Line        int    // 1-based
}

func (k KnownKey) is(key ssh.PublicKey) bool {
	return bytes.Equal(k.Key.Marshal(), key.Marshal())
}

// hostKeys is what a file says of one name.
type hostKeys struct {
	plain       []KnownKey
	revoked     []KnownKey // marked @revoked
	authorities []KnownKey // marked @cert-authority
	warnings    []string
}

// Lookup returns the keys known under name, in file order, and warnings for
// lines that could not be read. A missing file is an empty one. Lines marked
// @revoked and @cert-authority hold no key of the host itself and are left out.
func (k *KnownHosts) Lookup(name string) (keys []KnownKey, warnings []string, err error) {
	found, err := k.lookup(name)
	return found.plain, found.warnings, err
}

func (k *KnownHosts) lookup(name string) (hostKeys, error) {
	if err := checkHostName(name); err != nil {
		return hostKeys{}, err
	}
	text, err := k.read()
	if err != nil {
		return hostKeys{}, err
	}
	return findHostKeys(text, k.Path, name), nil
}

// findHostKeys returns what text, the content of path, says of name.
func findHostKeys(text []byte, path, name string) hostKeys {
	var found hostKeys
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		line, err := parseHostLine(raw)
		if err != nil {
			found.warnings = append(found.warnings, fmt.Sprintf("%s line %d is skipped: %v", path, number, cleaned(err)))
			continue
		}
		if line.key == nil || !line.matches(name) {
			continue
		}
		key := KnownKey{line.key, line.key.Type(), ssh.FingerprintSHA256(line.key), path, number}
		switch line.marker {
		case "":
			found.plain = append(found.plain, key)
		case "revoked":
			found.revoked = append(found.revoked, key)
		case "cert-authority":
			found.authorities = append(found.authorities, key)
		}
	}
	return found
}

// read returns the file's content. A last line without its end may be one that
// another podbay is writing just now: then it is read again under the lock.
func (k *KnownHosts) read() ([]byte, error) {
	path := k.resolve()
	text, err := readFile(path)
	if err != nil || len(text) == 0 || text[len(text)-1] == '\n' {
		return text, err
	}
	unlock, err := lockFile(path)
	if err != nil {
		return text, nil // a folder that cannot be written to has no writers
	}
	defer unlock()
	return readFile(path)
}

// resolve follows symbolic links, so that a linked file is changed in its place
// and locked under its own name.
func (k *KnownHosts) resolve() string {
	if path, err := filepath.EvalSymlinks(k.Path); err == nil {
		return path
	}
	if target, err := os.Readlink(k.Path); err == nil { // to a file that does not exist yet
		if filepath.IsAbs(target) {
			return target
		}
		return filepath.Join(filepath.Dir(k.Path), target)
	}
	return k.Path
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && isNull(info):
		return nil, nil
	case err == nil:
		err = regular(path, info) // a pipe would be waited for
	}
	if err != nil {
		return nil, fmt.Errorf("read known host keys: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read known host keys: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKnownHostsBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read known host keys: %w", err)
	}
	if len(text) > maxKnownHostsBytes {
		return nil, fmt.Errorf("read known host keys: %s is larger than %d MiB; it cannot be a known_hosts file", path, maxKnownHostsBytes>>20)
	}
	return text, nil
}

// isNull tells whether a file is the null device, to which people link files that are to
// stay empty.
func isNull(info os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(null, info)
}

func regular(path string, info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	return nil
}
