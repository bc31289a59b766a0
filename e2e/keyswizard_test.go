//go:build unix

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// wrongAccount is an account with every mistake that the list holds, between
// valid keys of other people. meant are the people whose keys shall be there when
// all is mended.
func wrongAccount(t *testing.T, wrong ...mistake) (lines, kept []string, meant []person) {
	t.Helper()
	kept, meant = valid(t)
	lines = append(lines, kept[0])
	for _, m := range wrong {
		lines = append(lines, m.entries...)
		meant = append(meant, m.meant...)
		if m.name == "duplicate" {
			kept = append(kept, m.entries[0])
		}
	}
	return append(lines, kept[1], kept[2]), kept, meant
}

// agree answers the wizard's plans until it tries the key.
func (p *program) agree() {
	p.t.Helper()
	for range 3 {
		p.until("a change to agree to, or the proof", func() bool {
			return strings.Contains(p.words(), "y agree") || strings.Contains(p.words(), "[3 Proof]")
		})
		if strings.Contains(p.words(), "[3 Proof]") {
			return
		}
		shown := p.mark()
		p.press("y")
		p.until("an answer to the change", func() bool {
			return p.mark() > shown && strings.Contains(p.words(), "The keys as they were are kept in")
		})
	}
	p.sees("[3 Proof]")
}

// leaveWizard goes back from the proof, step by step, and leaves podbay.
func (p *program) leaveWizard() {
	p.t.Helper()
	for _, step := range []string{"[2 Account]", "[1 Identity]", "no pods yet"} {
		p.press(esc)
		p.sees(step)
	}
	p.press("q")
	if code := p.ends(); code != 0 {
		p.t.Errorf("exit code %d\n%s", code, p.text())
	}
}

// shell opens a shell on the list's selected pod, whose host key is not known.
func (p *program) shell(s *site) {
	p.t.Helper()
	p.list(s.name)
	mark := p.mark()
	p.press(enter)
	p.sees("Is this really " + s.name)
	p.answers("y")
	p.prints(mark, s.prompt())
	p.press("exit 7\r")
	p.sees("exit status 7")
	p.list(s.name)
}

// saysYes answers a question with y, which the footer then calls by name. A screen
// with consequences holds its keys until the keyboard has rested, and does not name
// them before that; the footer is the last line that is drawn.
func (p *program) saysYes(question, y string) {
	p.t.Helper()
	p.sees(question, "y "+y)
	p.press("y")
}

// unshown checks that the terminal was sent none of these.
func (p *program) unshown(secrets ...string) {
	p.t.Helper()
	p.drain()
	for _, secret := range secrets {
		if secret != "" && strings.Contains(p.since(0), secret) {
			p.t.Errorf("the terminal was sent the secret %q", secret)
		}
	}
}

func secrets(list []mistake) []string {
	found := []string{apiKey}
	for _, m := range list {
		found = append(found, m.secret)
	}
	return found
}

// An empty home, and an account on which everybody did something wrong.
func TestTheWizardMendsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	all := mistakes(t)
	lines, kept, people := wrongAccount(t, all...)
	w, pods := keyWorld(t, lines...)
	w.withoutKeys()

	p := w.podbay()
	p.sees("no pods yet")
	p.press("K")
	p.sees("There is no SSH key on this machine yet", "enter creates the key")
	if got := w.api.SSHKeys(); !slices.Equal(got, lines) {
		t.Errorf("something was sent before it was agreed to: %q", got)
	}
	p.press(enter)
	p.sees("Created ~/.ssh/id_ed25519", "this would change on RunPod", "A private key is registered", "[ Cancel ]")
	if got := w.api.SSHKeys(); !slices.Equal(got, lines) {
		t.Errorf("something was sent before it was agreed to: %q", got)
	}
	p.agree()
	me := w.mine("id_ed25519")
	w.checkAccount(kept, append(people, me)...)

	p.sees("No pod is running")
	p.press(enter)
	p.sees("[4 Done]", "What was done")
	s := w.created(pods, "alpha")
	p.press(enter)
	p.shell(s)
	s.letsIn(t, append(people, me)...)
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	p.unshown(append(secrets(all), me.secret(t))...)
	if got := w.run("", "keys"); got.code != 0 {
		t.Errorf("the wizard left something to do: %+v", got)
	}
}

