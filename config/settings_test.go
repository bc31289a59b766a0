package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func writeSettings(t *testing.T, text string) Paths {
	t.Helper()
	paths := PathsUnder(t.TempDir())
	writeFile(t, paths.Settings, text, 0o644)
	return paths
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func TestLoadWithoutFileGivesDefaults(t *testing.T) {
	got, err := Load(PathsUnder(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultSettings(), got); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentedIsTheDefaultsAndComplete(t *testing.T) {
	got, err := Load(writeSettings(t, Documented))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultSettings(), got); diff != "" {
		t.Error(diff)
	}
	for _, k := range known() {
		if !strings.Contains(Documented, "\n"+k.name+" = ") {
			t.Errorf("%s is not documented", k.name)
		}
	}
	if fields := reflect.TypeFor[Settings]().NumField(); fields != len(known()) {
		t.Errorf("%d fields, %d settings", fields, len(known()))
	}
}

func TestLoadEveryField(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	paths := writeSettings(t, "\ufeff# mine\r\napi_url = \"http://127.0.0.1:8080\"\r\nrefresh = \"1m30s\"\r\n"+
		"probe_timeout = \"500ms\"\r\nconnect_timeout = \"5m\"\r\nkeepalive = \"10s\"\r\nkeep_shells = \"never\"\r\nscrollback = false\r\n"+
		"preconnect = false\r\npreconnect_agent = true\r\n"+
		"identity_file = [\"~/.ssh/runpod\", '"+key+"']\r\n")
	got, err := Load(paths)
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{
		APIURL: "http://127.0.0.1:8080", Refresh: 90 * time.Second, ProbeTimeout: 500 * time.Millisecond,
		Connect: 5 * time.Minute, KeepAlive: 10 * time.Second,
		KeepShells: KeepNever, PreconnectAgent: true,
		IdentityFile: []string{filepath.Join(paths.Home, ".ssh", "runpod"), key},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if reflect.ValueOf(got).NumField() != 10 {
		t.Error("a new field is not in this test")
	}
}

func TestLoadOneIdentityFileAsText(t *testing.T) {
	paths := writeSettings(t, `identity_file = "~/k"`)
	got, err := Load(paths)
	if err != nil || len(got.IdentityFile) != 1 || got.IdentityFile[0] != filepath.Join(paths.Home, "k") {
		t.Errorf("got %q, %v", got.IdentityFile, err)
	}
}

func TestLoadErrorsNameLineCauseAndWhatIsAllowed(t *testing.T) {
	tests := []struct {
		name, text string
		line       string
		words      []string
	}{
		{"misspelt", "# a\n\nrefrsh = \"5s\"", ":3:", []string{`"refrsh" is not a setting`, "did you mean refresh?"}},
		{"with a dash", "keep_alive = \"5s\"", ":1:", []string{"did you mean keepalive?"}},
		{"nothing near", "colour = \"red\"", ":1:", []string{`"colour" is not a setting`, "there are api_url, refresh,"}},
		{"another case", "Refresh = \"5s\"", ":1:", []string{"did you mean refresh?"}},
		{"quoted name", "refresh = \"5s\"\n\"re fresh\" = 1", ":2:", []string{"did you mean refresh?"}},
		{"a table", "refresh = \"5s\"\n[pods]\nx = 1", ":2:", []string{`"pods" is not a setting`}},
		{"a dotted name", "pods.refresh = \"5s\"", ":1:", []string{`"pods" is not a setting`}},
		{"a number", "\nrefresh = 5", ":2:", []string{"refresh is not text", `"2s" to "10m"`}},
		{"no unit", "refresh = \"5\"", ":1:", []string{`refresh is "5"`, `"2s" to "10m"`}},
		{"too often", "refresh = \"1s\"", ":1:", []string{"out of range", `"2s" to "10m"`}},
		{"negative", "probe_timeout = \"-3s\"", ":1:", []string{"out of range", `"500ms" to "30s"`}},
		{"overflow", "keepalive = \"9999999h\"", ":1:", []string{"keepalive", `"1s" to "10s"`}},
		{"a list", "connect_timeout = [\"5s\"]", ":1:", []string{"connect_timeout is not text", `"2s" to "5m"`}},
		{"a table for a duration", "[refresh]\nx = 1", ":1:", []string{"refresh is not text"}},
		{"an address without a scheme", "api_url = \"api.runpod.io\"", ":1:", []string{"api_url", "https://api.runpod.io"}},
		{"an empty address", "api_url = \" \"", ":1:", []string{"api_url", "https://api.runpod.io"}},
		{"an address with a password", "api_url = \"https://u:hunter2@x.io\"", ":1:", []string{"api_url"}},
		{"a relative file", "identity_file = [\"keys/a\"]", ":1:", []string{`"keys/a"`, "~/ or be an absolute path"}},
		{"another user's file", "identity_file = [\"~bob/a\"]", ":1:", []string{"~/ or be an absolute path"}},
		{"a number for a file", "identity_file = [1]", ":1:", []string{"not a file name"}},
		{"a table for files", "identity_file = {a=1}", ":1:", []string{"not a list"}},
		{"twice", "refresh = \"5s\"\nrefresh = \"6s\"", ":2:", []string{"not TOML"}},
		{"no quotes", "# x\nrefresh = 5s", ":2:", []string{"not TOML", "refresh = \"5s\""}},
		{"the first bad line is named", "refresh = \"5s\"\nkeepalive = 1\nrefrsh = 1", ":2:", []string{"keepalive"}},
		{"utf-16", "\xff\xfer\x00=\x001\x00", "", []string{"not TOML"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths := writeSettings(t, tt.text)
			_, err := Load(paths)
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if !strings.HasPrefix(text, paths.Settings+tt.line) {
				t.Errorf("%q does not begin with the file and %q", text, tt.line)
			}
			for _, word := range tt.words {
				if !strings.Contains(text, word) {
					t.Errorf("%q does not say %q", text, word)
				}
			}
			if strings.Contains(text, "hunter2") || strings.Contains(text, "\n") {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	t.Run("a folder", func(t *testing.T) {
		paths := PathsUnder(t.TempDir())
		if err := os.MkdirAll(paths.Settings, 0o700); err != nil {
			t.Fatal(err)
		}
		wantError(t, loadError(paths), paths.Settings, "not a regular file", "mend or remove")
	})
	t.Run("too large", func(t *testing.T) {
		paths := writeSettings(t, strings.Repeat("#", maxFile+1))
		wantError(t, loadError(paths), paths.Settings, "larger than 1 MiB")
	})
}

func loadError(paths Paths) error {
	_, err := Load(paths)
	return err
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestAPIURLPrecedence(t *testing.T) {
	tests := []struct{ flag, env, setting, want, from string }{
		{"a", "b", "c", "a", "--api-url"},
		{" ", "b", "c", "b", "PODBAY_API_URL"},
		{"", " \n", "c", "c", "api_url"},
		{"", "", "", "https://api.runpod.io", "api_url"},
	}
	for _, tt := range tests {
		getenv := func(name string) string {
			if name != "PODBAY_API_URL" {
				t.Errorf("%s was asked for", name)
			}
			return tt.env
		}
		got, from := APIURL(tt.flag, getenv, Settings{APIURL: tt.setting})
		if got != tt.want || from != tt.from {
			t.Errorf("%+v: got %q from %q", tt, got, from)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(Documented))
	f.Add([]byte("refresh = 5s"))
	f.Add([]byte("[[refresh]]\n\"a.b\".c = {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSettings(data, PathsUnder("/x"))
		if err == nil && (s.Refresh < 2*time.Second || s.Refresh > 10*time.Minute || s.APIURL == "") {
			t.Errorf("%+v", s)
		}
	})
}
