package sshconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	lockTimeout = 10 * time.Second
	lockRetry   = 5 * time.Millisecond
)

// Add appends a line for name. The file's other lines are kept byte for byte. A
// key that name has already is not added again.
func (k *KnownHosts) Add(name string, key ssh.PublicKey) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	path, err := k.writable()
	if err != nil {
		return fmt.Errorf("write the host key of %s: %w", name, err)
	}
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
	path, err := k.writable()
	if err != nil {
		return 0, err
	}
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

// writable is the file that Path stands for, if it can be one of host keys: nothing is
// done to a device.
func (k *KnownHosts) writable() (string, error) {
	path := k.resolve()
	info, err := os.Stat(path)
	if err != nil {
		return path, nil // it is made, or what is wrong with it is told by reading it
	}
	return path, regular(path, info)
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

// appendFile adds data to path in one write and waits until it is on the disk. What
// could be written in part alone is taken back: half a line would be read as one.
func appendFile(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	before, err := file.Stat()
	if err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Sync()
	} else if before != nil {
		err = errors.Join(err, file.Truncate(before.Size())) // the caller holds the lock
	}
	return errors.Join(err, file.Close())
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