// A home with a key, and "podbay keys setup".
func TestKeysSetupMendsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	all := mistakes(t)
	lines, kept, people := wrongAccount(t, all...)
	w, pods := keyWorld(t, lines...)
	me := w.mine("id_ed25519")

	p := w.podbay("keys", "setup")
	p.sees("[1 Identity]", "~/.ssh/id_ed25519", "not registered")
	p.press(enter)
	p.sees("this would change on RunPod")
	p.agree()
	w.checkAccount(kept, append(people, me)...)
	p.leaveWizard()
	p.sane()
	p.unshown(append(secrets(all), me.secret(t))...)

	s := w.created(pods, "alpha")
	p = w.podbay()
	p.shell(s)
	s.letsIn(t, append(people, me)...)
}

// Each mistake alone: most by the command line, which is the same code.
func TestEachMistakeAlone(t *testing.T) {
	byWizard := []string{"type missing", "glued", "fingerprint with a type", "duplicate"}
	for _, wrong := range mistakes(t) {
		t.Run(wrong.name, func(t *testing.T) {
			t.Parallel()
			lines, kept, people := wrongAccount(t, wrong)
			w, pods := keyWorld(t, lines...)
			me := w.mine("id_ed25519")
			people = append(people, me)
			if got := w.run("", "keys", "check"); got.code != 2 {
				t.Errorf("keys check: %+v", got)
			}
			if slices.Contains(byWizard, wrong.name) {
				p := w.podbay()
				p.sees("no pods yet")
				p.press("K")
				p.sees("[1 Identity]", "~/.ssh/id_ed25519", "not registered")
				p.press(enter)
				p.agree()
				p.leaveWizard()
				p.sane()
				p.unshown(apiKey, wrong.secret)
			} else {
				w.quiet(wrong.secret, 0, "keys", "add", "--yes")
				if !slices.Contains(w.api.SSHKeys(), kept[0]) {
					t.Errorf("add lost a key: %q", w.api.SSHKeys())
				}
				w.quiet(wrong.secret, 0, "keys", "fix", "--yes")
			}
			w.checkAccount(kept, people...)
			w.quiet(wrong.secret, 0, "keys")

			s := w.created(pods, "alpha")
			w.trust(s)
			p := w.podbay("ssh", "alpha")
			p.prints(0, s.prompt())
			p.press("exit 9\r")
			if code := p.ends(); code != 9 {
				t.Errorf("exit code %d\n%s", code, p.text())
			}
			s.letsIn(t, people...)
		})
	}
}

// quiet runs podbay and checks its exit code, and that it prints no secret.
func (w *world) quiet(secret string, code int, args ...string) output {
	w.t.Helper()
	got := w.run("", args...)
	if got.code != code {
		w.t.Errorf("%q: %+v", args, got)
	}
	for _, s := range []string{secret, apiKey} {
		if s != "" && strings.Contains(got.out+got.err, s) {
			w.t.Errorf("%q prints a secret: %+v", args, got)
		}
	}
	return got
}

// A fingerprint of a key that is here says which key was meant.
func TestAFingerprintOfAKeyThatIsHere(t *testing.T) {
	t.Parallel()
	w, pods := keyWorld(t)
	me := w.mine("id_ed25519")
	kept, people := valid(t)
	for _, entry := range []string{me.fingerprint(), "256 " + me.fingerprint() + " me@laptop (ED25519)", "ssh-ed25519 " + me.fingerprint()} {
		w.api.SetSSHKeys([]string{kept[0], entry, kept[1], kept[2]})
		p := w.podbay("keys", "setup")
		p.sees("[1 Identity]", "~/.ssh/id_ed25519", "not registered")
		p.press(enter)
		p.agree()
		p.leaveWizard()
		w.checkAccount(kept, append(people, me)...)
	}
	w.api.SetSSHKeys([]string{kept[0], me.fingerprint(), kept[1], kept[2]})
	w.quiet("", 0, "keys", "fix", "--yes")
	w.checkAccount(kept, append(people, me)...)
	s := w.created(pods, "alpha")
	s.letsIn(t, append(people, me)...)
}
