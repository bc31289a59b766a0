package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"podbay/cli"
	"podbay/demo/api"
)

const apiKey = "rpa_CLITESTKEY"

// run executes podbay with files for standard streams, in a home of its own.
func run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name, text string) *os.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	std := cli.Streams{In: open("in", stdin), Out: open("out", ""), Err: open("err", "")}
	code = cli.Execute(t.Context(), args, std)
	read := func(f *os.File) string {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return code, read(std.Out), read(std.Err)
}

// account is a fake RunPod that podbay is pointed to, and a home without a key.
func account(t *testing.T, pods ...api.PodSpec) *api.Server {
	t.Helper()
	server, err := api.New(api.Options{Keys: []api.Key{{Secret: apiKey}}, Pods: pods})
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, home)
	}
	t.Setenv("PODBAY_API_URL", url)
	t.Setenv("RUNPOD_API_KEY", "")
	t.Setenv("SSH_AUTH_SOCK", "")
	return server
}

func TestListsWithoutATerminal(t *testing.T) {
	account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	for _, args := range [][]string{nil, {"ls"}} {
		code, stdout, stderr := run(t, "", args...)
		if code != 0 || !strings.Contains(stdout, "train") || !strings.Contains(stdout, "stopped") || stderr != "" {
			t.Errorf("podbay %v: %d\n%s%s", args, code, stdout, stderr)
		}
	}
	code, stdout, _ := run(t, "", "ls", "--json")
	var out struct {
		Pods []struct {
			ID      string
			Verdict struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || code != 0 || len(out.Pods) != 1 || out.Pods[0].Verdict.ID != "stopped" {
		t.Errorf("ls --json: %d %v\n%s", code, err, stdout)
	}
}

func TestLoginAndLogout(t *testing.T) {
	account(t)
	if code, _, stderr := run(t, "rpa_wrong\n", "login"); code != 77 || strings.Contains(stderr, "rpa_wrong") {
		t.Errorf("login with a wrong key: %d %s", code, stderr)
	}
	if code, stdout, stderr := run(t, apiKey+"\n", "login"); code != 0 || strings.Contains(stdout+stderr, apiKey) {
		t.Errorf("login: %d %s%s", code, stdout, stderr)
	}
	if code, stdout, _ := run(t, "", "ls"); code != 0 || !strings.HasPrefix(stdout, "no pods yet") {
		t.Errorf("ls after login: %d %s", code, stdout)
	}
	if code, _, _ := run(t, "", "logout"); code != 0 {
		t.Errorf("logout: %d", code)
	}
	if code, _, stderr := run(t, "", "ls"); code != 77 || !strings.Contains(stderr, "podbay login") {
		t.Errorf("ls after logout: %d %s", code, stderr)
	}
}

func TestWhatIsRegisteredMayNotBeKnown(t *testing.T) {
	account(t)
	if code, _, stderr := run(t, "", "keys", "create", "--no-passphrase"); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, _ := run(t, "", "keys")
	if code != 77 || !strings.Contains(stdout, "not known") || strings.Contains(stdout, "  no ") {
		t.Errorf("keys: %d\n%s", code, stdout)
	}
	if _, stdout, _ = run(t, "", "keys", "--json"); !strings.Contains(stdout, `"registered": null`) {
		t.Errorf("keys --json:\n%s", stdout)
	}
}

func TestErrorsAreOnePlainLine(t *testing.T) {
	server := account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	tests := []struct {
		args []string
		code int
	}{
		{[]string{"--nope"}, 64}, {[]string{"nope"}, 64}, {[]string{"ssh"}, 64}, {[]string{"ssh", "train"}, 64},
		{[]string{"ssh", "-J", "bastion", "train"}, 64}, {[]string{"ssh", "-o", "X=y", "train"}, 64},
		{[]string{"--api-url", "ftp://x", "ls"}, 64}, {[]string{"--api-url", "http://example.com", "ls"}, 64},
		{[]string{"--api-url", "https://rest.runpod.io/v1", "ls"}, 64}, {[]string{"--api-url", "x", "demo"}, 64},
		{[]string{"--debug", t.TempDir() + "/no/trace", "ls"}, 64},
	}
	for _, tt := range tests {
		code, stdout, stderr := run(t, "", tt.args...)
		if code != tt.code || stdout != "" || !strings.HasPrefix(stderr, "podbay: ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("podbay %v: %d, want %d\n%s%s", tt.args, code, tt.code, stdout, stderr)
		}
	}
	server.AddFault(api.Fault{Kind: api.FaultGarbage})
	if code, _, stderr := run(t, "", "ls"); code != 69 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("garbage: %d %s", code, stderr)
	}
}

func TestSettingsRoundTrip(t *testing.T) {
	account(t)
	t.Setenv("RUNPOD_API_KEY", apiKey)
	code, documented, stderr := run(t, "", "settings")
	if code != 0 || !strings.Contains(stderr, "config.toml") {
		t.Fatalf("settings: %d %s", code, stderr)
	}
	path := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "podbay", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(documented)
	if code, _, stderr := run(t, "", "ls"); code != 0 {
		t.Errorf("with the documented settings: %d %s", code, stderr)
	}
	write("refrehs = \"5s\"\n")
	if code, _, stderr := run(t, "", "ls"); code != 78 || !strings.Contains(stderr, "refresh") {
		t.Errorf("with a mistyped setting: %d %s", code, stderr)
	}
}

func TestDebugFileHoldsNoSecret(t *testing.T) {
	account(t, api.PodSpec{ID: "pod1", Env: map[string]string{"TOKEN": "hf_SECRETVALUE"}, Args: "--password hunter2"})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	trace := filepath.Join(t.TempDir(), "trace")
	if code, _, stderr := run(t, "", "--debug", trace, "ls"); code != 0 {
		t.Fatalf("ls: %d %s", code, stderr)
	}
	text, err := os.ReadFile(trace)
	if err != nil || !strings.Contains(string(text), "/v2/pods") {
		t.Fatalf("the trace lacks the call: %v\n%s", err, text)
	}
	for _, secret := range []string{apiKey, "hf_SECRETVALUE", "hunter2"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
	if info, err := os.Stat(trace); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the trace has mode %v (%v)", info.Mode(), err)
	}
}
