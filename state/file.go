package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
)

const (
	// maxPods bounds the memory: it grows by every pod that was ever connected to.
	maxPods = 2000
	// maxFile is far above maxPods entries.
	maxFile = 8 << 20
	// lockPatience is how long another podbay may hold the lock: it needs
	// milliseconds, unless it is stopped or its disk hangs.
	lockPatience = 10 * time.Second
)

// memory is the file as it is written.
type memory struct {
	Pods map[string]PodMemory `json:"pods"` // by pod ID
}

func (s *Store) path() string { return filepath.Join(s.Dir, "pods.json") }

func (s *Store) exists() (bool, error) {
	_, err := os.Stat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, s.sentence(err)
}

// sentence names the folder and the next step.
func (s *Store) sentence(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("podbay's memory in %s cannot be used: %w: mend the folder, or remove it to begin anew", s.Dir, err)
}

// locked runs do while no other podbay reads or changes the memory. Readers lock
// as well: on Windows a file that is open cannot be replaced.
func (s *Store) locked(do func() error) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return s.sentence(err)
	}
	lock := flock.New(filepath.Join(s.Dir, "lock"))
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("another podbay has held %s for %s: end it and try again", lock.Path(), lockPatience)
		}
		return s.sentence(err)
	}
	defer lock.Close()
	return s.sentence(do())
}

// read returns the memory, empty when there is none. A file that holds something
// else is moved aside.
func (s *Store) read() (map[string]PodMemory, error) {
	info, err := os.Stat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]PodMemory{}, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", s.path())
	}
	f, err := os.Open(s.path())
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var m memory
	if len(data) > maxFile || json.Unmarshal(data, &m) != nil {
		return map[string]PodMemory{}, s.moveAside(s.path(), info)
	}
	if m.Pods == nil {
		m.Pods = map[string]PodMemory{}
	}
	return m.Pods, nil
}

// moveAside keeps a file under a name with the date of its last change.
func (s *Store) moveAside(path string, info fs.FileInfo) error {
	date := info.ModTime().UTC().Format("20060102-150405")
	aside, err := os.CreateTemp(s.Dir, filepath.Base(path)+".bad-"+date+"-*")
	if err != nil {
		return err
	}
	if err := aside.Close(); err != nil {
		return err
	}
	return atomic.ReplaceFile(path, aside.Name())
}

func (s *Store) write(pods map[string]PodMemory) error {
	data, err := json.MarshalIndent(memory{Pods: pods}, "", " ")
	if err != nil {
		return err
	}
	// The new file takes the old one's mode.
	if err := os.Chmod(s.path(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomic.WriteFile(s.path(), bytes.NewReader(append(data, '\n')))
}

// prune forgets the oldest pods beyond maxPods, but never keep, which is just
// being updated.
func prune(pods map[string]PodMemory, keep string) {
	if len(pods) <= maxPods {
		return
	}
	ids := make([]string, 0, len(pods))
	for id := range pods {
		if id != keep {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return pods[a].newest().Compare(pods[b].newest()) })
	for _, id := range ids[:len(pods)-maxPods] {
		delete(pods, id)
	}
}
