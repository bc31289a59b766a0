package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const testKey = "rpa_HUSHHUSHHUSH"

func noEnv(string) string { return "" }

func TestSecretNeverPrints(t *testing.T) {
	secret := Secret(" " + testKey + "\n")
	key := APIKey{Key: secret, Source: KeyFromEnv}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%t"} {
		fmt.Fprintf(&printed, verb+verb+verb, secret, key, &key)
	}
	slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "key", secret, "all", key)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "key", secret, "all", key)
	encoded, err := json.Marshal([]any{secret, key, &key})
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(encoded)
	printed.WriteString(errors.Join(fmt.Errorf("%w: %v", ErrNoAPIKey, secret)).Error() + secret.String())
	hex := fmt.Sprintf("%x", testKey)
	for _, leak := range []string{"HUSH", hex, strings.ToUpper(hex)} {
		if strings.Contains(printed.String(), leak) {
			t.Errorf("the key was printed: %s", printed.String())
		}
	}
	if !strings.Contains(printed.String(), "[secret]") || secret.Reveal() != testKey {
		t.Errorf("%s %q", printed.String(), secret.Reveal())
	}
}

func TestFindAPIKey(t *testing.T) {
	const other = "http://127.0.0.1:9"
	env := func(name string) string { return map[string]string{"RUNPOD_API_KEY": "  from-env\n"}[name] }
	blank := func(string) string { return " \t" }
	tests := []struct {
		name        string
		getenv      func(string) string
		credentials string
		runpod      string
		origin      string
		source      KeySource // "" for none
		key         string
	}{
		{"nothing", noEnv, "", "", runPodOrigin, "", ""},
		{"environment first", env, "[keys]\n\"https://api.runpod.io\" = \"own\"", "apikey='x'", runPodOrigin, KeyFromEnv, "from-env"},
		{"environment for any origin", env, "", "", other, KeyFromEnv, "from-env"},
		{"a blank environment is none", blank, "[keys]\n\"https://api.runpod.io\" = \" own \"", "", runPodOrigin, KeyFromCredentials, "own"},
		{"own before RunPod's", noEnv, "[keys]\n\"https://api.runpod.io\" = \"own\"", "apikey='x'", runPodOrigin, KeyFromCredentials, "own"},
		{"own of another origin", noEnv, "[keys]\n\"https://api.runpod.io\" = \"own\"", "", other, "", ""},
		{"a blank own key is none", noEnv, "[keys]\n\"https://api.runpod.io\" = \" \"", "apikey='x'", runPodOrigin, KeyFromRunPod, "x"},
		{"RunPod's, top level", noEnv, "", "apikey = \"rp\"\napiurl = \"https://rest.runpod.io/v1\"\n", runPodOrigin, KeyFromRunPod, "rp"},
		{"RunPod's, default", noEnv, "", "[default]\napi_key = \"rp\"\n[other]\napi_key=\"no\"", runPodOrigin, KeyFromRunPod, "rp"},
		{"RunPod's, both", noEnv, "", "apikey = \"top\"\n[default]\napi_key = \"rp\"\n", runPodOrigin, KeyFromRunPod, "top"},
		{"RunPod's, blank and default", noEnv, "", "apikey = \"\"\n[default]\napi_key = \"rp\"\n", runPodOrigin, KeyFromRunPod, "rp"},
		{"RunPod's, BOM and CRLF", noEnv, "", "\ufeffunknown = [1, {a = 2}]\r\n\r\napikey = \" rp \"\r\n", runPodOrigin, KeyFromRunPod, "rp"},
		{"RunPod's, odd types", noEnv, "", "apikey = 5\ndefault = \"x\"", runPodOrigin, "", ""},
		{"RunPod's goes to RunPod alone", noEnv, "", "apikey = \"rp\"", other, "", ""},
		{"RunPod's goes to no look-alike", noEnv, "", "apikey = \"rp\"", "https://api.runpod.io.evil.example", "", ""},
		{"RunPod's is broken", noEnv, "", "x = 1\napikey = rpa_HUSH", runPodOrigin, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths := PathsUnder(t.TempDir())
			if tt.credentials != "" {
				writeFile(t, paths.Credentials, tt.credentials, 0o600)
			}
			if tt.runpod != "" {
				writeFile(t, paths.RunPodConfig, tt.runpod, 0o644)
			}
			got, err := FindAPIKey(paths, tt.getenv, tt.origin)
			if tt.source == "" {
				if !errors.Is(err, ErrNoAPIKey) {
					t.Fatalf("got %+v, %v", got, err)
				}
				wantError(t, err, "podbay login", "RUNPOD_API_KEY")
				wantNoKey(t, err)
				return
			}
			wantPath := map[KeySource]string{KeyFromCredentials: paths.Credentials, KeyFromRunPod: paths.RunPodConfig}[tt.source]
			if err != nil || got.Key.Reveal() != tt.key || got.Source != tt.source || got.Path != wantPath {
				t.Errorf("got %q from %s %s, %v", got.Key.Reveal(), got.Source, got.Path, err)
			}
		})
	}
}

