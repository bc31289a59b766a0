// Package config is podbay's settings, the paths of its files, and where the
// API key comes from. It imports nothing of podbay.
package config

import (
	"errors"
	"time"
)

var errNotBuilt = errors.New("not built yet")

// Paths are the files and folders that podbay uses. All are absolute.
type Paths struct {
	Home         string // the user's home: ~/.ssh and ~/.runpod are below it
	Settings     string // config.toml, written by the user alone
	Credentials  string // podbay's own API key, 0600
	KnownHosts   string // podbay's own known_hosts, 0600
	State        string // folder of what podbay remembers
	RunPodConfig string // ~/.runpod/config.toml, RunPod's own CLI's: read, never written
}

// DefaultPaths returns the paths by the XDG rules of this system and the user's
// home.
func DefaultPaths() (Paths, error) { return Paths{}, errNotBuilt }

// PathsUnder returns paths that all lie below dir, for the demo and for tests.
func PathsUnder(dir string) Paths { return Paths{} }

// Settings is what the user may set in config.toml. Every field has a default,
// and the documented file lists all of them.
type Settings struct {
	APIURL       string        // api_url
	Refresh      time.Duration // refresh: how often the list is asked for
	ProbeTimeout time.Duration // probe_timeout
	Connect      time.Duration // connect_timeout
	KeepAlive    time.Duration // keepalive
	IdentityFile []string      // identity_file: key files to offer first
}

// Load reads the settings file; a missing one gives the defaults. A line that
// cannot be used is an error that names the file, the line, what is wrong and
// what is allowed there.
func Load(path string) (Settings, error) { return Settings{}, errNotBuilt }

// Documented is the settings file with every setting at its default and a
// comment for each: what README and "podbay --help" point to.
const Documented = ""

// KeySource tells where an API key was found.
type KeySource string

// The sources, in the order in which they are tried.
const (
	KeyFromEnv         KeySource = "RUNPOD_API_KEY"
	KeyFromCredentials KeySource = "credentials" // podbay's own file
	KeyFromRunPod      KeySource = "runpod"      // ~/.runpod/config.toml
)

// Secret is an API key. It prints as "[secret]".
type Secret string

// APIKey is a key and where it came from.
type APIKey struct {
	Key    Secret
	Source KeySource
	Path   string // the file; "" for the environment
}

// ErrNoAPIKey says that no source has a key for the origin.
var ErrNoAPIKey = errors.New("no API key")

// FindAPIKey returns the first key that may be sent to origin: the environment's;
// podbay's own, if it was checked against origin; RunPod's own CLI's, if origin
// is RunPod's. Without one it returns ErrNoAPIKey, wrapped with what was looked at.
func FindAPIKey(paths Paths, getenv func(string) string, origin string) (APIKey, error) {
	return APIKey{}, errNotBuilt
}

// SaveAPIKey keeps key in paths.Credentials, bound to origin: 0600, atomically,
// keys of other origins kept.
func SaveAPIKey(paths Paths, origin string, key Secret) error { return errNotBuilt }

// RemoveAPIKey removes the key bound to origin and reports whether there was one.
func RemoveAPIKey(paths Paths, origin string) (bool, error) { return false, errNotBuilt }
