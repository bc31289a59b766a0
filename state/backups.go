package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KeyBackup is a set of registered keys as it was before podbay changed it.
type KeyBackup struct {
	Path    string    `json:"-"`
	Account Account   `json:"account"`
	At      time.Time `json:"at"`
	// Keys are the entries byte for byte. Whatever was registered is here, so the
	// file is as private as a private key.
	Keys []string `json:"keys"`
}

const (
	// maxBackups bounds the folder, over all accounts.
	maxBackups = 50
	// maxSameTime bounds the backups of one second.
	maxSameTime = 10000
	backupTime  = "20060102T150405Z"
)

var backupName = regexp.MustCompile(`^keys-(\d{8}T\d{6}Z)-(\d+)\.json$`)

func (s *Store) backupDir() string { return filepath.Join(s.Dir, "backups") }

// SaveBackup keeps a set in a new file, 0600, whose name has the time in UTC, and
// returns its path. Beyond 50 backups the oldest are removed, but never the newest
// of an account.
func (s *Store) SaveBackup(b KeyBackup) (path string, err error) {
	b.At = b.At.UTC()
	data, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.backupDir(), 0o700); err != nil {
		return "", s.sentence(err)
	}
	path, err = s.writeBackup(b.At, append(data, '\n'))
	if err != nil {
		return "", s.sentence(err)
	}
	return path, s.pruneBackups()
}

// writeBackup writes under the next number that is free for the second. The name
// is taken by making the file: two podbays never share one.
func (s *Store) writeBackup(at time.Time, data []byte) (string, error) {
	for n := 1; n <= maxSameTime; n++ {
		path := filepath.Join(s.backupDir(), fmt.Sprintf("keys-%s-%d.json", at.Format(backupTime), n))
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = file.Write(data)
		if err == nil {
			err = file.Sync()
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return "", errors.Join(err, os.Remove(path))
		}
		return path, nil
	}
	return "", errors.New("there are too many backups of one second")
}

// Backups returns all backups, the newest first. A file that holds none, such as
// one that a crash cut, is left out.
func (s *Store) Backups() ([]KeyBackup, error) {
	entries, err := os.ReadDir(s.backupDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, s.sentence(err)
	}
	type numbered struct {
		KeyBackup
		second string
		number int
	}
	var found []numbered
	for _, entry := range entries {
		parts := backupName.FindStringSubmatch(entry.Name())
		if parts == nil {
			continue
		}
		backup, err := ReadBackup(filepath.Join(s.backupDir(), entry.Name()))
		if err != nil {
			continue
		}
		number, _ := strconv.Atoi(parts[2])
		found = append(found, numbered{backup, parts[1], number})
	}
	slices.SortFunc(found, func(a, b numbered) int {
		if a.second != b.second {
			return strings.Compare(b.second, a.second)
		}
		return b.number - a.number
	})
	backups := make([]KeyBackup, len(found))
	for i, f := range found {
		backups[i] = f.KeyBackup
	}
	return backups, nil
}

// ReadBackup reads one backup.
func ReadBackup(path string) (KeyBackup, error) {
	data, err := readBounded(path)
	if err != nil {
		return KeyBackup{}, fmt.Errorf("the backup %s cannot be read: %w: name another one", path, err)
	}
	var b KeyBackup
	// The decoder's error could quote the file.
	if json.Unmarshal(data, &b) != nil || b.Keys == nil || b.Account.Origin == "" || b.At.IsZero() {
		return KeyBackup{}, fmt.Errorf("%s is not a backup of registered keys: name another one", path)
	}
	b.Path = path
	return b, nil
}

var errNotRegular = errors.New("it is not a regular file")

// readBounded reads a regular file up to maxFile.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead) // growing leaves twice the file behind
	_, err = data.ReadFrom(io.LimitReader(file, maxFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, pathless(err)
	}
	if data.Len() > maxFile {
		return nil, errors.New("it is too large")
	}
	return data.Bytes(), nil
}

func pathless(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func (s *Store) pruneBackups() error {
	backups, err := s.Backups()
	if err != nil {
		return err
	}
	newest := map[Account]bool{}
	var spare []string // the newest first
	for _, b := range backups {
		if newest[b.Account] {
			spare = append(spare, b.Path)
		}
		newest[b.Account] = true
	}
	for excess := len(backups) - maxBackups; excess > 0 && len(spare) > 0; excess-- {
		oldest := spare[len(spare)-1]
		spare = spare[:len(spare)-1]
		if err := os.Remove(oldest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.sentence(err)
		}
	}
	return nil
}
