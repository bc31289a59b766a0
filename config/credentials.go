package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
)

const credentialsHeader = "# podbay's API keys, each below the address that it was checked against.\n" +
	"# podbay login and podbay logout write this file. Show it to nobody.\n\n"

// credentials is the file as it is written.
type credentials struct {
	Keys map[string]string `toml:"keys"` // by origin
}

// parseCredentials reads podbay's own file. Its error continues a sentence that
// begins with the path.
func parseCredentials(data []byte) (map[string]string, error) {
	var file credentials
	meta, err := toml.Decode(string(data), &file)
	if err != nil {
		return nil, notTOML(err)
	}
	if len(meta.Undecoded()) > 0 {
		return nil, errors.New("holds what podbay did not write")
	}
	return file.Keys, nil
}

// SaveAPIKey keeps key in paths.Credentials, bound to origin: 0600, atomically,
// keys of other origins kept. A file there that podbay cannot read as its own is
// kept beside as credentials.bad-NUMBER.
func SaveAPIKey(paths Paths, origin string, key Secret) error {
	text := key.Reveal()
	if text == "" {
		return errors.New("the API key is empty: paste the key that RunPod showed when it was made")
	}
	err := locked(paths.Credentials, func(target string) error {
		keys, err := readOwn(target)
		if err != nil {
			if err := moveAside(target); err != nil {
				return err
			}
		}
		if keys == nil {
			keys = map[string]string{}
		}
		keys[origin] = text
		return writeCredentials(target, keys)
	})
	if err != nil {
		return fmt.Errorf("the API key cannot be kept in %s: %w", paths.Credentials, err)
	}
	return nil
}

// RemoveAPIKey removes the key bound to origin and reports whether there was one.
func RemoveAPIKey(paths Paths, origin string) (bool, error) {
	if _, err := os.Lstat(paths.Credentials); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	removed := false
	err := locked(paths.Credentials, func(target string) error {
		keys, err := readOwn(target)
		if err != nil {
			return fmt.Errorf("it %w: remove the file yourself", err)
		}
		if _, removed = keys[origin]; !removed {
			return nil
		}
		delete(keys, origin)
		return writeCredentials(target, keys)
	})
	if err != nil {
		return false, fmt.Errorf("the API key cannot be removed from %s: %w", paths.Credentials, err)
	}
	return removed, nil
}

// lockPatience is how long another podbay may hold the lock: it needs
// milliseconds, unless it is stopped or its disk hangs.
const lockPatience = 10 * time.Second

// locked runs change while no other podbay changes the file. A symbolic link, as
// dotfile managers make them, is followed: change gets the file behind it.
func locked(path string, change func(target string) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock := flock.New(path + ".lock")
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("another podbay holds %s.lock: end it and try again", path)
		}
		return err
	}
	defer lock.Close()

	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return errors.New("it is a link to a file that does not exist: remove the link")
		}
		return change(path)
	}
	if err != nil {
		return err
	}
	return change(target)
}

// SetAside returns the files that SaveAPIKey moved out of its way: they may hold keys.
func SetAside(paths Paths) []string {
	target, err := filepath.EvalSymlinks(paths.Credentials)
	if err != nil {
		target = paths.Credentials
	}
	folder, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil
	}
	var aside []string
	for _, entry := range folder {
		if strings.HasPrefix(entry.Name(), filepath.Base(target)+asideMark) {
			aside = append(aside, filepath.Join(filepath.Dir(target), entry.Name()))
		}
	}
	return aside
}

const asideMark = ".bad-"

// readOwn reads the credentials file that is about to be written. Its error
// continues a sentence that begins with the path.
func readOwn(target string) (map[string]string, error) {
	data, _, err := readFile(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return parseCredentials(data)
}

// moveAside keeps what is about to be replaced. It may hold keys, so it gets
// mode 0600 too.
func moveAside(target string) error {
	aside, err := os.CreateTemp(filepath.Dir(target), filepath.Base(target)+asideMark+"*")
	if err != nil {
		return err
	}
	if err := aside.Close(); err != nil {
		return err
	}
	if err := atomic.ReplaceFile(target, aside.Name()); err != nil {
		return errors.Join(err, os.Remove(aside.Name()))
	}
	return os.Chmod(aside.Name(), 0o600)
}

func writeCredentials(target string, keys map[string]string) error {
	var text bytes.Buffer
	text.WriteString(credentialsHeader)
	encoder := toml.NewEncoder(&text)
	encoder.Indent = ""
	if err := encoder.Encode(credentials{Keys: keys}); err != nil {
		// Not wrapped: the encoder may quote what it was given.
		return errors.New("the key cannot be written as text")
	}
	// The new file takes the old one's mode.
	if err := os.Chmod(target, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomic.WriteFile(target, strings.NewReader(text.String()))
}
