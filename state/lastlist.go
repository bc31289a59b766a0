package state

import (
	"bytes"
	"encoding/json"
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
	Account Account     `json:"account"`
	At      time.Time   `json:"at"` // when RunPod answered
	Pods    []ListedPod `json:"pods"`
}

// ListedPod is what is kept of a pod. The names are those of RunPod's API.
type ListedPod struct {
	ID           string          `json:"id"`
	Name         string          `json:"name,omitempty"`
	Status       string          `json:"status,omitempty"`
	Actions      []string        `json:"actions,omitempty"`
	Image        string          `json:"image,omitempty"`
	Disk         int             `json:"disk,omitempty"` // GB
	Ports        []string        `json:"ports,omitempty"`
	Volume       *ListedVolume   `json:"volume,omitempty"`
	Network      string          `json:"network,omitempty"` // path of a network volume
	GPU          *ListedGPU      `json:"gpu,omitempty"`
	VCPU         int             `json:"vcpu,omitempty"`
	Cloud        string          `json:"cloud,omitempty"`
	DataCenterID string          `json:"dataCenterId,omitempty"`
	Direct       *ListedEndpoint `json:"direct,omitempty"`
	Proxy        *ListedEndpoint `json:"proxy,omitempty"`
	Cluster      string          `json:"cluster,omitempty"` // ID
	Cost         float64         `json:"cost,omitempty"`    // USD an hour
	Locked       bool            `json:"locked,omitempty"`
	IP           string          `json:"ip,omitempty"` // public, of any port
	StartedAt    time.Time       `json:"startedAt,omitzero"`
}

// ListedVolume is a volume on the pod's host.
type ListedVolume struct {
	Size int    `json:"size"` // GB
	Path string `json:"path"`
}

// ListedGPU is what a GPU pod computes with.
type ListedGPU struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

// ListedEndpoint is one way to reach a pod over SSH.
type ListedEndpoint struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
}

// maxListed bounds the pods of a last list, so that the file stays below maxFile.
const maxListed = 10000

// ErrNoLastList says that no list was kept.
var ErrNoLastList = errors.New("no last list")

func (s *Store) listPath() string { return filepath.Join(s.Dir, "list.json") }

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
	var list LastList
	// The decoder's error could quote the file.
	if json.Unmarshal(data, &list) != nil || list.At.IsZero() || len(list.Pods) > maxListed {
		return LastList{}, fmt.Errorf("the last list %s is not used: it holds no list of pods", path)
	}
	return list, nil
}

// SaveLastList keeps a list in place of the one before, 0600 and atomic. One of
// more than 10,000 pods is not kept, and what was kept goes.
func (s *Store) SaveLastList(list LastList) error {
	if len(list.Pods) > maxListed {
		return s.ForgetLastList()
	}
	list.At = list.At.UTC()
	data, err := json.Marshal(list)
	if err != nil {
		return s.sentence(err)
	}
	if len(data) > maxFile {
		return s.ForgetLastList()
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return s.sentence(err)
	}
	// The new file takes the old one's mode.
	if err := os.Chmod(s.listPath(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.sentence(err)
	}
	return s.sentence(atomic.WriteFile(s.listPath(), bytes.NewReader(append(data, '\n'))))
}

// ForgetLastList removes the list that was kept, if there is one.
func (s *Store) ForgetLastList() error {
	if err := os.Remove(s.listPath()); !errors.Is(err, fs.ErrNotExist) {
		return s.sentence(err)
	}
	return nil
}
