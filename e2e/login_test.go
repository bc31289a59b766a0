//go:build unix

package e2e

import (
	"os"
	"strings"
	"testing"

	"podbay/demo/api"
)

// paste types text as a terminal does that marks what is pasted.
func (p *program) paste(text string) { p.press("\x1b[200~" + text + "\x1b[201~") }

const wrongKey = "rpa_WRONG987654321"

// checkKept checks podbay's own file: one key for one origin, for the user alone.
func (w *world) checkKept(key string) {
	w.t.Helper()
	info, err := os.Stat(w.credentials())
	if err != nil {
		w.t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		w.t.Errorf("the credentials have the mode %v", info.Mode())
	}
	if text := contents(w.t, w.credentials()); !strings.Contains(text, key) || !strings.Contains(text, w.url) {
		w.t.Errorf("the credentials are\n%s", text)
	}
}

func TestTheFirstScreenAsksForAKey(t *testing.T) {
	w := newWorld(t)
	delete(w.env, "RUNPOD_API_KEY")
	w.pod("alpha")
	p := w.podbay()
	p.sees("Connect podbay to your RunPod account", "https://console.runpod.io/user/settings", "Paste the key")
	p.press(wrongKey)
	p.sees(strings.Repeat("*", len(wrongKey)))
	p.press(enter)
	p.sees("RunPod does not accept it")
	if _, err := os.Stat(w.credentials()); err == nil {
		t.Error("a key that was not accepted is kept")
	}
	p.paste(apiKey + "\n")
	p.press(enter)
	p.list("alpha")
	w.checkKept(apiKey)

	const next = "rpa_NEXT0123456789"
	w.api.SetKeys([]api.Key{{Secret: next}})
	p.press("r")
	p.sees("RunPod does not accept the key from")
	p.paste(next)
	p.press(enter)
	p.list("alpha")
	w.checkKept(next)
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	for _, secret := range []string{wrongKey, apiKey, next} {
		if strings.Contains(p.since(0), secret) {
			t.Errorf("the terminal was sent the key %s", secret)
		}
	}

	p = w.podbay() // nothing is asked again
	p.list("alpha")
	p.press(ctrlC)
	p.ends()

	delete(w.env, "RUNPOD_API_KEY")
	if got := w.run("", "logout"); got.code != 0 || strings.Contains(contents(t, w.credentials()), next) {
		t.Errorf("logout: %+v, and the credentials are\n%s", got, contents(t, w.credentials()))
	}
	p = w.podbay()
	p.sees("Connect podbay to your RunPod account")
	p.press(ctrlC)
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
}

func TestLoginAndLogout(t *testing.T) {
	w := newWorld(t)
	delete(w.env, "RUNPOD_API_KEY")
	w.add(api.PodSpec{Name: "stopped", Status: api.StatusExited})
	for _, c := range []struct {
		stdin string
		code  int
		says  string
	}{
		{wrongKey + "\n", 77, "does not accept"},
		{"", 77, "nothing was entered"},
		{"two words\n", 77, ""},
		{apiKey + "\r\n", 0, w.credentials()},
	} {
		got := w.run(c.stdin, "login")
		if got.code != c.code || !strings.Contains(got.out+got.err, c.says) {
			t.Errorf("login with %q: %+v", c.stdin, got)
		}
		if secret := strings.TrimSpace(c.stdin); secret != "" && strings.Contains(got.out+got.err, secret) {
			t.Errorf("login prints the key: %+v", got)
		}
		plain(t, got)
	}
	w.checkKept(apiKey)
	if got := w.run("", "ls"); got.code != 0 || !strings.Contains(got.out, "stopped") {
		t.Errorf("ls: %+v", got)
	}

	p := w.podbay("login") // in a terminal, without echo
	p.sees("RunPod API key")
	p.until("a terminal without echo", p.modesChanged)
	p.press(apiKey + "\r")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.text())
	}
	p.sane()
	if strings.Contains(p.since(0), apiKey) {
		t.Error("the key was shown")
	}

	if got := w.run("", "logout"); got.code != 0 {
		t.Errorf("logout: %+v", got)
	}
	if got := w.run("", "ls"); got.code != 77 {
		t.Errorf("ls after logout: %+v", got)
	}
	if got := w.run("", "logout"); got.code != 0 || !strings.Contains(got.out, "no key") {
		t.Errorf("a second logout: %+v", got)
	}
	w.env["RUNPOD_API_KEY"] = apiKey
	aside := w.write(".config/podbay/credentials.bad-1", "key", 0o600)
	w.wants(w.run("", "logout"), 0, "still finds a key in RUNPOD_API_KEY", aside+" may hold a key")
}

// TestKeysStayWithTheirOrigin has keys for other addresses than the one asked.
func TestKeysStayWithTheirOrigin(t *testing.T) {
	for name, text := range map[string]string{
		"runpodctl": "apikey = \"" + apiKey + "\"\napiurl = \"https://api.runpod.io/graphql\"\n",
		"runpod":    "[default]\napi_key = \"" + apiKey + "\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			delete(w.env, "RUNPOD_API_KEY")
			path := w.write(".runpod/config.toml", text, 0o644)
			before := tree(t, path)
			if got := w.run("", "ls"); got.code != 77 {
				t.Errorf("ls: %+v", got)
			}
			p := w.podbay()
			p.sees("Connect podbay to your RunPod account")
			p.press(ctrlC)
			p.ends()
			if got := w.run(apiKey, "login"); got.code != 0 {
				t.Errorf("login: %+v", got)
			}
			if got := w.run("", "logout"); got.code != 0 {
				t.Errorf("logout: %+v", got)
			}
			if after := tree(t, path); after[path] != before[path] {
				t.Errorf("RunPod's own file was %q and is %q", before[path], after[path])
			}
			if calls := w.api.Calls(); len(calls) != 1 { // login's
				t.Errorf("the API was called: %+v", calls)
			}
		})
	}
	t.Run("podbay", func(t *testing.T) {
		w, other := newWorld(t), newWorld(t)
		delete(w.env, "RUNPOD_API_KEY")
		if got := w.run(apiKey, "login"); got.code != 0 {
			t.Fatalf("login: %+v", got)
		}
		if got := w.run("", "ls", "--api-url", other.url); got.code != 77 {
			t.Errorf("ls: %+v", got)
		}
		if calls := other.api.Calls(); len(calls) > 0 {
			t.Errorf("another API was called: %+v", calls)
		}
	})
}
