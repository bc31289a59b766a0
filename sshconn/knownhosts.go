package sshconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
	"golang.org/x/crypto/ssh"
)

const (
	maxKnownHostsBytes = 16 << 20
	lockTimeout        = 10 * time.Second
	lockRetry          = 5 * time.Millisecond
)

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

// Add appends a line for name. The file's other lines are kept byte for byte. A
// key that name has already is not added again.
func (k *KnownHosts) Add(name string, key ssh.PublicKey) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	path := k.resolve()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of %s: %w", k.Path, err)
	}
	unlock, err := lockFile(path)
	if err != nil {
		return err
	}
	defer unlock()
	if err := narrow(path); err != nil {
		return err
	}
	text, err := readFile(path)
	if err != nil {
		return err
	}
	known := findHostKeys(text, path, name).plain
	if slices.ContainsFunc(known, func(k KnownKey) bool { return k.is(key) }) {
		return nil
	}
	if err := appendFile(path, newLine(text, name, key)); err != nil {
		return fmt.Errorf("write the host key of %s to %s: %w", name, k.Path, err)
	}
	return nil
}

// Forget removes every key known under exactly name; a line that names other
// hosts too keeps them. It reports how many keys were removed. Lines with a
// marker and lines that name the host by a pattern stay. The file as it was is
// kept beside it with ".old" added, as ssh-keygen -R does.
func (k *KnownHosts) Forget(name string) (int, error) {
	removed, err := k.rewrite(name, nil)
	if err != nil {
		return 0, fmt.Errorf("forget the host key of %s in %s: %w", name, k.Path, err)
	}
	return removed, nil
}

// Replace makes key the one that is known under exactly name, in one step: it
// does what Forget and then Add do.
func (k *KnownHosts) Replace(name string, key ssh.PublicKey) error {
	if _, err := k.rewrite(name, key); err != nil {
		return fmt.Errorf("replace the host key of %s in %s: %w", name, k.Path, err)
	}
	return nil
}

// rewrite takes name's keys out of the file and adds key, if there is one.
func (k *KnownHosts) rewrite(name string, key ssh.PublicKey) (removed int, err error) {
	if err := checkHostName(name); err != nil {
		return 0, err
	}
	path := k.resolve()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && key == nil {
		return 0, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	unlock, err := lockFile(path)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if err := narrow(path); err != nil {
		return 0, err
	}
	text, err := readFile(path)
	if err != nil {
		return 0, err
	}
	kept, removed := withoutName(text, name)
	if key != nil {
		kept = append(kept, newLine(kept, name, key)...)
	} else if removed == 0 {
		return 0, nil
	}
	if len(text) > 0 {
		if err := atomic.WriteFile(path+".old", bytes.NewReader(text)); err != nil {
			return 0, fmt.Errorf("keep the file as it was: %w", err)
		}
	}
	return removed, atomic.WriteFile(path, bytes.NewReader(kept))
}

// withoutName is text without the keys that are known under exactly name.
func withoutName(text []byte, name string) (kept []byte, removed int) {
	for raw := range bytes.Lines(text) {
		rest, hit := withoutHost(raw, name)
		if hit {
			removed++
		}
		kept = append(kept, rest...)
	}
	return kept, removed
}

// newLine is what is appended to text so that it has key for name.
func newLine(text []byte, name string, key ssh.PublicKey) []byte {
	line := append([]byte(canonicalHost(name)+" "), ssh.MarshalAuthorizedKey(key)...)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		line = append([]byte("\n"), line...)
	}
	return line
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

// lockFile locks path against other podbays and other goroutines of this one.
func lockFile(path string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if ok, err := lock.TryLockContext(ctx, lockRetry); err != nil || !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("another podbay holds it; end that one")
		}
		return nil, fmt.Errorf("lock %s: %w", path+".lock", err)
	}
	return func() { _ = lock.Unlock() }, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
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

// appendFile adds data to path in one write and waits until it is on the disk.
func appendFile(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// narrow takes a file from the group and others, if it is there; on Windows its
// folder does that.
func narrow(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil // what is wrong with the file is told by reading it
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("keep others from known host keys: %w", err)
	}
	return nil
}
