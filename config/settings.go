package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Settings is what the user may set in config.toml. Every field has a default,
// and the documented file lists all of them.
type Settings struct {
	APIURL       string        // api_url
	Refresh      time.Duration // refresh: how often the list is asked for
	ProbeTimeout time.Duration // probe_timeout: how long a pod's port may take to show an SSH banner
	Connect      time.Duration // connect_timeout: how long TCP, host key and login may take together
	KeepAlive    time.Duration // keepalive: how often a session asks for a sign of life
	KeepShells   string        // keep_shells: KeepAsk, KeepAlways or KeepNever
	Scrollback   bool          // scrollback: what kept shells print stays in the terminal's scrollback
	// Preconnect: podbay may log in ahead to a pod that is looked at, and keeps the
	// connection of a shell that has ended for a while. PreconnectAgent: also with a
	// key of the agent.
	Preconnect      bool     // preconnect
	PreconnectAgent bool     // preconnect_agent
	IdentityFile    []string // identity_file: key files to offer first, absolute
}

// Whether shells are kept alive over a bad line, by tmux on the pod.
const (
	KeepAsk    = "ask" // once a pod
	KeepAlways = "always"
	KeepNever  = "never"
)

// DefaultSettings are the settings without a file.
func DefaultSettings() Settings {
	return Settings{
		APIURL:       runPodOrigin,
		Refresh:      5 * time.Second,
		ProbeTimeout: 3 * time.Second,
		Connect:      20 * time.Second,
		KeepAlive:    5 * time.Second,
		KeepShells:   KeepAsk,
		Scrollback:   true,
		Preconnect:   true,
	}
}

// Documented is the settings file with every setting at its default and a
// comment for each: what README and "podbay --help" point to.
const Documented = `# podbay's settings. Every line is optional; the values here are the defaults.
# Durations are written as "500ms", "5s" or "2m".

# Where RunPod's API answers. --api-url and PODBAY_API_URL go before it.
api_url = "https://api.runpod.io"

# How often the list of pods is asked for: 2s to 10m. podbay asks less often by
# itself when RunPod's quota would not last, when the list is megabytes long, and
# while nobody presses a key and nothing changes.
refresh = "5s"

# How long a pod's SSH port may take to answer when the list is drawn: 500ms to 30s.
probe_timeout = "3s"

# How long a connection may take until its shell is there: 2s to 5m.
connect_timeout = "20s"

# How often an open session checks that the pod still answers: 1s to 10s. A line
# that is silent for three of these, or for 15 s, is taken for lost.
keepalive = "5s"

# Whether shells are kept alive over a bad line, and can be left with ~d and come
# back to, by running them in the pod's tmux: "ask" (once a pod), "always", "never".
# Only over a direct connection, and where the pod has a tmux.
keep_shells = "ask"

# Whether what a kept shell prints stays in your terminal's own scrollback, as that
# of a plain shell does. With false it takes a screen of its own, which goes with it.
scrollback = true

# Whether podbay logs in ahead to a pod on which the cursor rests, so that enter opens
# the shell at once, and keeps the connection for a minute after a shell has ended. Only
# where a login succeeded since the pod's start, with the same key, from a file without
# a passphrase. The pod sees a login that may open no shell.
preconnect = true

# Whether that may use a key of the agent too, which may ask for a touch each time.
preconnect_agent = false

# Private key files to offer before those that podbay finds by itself, such as
# ["~/.ssh/runpod"]. Each begins with ~/ or is an absolute path.
identity_file = []
`

// setting is one line that config.toml may hold.
type setting struct {
	name string
	set  func(s *Settings, value any, home string) error
}

// known are the settings, in the order of the documented file.
func known() []setting {
	return []setting{
		{"api_url", func(s *Settings, v any, _ string) (err error) {
			s.APIURL, err = asURL(v)
			return err
		}},
		{"refresh", duration(2*time.Second, 10*time.Minute, func(s *Settings) *time.Duration { return &s.Refresh })},
		{"probe_timeout", duration(500*time.Millisecond, 30*time.Second, func(s *Settings) *time.Duration { return &s.ProbeTimeout })},
		{"connect_timeout", duration(2*time.Second, 5*time.Minute, func(s *Settings) *time.Duration { return &s.Connect })},
		{"keepalive", duration(time.Second, 10*time.Second, func(s *Settings) *time.Duration { return &s.KeepAlive })},
		{"keep_shells", oneOf([]string{KeepAsk, KeepAlways, KeepNever}, func(s *Settings) *string { return &s.KeepShells })},
		{"scrollback", func(s *Settings, v any, _ string) (err error) {
			s.Scrollback, err = asBool(v)
			return err
		}},
		{"preconnect", func(s *Settings, v any, _ string) (err error) {
			s.Preconnect, err = asBool(v)
			return err
		}},
		{"preconnect_agent", func(s *Settings, v any, _ string) (err error) {
			s.PreconnectAgent, err = asBool(v)
			return err
		}},
		{"identity_file", func(s *Settings, v any, home string) (err error) {
			s.IdentityFile, err = asFiles(v, home)
			return err
		}},
	}
}