func wantNoKey(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), "HUSH") {
		t.Errorf("the key is in the error: %s", err)
	}
}

func TestFindAPIKeyTrustsNoOpenOrBrokenCredentials(t *testing.T) {
	good := "[keys]\n\"https://api.runpod.io\" = \"" + testKey + "\"\n"
	tests := []struct {
		name, text string
		mode       os.FileMode
		words      []string
	}{
		{"readable by the group", good, 0o640, []string{"open to other users (mode 0640)", "chmod 600"}},
		{"writable by all", good, 0o602, []string{"chmod 600"}},
		{"not TOML", "x = 1\n" + testKey, 0o600, []string{"not valid TOML at line 2", "podbay login"}},
		{"a key without quotes", "[keys]\na = " + testKey, 0o600, []string{"not valid TOML at line 2"}},
		{"a wrong type", "[keys]\n\"https://api.runpod.io\" = [\"" + testKey + "\"]", 0o600, []string{"not valid TOML"}},
		{"another layout", "api_key = \"" + testKey + "\"", 0o600, []string{"did not write"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths := PathsUnder(t.TempDir())
			writeFile(t, paths.Credentials, tt.text, tt.mode)
			writeFile(t, paths.RunPodConfig, "apikey = \"another account's\"", 0o600)
			got, err := FindAPIKey(paths, noEnv, runPodOrigin)
			if !errors.Is(err, ErrNoAPIKey) {
				t.Fatalf("got %+v, %v", got, err)
			}
			wantError(t, err, append(tt.words, paths.Credentials)...)
			wantNoKey(t, err)
		})
	}
}

