package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
)

// KeptShell is a shell that lives on a pod beyond its connection.
type KeptShell struct {
	Name  string    `json:"name"` // of its tmux server: see ShellName
	PodID string    `json:"pod"`
	Since time.Time `json:"since"` // when it was last attached to
}

// ShellName is what the name of a kept shell must look like: it becomes part of a
// command and of a file's name.
var ShellName = regexp.MustCompile(`^podbay-[a-z0-9]{12,64}$`)

// maxShells bounds the file; what was left longest ago is forgotten.
const maxShells = 1000

// shellMemory is the file as it is written.
type shellMemory struct {
	Shells []KeptShell `json:"shells"`
}

func (s *Store) shellsPath() string { return filepath.Join(s.Dir, "shells.json") }

// KeptShells returns the shells that may live on pods, the one used last first.
func (s *Store) KeptShells() ([]KeptShell, error) {
	if _, err := os.Stat(s.shellsPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var shells []KeptShell
	err := s.locked(func() (err error) {
		shells, err = s.readShells()
		return err
	})
	return shells, err
}

// KeepShell remembers a shell, in place of what was known under its name.
func (s *Store) KeepShell(shell KeptShell) error {
	if !ShellName.MatchString(shell.Name) {
		return fmt.Errorf("%q is no name of a kept shell", shell.Name)
	}
	return s.changeShells(shell.Name, func(others []KeptShell) []KeptShell {
		return slices.Insert(others, 0, shell)[:min(len(others)+1, maxShells)]
	})
}

// ForgetShell forgets the shell of that name, and who uses it.
func (s *Store) ForgetShell(name string) error {
	if !ShellName.MatchString(name) {
		return nil
	}
	err := s.changeShells(name, func(others []KeptShell) []KeptShell { return others })
	if removeErr := os.Remove(s.claimPath(name)); err == nil && !errors.Is(removeErr, fs.ErrNotExist) {
		err = s.sentence(removeErr)
	}
	return err
}

func (s *Store) changeShells(name string, change func(others []KeptShell) []KeptShell) error {
	return s.locked(func() error {
		shells, err := s.readShells()
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(shells, func(k KeptShell) bool { return k.Name == name })
		data, err := json.MarshalIndent(shellMemory{change(others)}, "", " ")
		if err != nil {
			return err
		}
		if err := os.Chmod(s.shellsPath(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return atomic.WriteFile(s.shellsPath(), bytes.NewReader(append(data, '\n')))
	})
}

// readShells returns what the file holds, the last used first; names that are none
// are left out. A file that holds something else is moved aside.
func (s *Store) readShells() ([]KeptShell, error) {
	info, err := os.Stat(s.shellsPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", s.shellsPath())
	case info.Size() > maxFile:
		return nil, s.moveAside(s.shellsPath(), info)
	}
	data, err := os.ReadFile(s.shellsPath())
	if err != nil {
		return nil, err
	}
	var m shellMemory
	if json.Unmarshal(data, &m) != nil {
		return nil, s.moveAside(s.shellsPath(), info)
	}
	m.Shells = slices.DeleteFunc(m.Shells, func(k KeptShell) bool { return !ShellName.MatchString(k.Name) })
	slices.SortStableFunc(m.Shells, func(a, b KeptShell) int { return b.Since.Compare(a.Since) })
	return m.Shells, nil
}

// Claim says that a process has a kept shell. It ends with Release, or with the
// process.
type Claim struct{ lock *flock.Flock }

func (s *Store) claimPath(name string) string { return filepath.Join(s.Dir, name+".claim") }

// ClaimShell takes a shell for this process, so that no other one, nor another
// session of this one, comes to it; nil when it is taken.
func (s *Store) ClaimShell(name string) (*Claim, error) {
	if !ShellName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of a kept shell", name)
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, s.sentence(err)
	}
	lock := flock.New(s.claimPath(name), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil || !taken {
		return nil, errors.Join(s.sentence(err), lock.Close())
	}
	return &Claim{lock}, nil
}

// Release lets others have the shell.
func (c *Claim) Release() error {
	if c == nil {
		return nil
	}
	return c.lock.Close()
}
