//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/internal/opensshd"
)

// What a newcomer reads who was refused: the cause, and the key that removes it.
func TestARefusedLoginNamesItsCauseAt80x24(t *testing.T) {
	p := bare(t).demo()
	p.resize(80, 24)
	p.find("mistral-eval")
	p.press(enter)
	p.sees("Is this really mistral-eval?")
	p.answers("y")
	cause := []string{"No shell on mistral-eval", "The pod's PUBLIC_KEY holds other keys and not yours", "What to do",
		"Add your public key to the running pod", "[ a Add the key to the pod ]", "p Use RunPod's proxy"}
	p.sees(cause...)
	p.press(esc)
	p.list("mistral-eval")
	p.press("c") // the check-up finds the same
	p.sees(cause...)
	p.answers("a")
	p.sees("[3 Proof]", "mistral-eval", "a add it through")
	p.press("a") // the command that would be typed, first
	p.sees("Add the key to mistral-eval?", "authorized_keys")
}

func TestAKeyThatOthersCanReadIsMendedByOneKeyPress(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	key := filepath.Join(w.home, ".ssh/id_ed25519")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	p := w.podbay()
	p.until("the pod measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 1 })
	p.press(enter)
	p.sees("No shell on alpha", "0644", "Let podbay set its mode to 0600", "m Mend the key file and connect")
	mark := p.mark()
	p.answers("m")
	p.prints(mark, s.prompt())
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v (%v)", info.Mode(), err)
	}
	p.press("exit\r")
	p.list("alpha")
}

func TestCheckUpOfAPodThatIsReady(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay()
	p.list("alpha")
	p.press("c")
	p.sees("Check-up of alpha", "the server: took a login as root", "[ r Connect ]")
	mark := p.mark()
	p.answers(enter)
	p.prints(mark, s.prompt())
	p.press("exit\r")
	p.list("alpha")
}

func TestASessionWithoutATerminalSaysWhy(t *testing.T) {
	w := newWorld(t)
	sshd := opensshd.Start(t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{w.key}, ExtraConfig: []string{"PermitTTY no"}})
	w.at("alpha", sshd.Addr)
	w.trust(&site{id: podID("alpha"), sshd: sshd})
	p := w.podbay()
	p.until("the pod measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 1 })
	p.press(enter)
	p.sees("The shell on alpha", "refused a terminal (PTY)", "PermitTTY", "o Open RunPod's console")
	p.answers("o")
	p.sees("console.runpod.io/pods?id=" + podID("alpha"))
	p.press(esc)
	p.list("alpha")
	p.sees("✕ no terminal")
}

// The row, the details, the screen, podbay doctor and podbay ls say the same.
func TestOneVerdictOnEveryFace(t *testing.T) {
	w := newWorld(t)
	ready, strict := w.pod("alpha"), w.pod("strict")
	w.trust(ready, strict)
	strict.sshd.Authorize(newPerson(t, "somebody").signer.PublicKey())
	type verdict struct{ ID, Word, Sentence string }
	var doctor struct {
		Account verdict
		Pods    []struct {
			Name    string
			Verdict verdict
		}
	}
	got := w.run("", "doctor", "--json")
	if err := json.Unmarshal([]byte(got.out), &doctor); err != nil || got.code != 2 || len(doctor.Pods) != 2 || doctor.Account.ID != "account-ready" {
		t.Fatalf("doctor --json: %d %v %s%s", got.code, err, got.out, got.err)
	}
	if doctor.Pods[0].Verdict.ID != "ready" {
		t.Errorf("alpha: %+v", doctor.Pods[0])
	}
	refused := doctor.Pods[1].Verdict
	if one := w.run("", "doctor", "strict"); one.code != 2 || !strings.Contains(one.out, refused.ID) || !strings.Contains(one.out, refused.Sentence) || !strings.Contains(one.out, "the server: refused the key") {
		t.Errorf("doctor strict: %d %s%s", one.code, one.out, one.err)
	}
	if one := w.run("", "doctor", "alpha"); one.code != 0 || !strings.Contains(one.out, "took a login as root") {
		t.Errorf("doctor alpha: %d %s%s", one.code, one.out, one.err)
	}
	// Without a login, the list has what is remembered: why the key was refused.
	if list := w.run("", "ls", "--json"); list.code != 0 || !strings.Contains(list.out, `"id": "`+refused.ID+`"`) {
		t.Errorf("ls --json: %d %s%s", list.code, list.out, list.err)
	}
	p := w.podbay()
	p.find("strict")
	p.sees("✕ key refused") // as is remembered from the other podbay
	p.press("c")
	p.sees("No shell on strict", refused.Sentence, "Copy the start command")
	p.press(esc)
	p.list("strict")
	p.sees("✕ key refused", refused.Sentence)
	p.press("d")
	p.sees(refused.Sentence, "back to the list")
}