func TestSaveAndRemove(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	const other = "http://127.0.0.1:8080"
	for origin, key := range map[string]Secret{runPodOrigin: " " + testKey + "\n", other: "o\"'\\ther"} {
		if err := SaveAPIKey(paths, origin, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := SaveAPIKey(paths, other, "second"); err != nil {
		t.Fatal(err)
	}
	wantKey(t, paths, runPodOrigin, testKey)
	wantKey(t, paths, other, "second")
	wantMode(t, paths.Credentials, 0o600)
	wantMode(t, filepath.Dir(paths.Credentials), 0o700)

	if removed, err := RemoveAPIKey(paths, runPodOrigin); !removed || err != nil {
		t.Fatalf("removed %v, %v", removed, err)
	}
	if removed, err := RemoveAPIKey(paths, runPodOrigin); removed || err != nil {
		t.Fatalf("removed again %v, %v", removed, err)
	}
	if _, err := FindAPIKey(paths, noEnv, runPodOrigin); !errors.Is(err, ErrNoAPIKey) {
		t.Errorf("after removal: %v", err)
	}
	wantKey(t, paths, other, "second")
	text, err := os.ReadFile(paths.Credentials)
	if err != nil || strings.Contains(string(text), testKey) {
		t.Errorf("%v: the key is still in the file", err)
	}
}

func wantKey(t *testing.T, paths Paths, origin, want string) {
	t.Helper()
	got, err := FindAPIKey(paths, noEnv, origin)
	if err != nil || got.Key.Reveal() != want {
		t.Errorf("%s: got %q, %v; want %q", origin, got.Key.Reveal(), err, want)
	}
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %04o, want %04o", path, got, want)
	}
}

func TestSaveRefusesAnEmptyKey(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	wantError(t, SaveAPIKey(paths, runPodOrigin, " \n"), "empty")
	if _, err := os.Stat(filepath.Dir(paths.Credentials)); err == nil {
		t.Error("a folder was made")
	}
}

func TestRemoveWithoutFileWritesNothing(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	if removed, err := RemoveAPIKey(paths, runPodOrigin); removed || err != nil {
		t.Errorf("%v, %v", removed, err)
	}
	if _, err := os.Stat(filepath.Dir(paths.Credentials)); err == nil {
		t.Error("a folder was made")
	}
}

func TestSaveNarrowsAnOpenFile(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	writeFile(t, paths.Credentials, "[keys]\nx = \"y\"\n", 0o644)
	if err := SaveAPIKey(paths, runPodOrigin, testKey); err != nil {
		t.Fatal(err)
	}
	wantMode(t, paths.Credentials, 0o600)
	wantKey(t, paths, "x", "y")
}

func TestSaveKeepsWhatItCannotReadBeside(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	for i, text := range []string{"not toml", "other = 1"} {
		writeFile(t, paths.Credentials, text, 0o644)
		if err := SaveAPIKey(paths, runPodOrigin, testKey); err != nil {
			t.Fatal(err)
		}
		wantKey(t, paths, runPodOrigin, testKey)
		kept, err := filepath.Glob(paths.Credentials + ".bad-*")
		if err != nil || len(kept) != i+1 {
			t.Fatalf("kept %v, %v", kept, err)
		}
		found := false
		for _, path := range kept {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			found = found || string(data) == text
			wantMode(t, path, 0o600)
		}
		if !found {
			t.Errorf("%q is lost", text)
		}
	}
}

func TestRemoveLeavesWhatItCannotRead(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	writeFile(t, paths.Credentials, "x = "+testKey, 0o600)
	_, err := RemoveAPIKey(paths, runPodOrigin)
	wantError(t, err, paths.Credentials, "remove the file yourself")
	wantNoKey(t, err)
	if data, err := os.ReadFile(paths.Credentials); err != nil || string(data) != "x = "+testKey {
		t.Errorf("%q, %v", data, err)
	}
}

func TestSaveFollowsALink(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	behind := filepath.Join(t.TempDir(), "dotfiles", "credentials")
	writeFile(t, behind, "", 0o600)
	if err := os.MkdirAll(filepath.Dir(paths.Credentials), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(behind, paths.Credentials); err != nil {
		t.Fatal(err)
	}
	if err := SaveAPIKey(paths, runPodOrigin, testKey); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(paths.Credentials); err != nil || to != behind {
		t.Errorf("the link is gone: %q, %v", to, err)
	}
	if data, err := os.ReadFile(behind); err != nil || !strings.Contains(string(data), testKey) {
		t.Errorf("the key is not behind the link: %v", err)
	}
	if err := os.Remove(behind); err != nil {
		t.Fatal(err)
	}
	wantError(t, SaveAPIKey(paths, runPodOrigin, testKey), "link to a file that does not exist", "remove the link")
}

func TestSavesSideBySideLoseNothing(t *testing.T) {
	paths := PathsUnder(t.TempDir())
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := SaveAPIKey(paths, fmt.Sprintf("http://127.0.0.1:%d", 1000+i), Secret(fmt.Sprint("key", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 20 {
		wantKey(t, paths, fmt.Sprintf("http://127.0.0.1:%d", 1000+i), fmt.Sprint("key", i))
	}
}

func FuzzKeyFiles(f *testing.F) {
	f.Add([]byte("apikey = \"rpa_HUSH\"\n"))
	f.Add([]byte("\ufeff[default]\r\napi_key = \"rpa_HUSH\"\r\n"))
	f.Add([]byte("[keys]\n\"https://api.runpod.io\" = rpa_HUSH\n"))
	f.Add([]byte("rpa_HUSH"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := parseRunPodConfig(data)
		if err == nil && key.Reveal() == "" {
			t.Error("an empty key was found")
		}
		_, ownErr := parseCredentials(data)
		for _, err := range []error{err, ownErr} {
			wantNoKey(t, err)
		}
	})
}
