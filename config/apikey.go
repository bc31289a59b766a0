package config

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"github.com/BurntSushi/toml"
)

// KeySource tells where an API key was found.
type KeySource string

// The sources, in the order in which they are tried.
const (
	KeyFromEnv         KeySource = "RUNPOD_API_KEY"
	KeyFromCredentials KeySource = "credentials" // podbay's own file
	KeyFromRunPod      KeySource = "runpod"      // ~/.runpod/config.toml
)

// APIKey is a key and where it came from.
type APIKey struct {
	Key    Secret
	Source KeySource
	Path   string // the file; "" for the environment
}

// ErrNoAPIKey says that no source has a key for the origin.
var ErrNoAPIKey = errors.New("no API key")

// ErrCredentials says that podbay's own credentials file is there and cannot be
// trusted or read; the error that wraps it says why, and how to mend it.
var ErrCredentials = errors.New("the credentials file is not used")

// FindAPIKey returns the first key that may be sent to origin, which is in the
// form that runpod.CheckBaseURL returns: the environment's; podbay's own, if it
// was checked against origin; RunPod's own CLI's, if origin is RunPod's.
//
// Without one it returns ErrNoAPIKey, wrapped with what was looked at. A
// credentials file of podbay's that cannot be trusted or read ends the search
// with ErrNoAPIKey, ErrCredentials and the reason: RunPod's own file may belong to another
// account, and must not step in unnoticed.
func FindAPIKey(paths Paths, getenv func(string) string, origin string) (APIKey, error) {
	if key := strings.TrimSpace(getenv(string(KeyFromEnv))); key != "" {
		return APIKey{Key: Secret(key), Source: KeyFromEnv}, nil
	}
	keys, err := readTrusted(paths.Credentials)
	if err != nil {
		return APIKey{}, fmt.Errorf("%w: %w: %w", ErrNoAPIKey, ErrCredentials, err)
	}
	if key := strings.TrimSpace(keys[origin]); key != "" {
		return APIKey{Key: Secret(key), Source: KeyFromCredentials, Path: paths.Credentials}, nil
	}
	looked := fmt.Sprintf("RUNPOD_API_KEY is not set, %s has none", paths.Credentials)
	if origin == runPodOrigin {
		key, err := readRunPodKey(paths.RunPodConfig)
		if err == nil {
			return APIKey{Key: key, Source: KeyFromRunPod, Path: paths.RunPodConfig}, nil
		}
		looked += fmt.Sprintf(", %s %s", paths.RunPodConfig, err)
	}
	return APIKey{}, fmt.Errorf("%w for %s: %s: run podbay login or set RUNPOD_API_KEY", ErrNoAPIKey, origin, looked)
}

// readTrusted reads podbay's credentials file as OpenSSH reads a private key:
// not at all when others could have read it. A missing file has no keys.
func readTrusted(path string) (map[string]string, error) {
	data, info, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w: run podbay login to make it anew", path, err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s is open to other users (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	keys, err := parseCredentials(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w: run podbay login to make it anew", path, err)
	}
	return keys, nil
}

var errHasNone = errors.New("has none")

// readRunPodKey reads the key that RunPod's own tools keep. Its error continues
// a sentence that begins with the path.
func readRunPodKey(path string) (Secret, error) {
	data, _, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errHasNone
	}
	if err != nil {
		return "", fmt.Errorf("cannot be read (%w)", err)
	}
	return parseRunPodConfig(data)
}

// parseRunPodConfig finds the key in either of the two schemas that RunPod's
// tools write: a top-level apikey, or api_key below [default].
func parseRunPodConfig(data []byte) (Secret, error) {
	var file map[string]any
	if _, err := toml.Decode(string(data), &file); err != nil {
		return "", notTOML(err)
	}
	table, _ := file["default"].(map[string]any)
	for _, value := range []any{file["apikey"], table["api_key"]} {
		if text, ok := value.(string); ok && strings.TrimSpace(text) != "" {
			return Secret(strings.TrimSpace(text)), nil
		}
	}
	return "", errHasNone
}

// notTOML tells the line of a syntax error and nothing else of it: the library's
// own words quote the text around, which may be a key.
func notTOML(err error) error {
	if parseErr, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf("is not valid TOML at line %d", parseErr.Position.Line)
	}
	return errors.New("is not valid TOML")
}
