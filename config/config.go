// Package config is podbay's settings, the paths of its files, and where the
// API key comes from. It imports nothing of podbay.
//
// What a caller can rely on:
//   - reading writes nothing; only [SaveAPIKey] and [RemoveAPIKey] write, and
//     only podbay's own credentials file;
//   - every error is a plain sentence that names the file and the next step;
//   - no error holds the text of a key, or of a file that may hold one.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"
)

// Paths are the files and folders that podbay uses. All are absolute.
type Paths struct {
	Home         string // the user's home: ~/.ssh and ~/.runpod are below it
	Settings     string // config.toml, written by the user alone
	Credentials  string // podbay's own API key, 0600
	KnownHosts   string // podbay's own known_hosts, 0600
	SystemHosts  string // OpenSSH's known hosts of all users: read, never written
	State        string // folder of what podbay remembers
	RunPodConfig string // ~/.runpod/config.toml, RunPod's own CLI's: read, never written
}

// DefaultPaths returns the paths by the XDG rules of this system and the user's
// home: config.toml and credentials below $XDG_CONFIG_HOME/podbay, known_hosts
// below $XDG_DATA_HOME/podbay because losing it loses trust, the rest below
// $XDG_STATE_HOME/podbay. On macOS and Windows, where these are one folder, the
// names do not collide.
func DefaultPaths() (Paths, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Paths{}, fmt.Errorf("the home directory is not known: %w: set HOME", err)
	}
	if !filepath.IsAbs(home) {
		return Paths{}, fmt.Errorf("the home directory %q is not an absolute path: set HOME", home)
	}
	xdg.Reload() // it read the environment when the process started
	state := filepath.Join(xdg.StateHome, "podbay")
	if sameFolder := xdg.StateHome == xdg.ConfigHome || xdg.StateHome == xdg.DataHome; sameFolder {
		state = filepath.Join(state, "state")
	}
	return Paths{
		Home:         home,
		Settings:     filepath.Join(xdg.ConfigHome, "podbay", "config.toml"),
		Credentials:  filepath.Join(xdg.ConfigHome, "podbay", "credentials"),
		KnownHosts:   filepath.Join(xdg.DataHome, "podbay", "known_hosts"),
		State:        state,
		SystemHosts:  systemHosts(runtime.GOOS),
		RunPodConfig: runPodConfig(home),
	}, nil
}

// PathsUnder returns paths that all lie below dir, for the demo and for tests.
func PathsUnder(dir string) Paths {
	home := filepath.Join(dir, "home")
	return Paths{
		Home:         home,
		Settings:     filepath.Join(dir, "podbay", "config.toml"),
		Credentials:  filepath.Join(dir, "podbay", "credentials"),
		KnownHosts:   filepath.Join(dir, "podbay", "known_hosts"),
		SystemHosts:  filepath.Join(dir, "etc", "ssh_known_hosts"),
		State:        filepath.Join(dir, "podbay", "state"),
		RunPodConfig: runPodConfig(home),
	}
}

// systemHosts is GlobalKnownHostsFile's first default, ssh_config(5).
func systemHosts(system string) string {
	if system == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "ssh", "ssh_known_hosts")
	}
	return "/etc/ssh/ssh_known_hosts"
}

func runPodConfig(home string) string { return filepath.Join(home, ".runpod", "config.toml") }

// maxFile is far above what any of these files holds, and bounds what a wrong
// path can make podbay read.
const maxFile = 1 << 20

var (
	errNotRegular = errors.New("it is not a regular file")
	errTooLarge   = errors.New("it is larger than 1 MiB")
)

// readFile reads a regular file up to maxFile. It never waits: a FIFO is
// refused before it is opened.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, info, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, info, pathless(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, info, pathless(err)
	}
	if len(data) > maxFile {
		return nil, info, errTooLarge
	}
	return data, info, nil
}

// pathless drops the path from an error whose sentence names it already.
func pathless(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
