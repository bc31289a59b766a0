//go:build unix

package e2e

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podbay/demo/api"
)

func TestWrongWords(t *testing.T) {
	w := newWorld(t)
	w.pod("alpha")
	for _, c := range []struct {
		args string
		says string
	}{
		{"nope", `unknown command "nope"`},
		{"nope", "podbay ssh nope"},
		{"sssh alpha", "did you mean podbay ssh?"},
		{"connect alpha", "did you mean podbay ssh?"},
		{"keys chekc", "did you mean podbay keys check?"},
		{"keys nope", "podbay keys --help"},
		{"--nope", "unknown flag"},
		{"ls --nope", "unknown flag"},
		{"ls alpha", "podbay ls takes no argument"},
		{"ssh", ""},
		{"ssh a b", ""},
		{"ssh alpha", "needs a terminal"},
		{"ssh -J jump alpha", "ssh -J jump"},
		{"ssh -o StrictHostKeyChecking=no alpha", "~/.ssh/config"},
		{"demo --api-url http://127.0.0.1:1", "--api-url"},
		{"ls --debug /nowhere/at/all", "/nowhere/at/all"},
		{"--api-url foo ls", "has no scheme"},
		{"--api-url http://api.runpod.io ls", "https://"},
		{"--api-url ftp://api.runpod.io ls", "https://"},
		{"--api-url https://user:hunter2@api.runpod.io ls", "user name or password"},
		{"--api-url https:// ls", "no host"},
		{"--api-url https://rest.runpod.io/v1 ls", "retired"},
		{"--api-url https://api.runpod.io/v2 ls", "path"},
		{"--api-url https://api.runpod.io?x=1 ls", "query"},
		{"--api-url https://api.runpod.io:99999 ls", "port"},
		{"--api-url https://api.runpod.io:x ls", ""},
		{"--api-url http://127.0.0.1.example.com ls", "https://"},
	} {
		got := w.run("", strings.Fields(c.args)...)
		if got.code != 64 || !strings.Contains(got.err, c.says) || got.out != "" {
			t.Errorf("podbay %s: %+v", c.args, got)
		}
		if strings.Contains(got.err, "hunter2") {
			t.Errorf("podbay %s: repeats a password: %q", c.args, got.err)
		}
		plain(t, got)
	}
	w.env["PODBAY_API_URL"] = "nonsense"
	if got := w.run("", "ls"); got.code != 64 || !strings.Contains(got.err, "PODBAY_API_URL") {
		t.Errorf("a wrong PODBAY_API_URL: %+v", got)
	}
}

func TestWrongSettings(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ line, says string }{
		{"refresh = \"1 fortnight\"", "refresh"},
		{"refresh = \"1s\"", "refresh"},
		{"refesh = \"5s\"", "refesh"},
		{"identity_file = \"x\"", "identity_file"},
		{"keepalive = 5", "keepalive"},
		{"= = =", "config.toml:2"},
	} {
		w.settings("# a comment", c.line)
		got := w.run("", "ls")
		if got.code != 78 || !strings.Contains(got.err, c.says) || !strings.Contains(got.err, "config.toml") {
			t.Errorf("%s: %+v", c.line, got)
		}
		plain(t, got)
		p := w.podbay()
		if code := p.ends(); code != 78 {
			t.Errorf("%s: exit code %d in a terminal", c.line, code)
		}
		p.sane()
	}
}

