package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/natefinch/atomic"
)

// LastList is an account's pods as RunPod last listed them, so that the next start
// has something to show. It holds what [ListedPod] has fields for, and nothing of
// a pod's environment or start command, which hold secrets.
type LastList struct {
	Account Account
	At      time.Time // when RunPod answered
	Pods    []ListedPod
}

// ListedPod is what is kept of a pod. The names are those of RunPod's API; a zero
// value means that there is none.
type ListedPod struct {
	ID, Name, Status string
	Actions          []string
	Image            string
	DiskGB           int
	Ports            []string
	VolumeGB         int // of a volume on the pod's host
	VolumePath       string
	NetworkPath      string // of a network volume
	GPU              string // ID
	GPUs             int
	VCPUs            int
	Cloud            string
	DataCenterID     string
	Direct, Proxy    ListedEndpoint
	Cluster          string  // ID
	Cost             float64 // USD an hour
	Locked           bool
	PublicIP         string // of any port
	StartedAt        time.Time
}

// ListedEndpoint is one way to reach a pod over SSH.
type ListedEndpoint struct {
	Host     string
	Port     int
	Username string
}

// maxListed bounds the pods of a last list, so that the file stays below maxFile.
const maxListed = 10000

// ErrNoLastList says that no list was kept.
var ErrNoLastList = errors.New("no last list")

func (s *Store) listPath() string { return filepath.Join(s.Dir, "list.csv") }

// LastList returns the list that was kept last, of whatever account: the caller
// compares Account with the one in use before it shows anything. It takes no lock,
// so that a second podbay never holds up a start. Its error is ErrNoLastList, or
// says why the file is not used: it is then as good as not there.
func (s *Store) LastList() (LastList, error) {
	path := s.listPath()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return LastList{}, ErrNoLastList
	case err != nil:
		return LastList{}, fmt.Errorf("the last list %s is not used: %w", path, pathless(err))
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return LastList{}, fmt.Errorf("the last list %s is not used: it is open to other users (mode %04o)", path, info.Mode().Perm())
	}
	data, err := readBounded(path)
	if err != nil {
		return LastList{}, fmt.Errorf("the last list %s is not used: %w", path, err)
	}
	list, err := parseList(data)
	if err != nil {
		return LastList{}, fmt.Errorf("the last list %s is not used: it holds no list of pods", path) // err could quote it
	}
	return list, nil
}

// SaveLastList keeps a list in place of the one before, 0600 and atomic. One of
// more than 10,000 pods is not kept, and what was kept goes.
func (s *Store) SaveLastList(list LastList) error {
	if len(list.Pods) > maxListed {
		return s.ForgetLastList()
	}
	var text bytes.Buffer
	if err := writeList(&text, list); err != nil {
		return s.sentence(err)
	}
	if text.Len() > maxFile {
		return s.ForgetLastList()
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return s.sentence(err)
	}
	// The new file takes the old one's mode.
	if err := os.Chmod(s.listPath(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.sentence(err)
	}
	return s.sentence(atomic.WriteFile(s.listPath(), &text))
}

// ForgetLastList removes the list that was kept, if there is one.
func (s *Store) ForgetLastList() error {
	if err := os.Remove(s.listPath()); !errors.Is(err, fs.ErrNotExist) {
		return s.sentence(err)
	}
	return nil
}
