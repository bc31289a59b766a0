//go:build unix

package e2e

import (
	"context"
	"strings"
	"testing"

	"podbay/demo"
)

// newcomerKeys is how many key presses it takes at most from an API key and an
// empty home to a prompt on a pod, the passphrase aside.
const newcomerKeys = 8

// counting counts the key presses of a program.
type counting struct {
	*program
	count int
}

// types presses keys one at a time, each when the screen asks for it.
func (c *counting) types(key, sees string) {
	c.t.Helper()
	c.sees(sees)
	c.press(key)
	c.count++
}

// agrees says yes to a question.
func (c *counting) agrees(question, y string) {
	c.t.Helper()
	c.saysYes(question, y)
	c.count++
}

func (c *counting) check(w *world) {
	c.t.Helper()
	if c.count > newcomerKeys {
		c.t.Errorf("it took %d key presses, and should take %d at most", c.count, newcomerKeys)
	}
	c.t.Logf("%d key presses", c.count)
	c.unshown(w.mine("id_ed25519").secret(c.t))
}

// demoHome is an empty home, with the API key of a demo in the environment. No
// pod of the demo has this home's key: they were created before there was one.
func demoHome(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	d, err := demo.Start(t.Context(), demo.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	w.withoutKeys()
	w.env["RUNPOD_API_KEY"], w.env["PODBAY_API_URL"] = d.APIKey, d.BaseURL
	w.settings(`keep_shells = "ask"`)
	return w
}

// The newcomer's count, on the demo's ready pod, which runs since before the key
// was registered:
//
//	enter   on the ready pod: there is no key, so the wizard comes
//	enter   create ~/.ssh/id_ed25519, without a passphrase
//	enter   register it
//	a       the pod's log lists its host key, and the pod does not take ours: add it
//	        through RunPod's proxy
//	y       type the command that is shown into the proxy's shell
//	y       trust the proxy's host key; the key is added, and a login proves it
//	enter   open a shell
func TestTheNewcomersCount(t *testing.T) {
	t.Parallel()
	w := demoHome(t)
	p := &counting{program: w.podbay()}
	p.list("axolotl-finetune")
	p.types(enter, "ready ")
	p.types(enter, "enter creates the key")
	p.types(enter, "enter register")
	p.types("a", "add it through RunPod's proxy")
	p.agrees("authorized_keys", "add the key")
	p.agrees("Is this really RunPod's proxy?", "trust this key")
	mark := p.mark()
	p.types(enter, "[ Open a shell on axolotl-finetune ]")
	p.demoShell(mark, "axolotl-finetune")
	p.check(w)
	p.press("exit 3\r")
	p.sees("exit status 3")
	p.list("axolotl-finetune")
	mark = p.mark()
	p.press(enter) // and from now on, but for a question that is asked once
	p.sees("Keep shells on axolotl-finetune alive?")
	p.answers(enter)
	p.demoShell(mark, "axolotl-finetune")
}

// The same with a pod that is created after the key was registered, which gets it
// from RunPod:
//
//	K       the wizard
//	enter   create ~/.ssh/id_ed25519, without a passphrase
//	enter   register it
//	enter   no pod is running: go on
//	enter   back to the list; the pod is created
//	enter   on the pod
//	y       trust its host key
//	enter   keep its shells alive over a bad line
func TestTheNewcomersCountOnANewPod(t *testing.T) {
	t.Parallel()
	w, pods := keyWorld(t)
	w.withoutKeys()
	w.settings(`keep_shells = "ask"`)
	p := &counting{program: w.podbay()}
	p.types("K", "no pods yet")
	p.types(enter, "enter creates the key")
	p.types(enter, "enter register")
	p.types(enter, "No pod is running")
	p.sees("What was done")
	s := w.created(pods, "alpha")
	p.types(enter, "[ Back to the list ]")
	p.list("alpha")
	mark := p.mark()
	p.types(enter, "alpha")
	p.agrees("Is this really alpha?", "trust this key")
	p.sees("Keep shells on alpha alive?")
	p.answers(enter)
	p.count++
	p.prints(mark, s.prompt())
	p.check(w)
	if text := strings.Join(w.api.SSHKeys(), "\n"); !strings.Contains(text, w.mine("id_ed25519").blob()) {
		t.Errorf("registered are:\n%s", text)
	}
}