func TestAPIFaults(t *testing.T) {
	for name, fault := range map[string]api.Fault{
		"500":       {Kind: api.FaultStatus, Status: http.StatusInternalServerError},
		"503":       {Kind: api.FaultStatus, Status: http.StatusServiceUnavailable},
		"429":       {Kind: api.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: time.Hour},
		"404":       {Kind: api.FaultStatus, Status: http.StatusNotFound},
		"html":      {Kind: api.FaultStatus, Status: http.StatusBadGateway, Body: "<html>\x1b]0;owned\x07<h1>Bad gateway</h1></html>"},
		"garbage":   {Kind: api.FaultGarbage},
		"hostile":   {Kind: api.FaultGarbage, Body: `{"pods": "\u001b]0;owned\u0007"}`},
		"cut":       {Kind: api.FaultCut, CutAfter: 10},
		"dropped":   {Kind: api.FaultDrop},
		"elsewhere": {Kind: api.FaultStatus, Status: http.StatusFound, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.pod("alpha")
			remove := w.api.AddFault(fault)
			got := w.run("", "ls")
			if got.code != 69 || got.out != "" {
				t.Errorf("ls: %+v", got)
			}
			plain(t, got)

			p := w.podbay()
			p.sees("podbay tries again by itself")
			remove()
			p.press("r")
			p.ready(s)
			w.api.AddFault(fault)
			p.press("r")
			p.sees("as of", "ago:")
			p.list("alpha") // the last list stays
			p.press("q")
			if code := p.ends(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			p.sane()
			if strings.Contains(p.since(0), "owned\x07") {
				t.Error("the answer wrote to the terminal")
			}
		})
	}
}

func TestAnAPIThatHangsCanBeLeft(t *testing.T) {
	w := newWorld(t)
	w.api.AddFault(api.Fault{Kind: api.FaultHang})
	p := w.podbay()
	p.sees("asking RunPod for your pods")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()

	asked := make(chan struct{}, 8)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	p = w.podbay("ls", "--api-url", silent.URL)
	p.until("a call", func() bool { return len(asked) > 0 })
	p.press(ctrlC)
	if code := p.ends(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
}

func TestAForbiddenKey(t *testing.T) {
	w := newWorld(t)
	w.api.SetKeys([]api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopePodsRead}}})
	got := w.run("", "ls")
	if got.code == 0 || got.code == 1 {
		t.Errorf("ls: %+v", got)
	}
	plain(t, got)
	w.api.SetKeys([]api.Key{{Secret: "another"}})
	if got := w.run("", "ls"); got.code != 77 || !strings.Contains(got.err, "RUNPOD_API_KEY") {
		t.Errorf("ls with a key that is not accepted: %+v", got)
	}
}

func TestASOCKSProxyIsRefusedInWords(t *testing.T) {
	w := newWorld(t)
	w.env["HTTPS_PROXY"] = "socks5://127.0.0.1:1"
	got := w.run("", "--api-url", "https://api.runpod.io", "ls")
	if got.code != 69 || !strings.Contains(got.err, "SOCKS") || !strings.Contains(got.err, "http://") {
		t.Errorf("ls: %+v", got)
	}
	plain(t, got)
}

func TestHelpAndVersion(t *testing.T) {
	w := bare(t)
	help := w.run("", "--help")
	for _, code := range []string{"64", "66", "69", "76", "77", "78", "255", "128+n"} {
		if !strings.Contains(help.out, code) {
			t.Errorf("--help does not tell of exit code %s", code)
		}
	}
	for _, command := range []string{"", "demo", "ls", "ssh", "login", "logout", "settings", "version"} {
		got := w.run("", append(strings.Fields(command), "--help")...)
		if got.code != 0 || !strings.Contains(got.out, "USAGE") || got.err != "" {
			t.Errorf("%s --help: %+v", command, got)
		}
		if command != "" && !strings.Contains(help.out, command) {
			t.Errorf("--help does not name %s", command)
		}
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if got := w.run("", args...); got.code != 0 || !strings.HasPrefix(got.out, "podbay ") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	got := w.run("", "settings")
	if got.code != 0 || !strings.Contains(got.err, filepath.Join(w.env["XDG_CONFIG_HOME"], "podbay", "config.toml")) {
		t.Errorf("settings: %+v", got)
	}
	w.write(".config/podbay/config.toml", got.out, 0o600)
	w.env["RUNPOD_API_KEY"], w.env["PODBAY_API_URL"] = apiKey, w.url
	if got := w.run("", "ls"); got.code != 0 {
		t.Errorf("ls with the documented settings: %+v", got)
	}
}