// Load reads paths.Settings; a missing file gives the defaults. A line that
// cannot be used is an error that names the file, the line, what is wrong and
// what is allowed there. A leading ~ in identity_file is paths.Home.
func Load(paths Paths) (Settings, error) {
	data, _, err := readFile(paths.Settings)
	if errors.Is(err, fs.ErrNotExist) {
		return DefaultSettings(), nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("the settings %s cannot be read: %w: mend or remove the file", paths.Settings, err)
	}
	return parseSettings(data, paths)
}

func parseSettings(data []byte, paths Paths) (Settings, error) {
	var values map[string]any
	meta, err := toml.Decode(string(data), &values)
	if parseErr, ok := errors.AsType[toml.ParseError](err); ok {
		return Settings{}, fmt.Errorf("%s:%d: this is not TOML: %s: write lines such as refresh = \"5s\"",
			paths.Settings, parseErr.Position.Line, parseErr.Message)
	}
	if err != nil {
		return Settings{}, fmt.Errorf("%s: this is not TOML: %w: write lines such as refresh = \"5s\"", paths.Settings, err)
	}
	settings := DefaultSettings()
	for _, key := range meta.Keys() { // in the order of the file
		if err := setOne(&settings, key[0], values[key[0]], paths.Home); err != nil {
			return Settings{}, fmt.Errorf("%s:%d: %w", paths.Settings, lineOf(data, key[0]), err)
		}
	}
	return settings, nil
}

func setOne(s *Settings, name string, value any, home string) error {
	var names []string
	for _, k := range known() {
		if k.name == name {
			if err := k.set(s, value, home); err != nil {
				return fmt.Errorf("%s %w", name, err)
			}
			return nil
		}
		names = append(names, k.name)
	}
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("%q is not a setting: did you mean %s?", name, near)
	}
	return fmt.Errorf("%q is not a setting: there are %s", name, strings.Join(names, ", "))
}

func duration(low, high time.Duration, field func(*Settings) *time.Duration) func(*Settings, any, string) error {
	return func(s *Settings, value any, _ string) error {
		allowed := fmt.Sprintf("must be a duration in quotes from %q to %q", short(low), short(high))
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("is not text: it %s", allowed)
		}
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("is %q: it %s", text, allowed)
		}
		if d < low || d > high {
			return fmt.Errorf("is %q, which is out of range: it %s", text, allowed)
		}
		*field(s) = d
		return nil
	}
}

// short writes 10m0s as 10m, the way a user writes it.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}

func oneOf(words []string, field func(*Settings) *string) func(*Settings, any, string) error {
	return func(s *Settings, value any, _ string) error {
		text, ok := value.(string)
		if !ok || !slices.Contains(words, text) {
			return fmt.Errorf("must be one of %q", words)
		}
		*field(s) = text
		return nil
	}
}

func asBool(value any) (bool, error) {
	b, ok := value.(bool)
	if !ok {
		return false, errors.New("must be true or false, without quotes")
	}
	return b, nil
}

func asURL(value any) (string, error) {
	const allowed = `must be an address such as "https://api.runpod.io"`
	text, ok := value.(string)
	if !ok {
		return "", errors.New("is not text: it " + allowed)
	}
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		// The text is not shown: someone may have put a password into it.
		return "", errors.New("is not an address that can be used: it " + allowed)
	}
	return text, nil
}

func asFiles(value any, home string) ([]string, error) {
	const allowed = `must be key files in quotes, such as ["~/.ssh/runpod"]`
	if one, ok := value.(string); ok {
		value = []any{one}
	}
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("is not a list: it " + allowed)
	}
	var files []string
	for _, item := range list {
		text, ok := item.(string)
		if !ok || strings.TrimSpace(text) == "" {
			return nil, errors.New("has an item that is not a file name: it " + allowed)
		}
		path := expandHome(text, home)
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("has %q: each file must begin with ~/ or be an absolute path", text)
		}
		files = append(files, filepath.Clean(path))
	}
	return files, nil
}

func expandHome(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(home, rest)
	}
	if rest, ok := strings.CutPrefix(path, `~\`); ok && filepath.Separator == '\\' {
		return filepath.Join(home, rest)
	}
	return path
}

// lineOf finds the line on which a top-level key is set, or its table opened.
// The TOML library tells the position of errors of syntax alone.
func lineOf(data []byte, key string) int {
	name := regexp.QuoteMeta(key)
	pattern := regexp.MustCompile(`(?m)^[ \t\x{FEFF}]*\[*[ \t]*["']?` + name + `["']?[ \t]*[=.\]]`)
	at := pattern.FindIndex(data)
	if at == nil {
		return 1
	}
	return 1 + bytes.Count(data[:at[0]], []byte("\n"))
}
