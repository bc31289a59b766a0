package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"podbay/doctor"
	"podbay/manager"
	wizard "podbay/ui/keys"
)

const alphaID = "7f3k2ab9x1"

// newcomer is a machine without a key and an account whose pods take none.
func newcomer(s session) *fakeManager {
	f := &fakeManager{}
	f.connect = func(context.Context, manager.ConnectRequest) (session, error) {
		if !slices.Contains(f.keys.noted(), "create ") {
			return nil, &manager.Failure{Pod: somePods()[0], Verdict: doctor.Verdict{ID: doctor.NoLocalKey, Sentence: "no key"}}
		}
		return s, nil
	}
	f.keys.prove = func(req manager.ProveRequest, p manager.Pod) error {
		if p.ID == alphaID && req.AcceptHostKeys[p.ID] == "" {
			return &manager.HostKeyUnknown{Pod: p, KeyType: "ED25519", Fingerprint: "SHA256:host"}
		}
		return nil
	}
	return f
}

// From the list with an empty home to a shell, in at most 8 key presses.
func TestNewcomersCount(t *testing.T) {
	s := newFakeSession()
	f := newcomer(s)
	p := start(t, f)
	p.sees("▸ alpha")
	presses := 0
	for _, step := range []struct{ key, sees string }{
		{"enter", "enter creates the key"}, // connect: there is no key, so the wizard comes
		{"enter", "[ Register ]"},          // a new key without a passphrase
		{"enter", "Is this really alpha?"}, // register it; the proof begins by itself
		{"y", "a  add it through"},         // trust the host key
		{"a", "authorized_keys"},           // the pod does not take it
		{"y", "[ Open a shell on alpha ]"}, // add it; the proof is the end
		{"enter", "shell ended with exit status 0"},
	} {
		p.keys(step.key)
		presses++
		p.sees(step.sees)
	}
	if presses > 8 {
		t.Errorf("%d key presses", presses)
	}
	closed(t, "the shell", s.ran)
	want := []string{"create ", "apply", "prove alpha", "prove alpha",
		"install " + alphaID + " mkdir -p ~/.ssh && echo 'ssh-ed25519 AAAA' >> ~/.ssh/authorized_keys", "prove alpha"}
	got := slices.DeleteFunc(f.keys.noted(), func(did string) bool {
		return strings.HasPrefix(did, "prove") && did != "prove alpha" // the others are tried beside it
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The passphrase of a new key is not asked for again in the wizard, is given to
// the shell, and is gone after that.
func TestThePassphraseOfANewKeyIsKeptUntilTheShell(t *testing.T) {
	s := newFakeSession()
	f := &fakeManager{}
	given := make(chan string, 1)
	f.connect = func(_ context.Context, req manager.ConnectRequest) (session, error) {
		given <- string(req.Passphrases[madeKey.Path])
		return s, nil
	}
	f.keys.takes = map[string]bool{alphaID: true}
	f.keys.prove = func(req manager.ProveRequest, p manager.Pod) error {
		if string(req.Passphrases[madeKey.Path]) != "qyK" {
			return &manager.PassphraseWanted{Pod: p, Path: madeKey.Path, Name: madeKey.Name}
		}
		return nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("K")
	p.sees("no SSH key on this machine")
	p.keys("q", "y", "K", "enter", "q", "y", "K", "enter")
	p.sees("[ Register ]")
	p.keys("enter")
	p.sees("alpha takes ~/.ssh/id_ed25519")
	p.keys("enter")
	if got := <-given; got != "qyK" {
		t.Errorf("the shell was given %q", got)
	}
	closed(t, "the shell", s.ran)
	p.sees("shell ended")
}

func TestQuestionsOfTheWizardAreAnsweredInIt(t *testing.T) {
	encrypted := madeKey
	encrypted.Encrypted = true
	f := &fakeManager{}
	f.keys.report = manager.KeyReport{Local: []manager.LocalKey{encrypted}, Registered: []manager.RegisteredKey{{Line: encrypted.Line, Valid: true}}}
	f.keys.prove = func(req manager.ProveRequest, p manager.Pod) error {
		if string(req.Passphrases[encrypted.Path]) != "ok" {
			return &manager.PassphraseWanted{Pod: p, Path: encrypted.Path, Name: encrypted.Name, Wrong: len(req.Passphrases) > 0}
		}
		return nil
	}
	f.keys.install = func(req manager.InstallRequest) error {
		if !slices.Contains(req.AcceptHostKeys, "SHA256:proxy") {
			proxy := somePods()[1]
			return &manager.HostKeyUnknown{Pod: proxy, KeyType: "RSA", Fingerprint: "SHA256:proxy"}
		}
		return nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("K")
	p.sees("registered, encrypted") // the only key is tried at once, which takes no step
	p.keys("enter")
	p.sees("needs its passphrase")
	p.keys("n", "o", "enter")
	p.sees("does not fit")
	p.keys("esc") // declined: the pod goes on asking
	p.sees("asks: the key's passphrase")
	p.keys("enter")
	p.sees("needs its passphrase")
	p.keys("o", "k", "enter")
	p.sees("a  add it through")
	p.keys("a")
	p.sees("Add the key to alpha?")
	p.keys("y")
	p.sees("Is this really RunPod's proxy?")
	p.keys("esc") // declined: nothing was done
	p.sees("[3 Proof]")
	p.sees("the question was not answered")
	p.keys("a", "y")
	p.sees("SHA256:proxy")
	p.keys("y")
	p.sees("[ Open a shell on alpha ]")
	p.keys("b")
	p.sees("▸ alpha")
}

func TestAChangedHostKeyIsForgottenInTheWizard(t *testing.T) {
	f := &fakeManager{}
	forgotten := make(chan struct{})
	f.act = func(verb, id string) error {
		if verb == "forget" && id == alphaID {
			close(forgotten)
		}
		return nil
	}
	f.keys.report = manager.KeyReport{Local: []manager.LocalKey{madeKey}, Registered: []manager.RegisteredKey{{Line: madeKey.Line, Valid: true}}}
	f.keys.takes = map[string]bool{alphaID: true}
	f.keys.prove = func(req manager.ProveRequest, p manager.Pod) error {
		select {
		case <-forgotten:
			if p.ID == alphaID && req.AcceptHostKeys[p.ID] != "SHA256:new" {
				return &manager.HostKeyUnknown{Pod: p, KeyType: "ED25519", Fingerprint: "SHA256:new"}
			}
			return nil
		default:
			return &manager.HostKeyChanged{Pod: p, KeyType: "ED25519", Offered: "SHA256:new", Known: []string{"ED25519 SHA256:old"}}
		}
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("K")
	p.sees("▸ ● ED25519")
	p.keys("enter")
	p.sees("asks: its host key has changed")
	p.sees("enter shows the question") // a stop is never shown unasked
	p.keys("enter")
	p.sees("has changed")
	p.keys("f", "a", "l", "p", "h", "a", "enter")
	p.sees("SHA256:new")
	p.sees("Is this really alpha?")
	p.keys("y")
	p.sees("[ Open a shell on alpha ]")
}

func TestABrokenAccountIsMended(t *testing.T) {
	f := &fakeManager{}
	f.keys.report = manager.KeyReport{Local: []manager.LocalKey{madeKey}, Registered: []manager.RegisteredKey{
		{Line: madeKey.Line, Valid: true},
		{Line: "AAAAtypeless", Finding: "the type is missing", Mended: "ssh-ed25519 AAAAtypeless", Mendable: true, Blocks: true},
	}}
	f.keys.takes = map[string]bool{alphaID: true}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("K")
	p.sees("▸ ● ED25519")
	p.keys("enter")
	p.sees("- remove AAAAtypeless")
	p.sees("[ Cancel ]")
	p.keys("enter") // Cancel goes back
	p.sees("[1 Identity]")
	p.keys("enter")
	p.sees("[ Cancel ]")
	if got := f.keys.noted(); len(got) != 0 {
		t.Errorf("before consent: %q", got)
	}
	p.keys("y")
	p.sees("keys-1.json")
	p.sees("takes ~/.ssh/id_ed25519")
}

func TestAWriteThatFailsIsSaid(t *testing.T) {
	f := &fakeManager{}
	f.keys.report = manager.KeyReport{Local: []manager.LocalKey{madeKey}}
	f.keys.apply = fmt.Errorf("the keys were not changed: %w", manager.ErrKeysBusy)
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("K")
	p.sees("not registered")
	p.keys("enter")
	p.sees("[ Register ]")
	p.keys("y")
	p.sees("another podbay is changing")
	p.keys("esc", "esc")
	p.sees("▸ alpha")
}

// Leaving the wizard ends what it has under way; coming back is at the same step.
func TestTheWizardIsLeftAndResumed(t *testing.T) {
	m := sized(t, somePods()...)
	m = after(m, keys("K")...)
	report := manager.KeyReport{Local: []manager.LocalKey{madeKey}}
	m = after(m, loaded(m, report))
	m = after(m, keys("enter")...)
	old := m.keying
	m = after(m, keys("esc", "esc")...)
	if m.state != home || old.work.cancel == nil || m.keying.work.gen == old.work.gen {
		t.Fatalf("state %d after leaving", m.state)
	}
	for _, late := range []tea.Msg{keyMsg{gen: old.work.gen, question: &manager.PassphraseWanted{}}, proofMsg{gen: old.proof.gen}} {
		if m = after(m, late); m.state != home {
			t.Errorf("%T changed the screen", late)
		}
	}
	m = after(m, keys("K")...)
	if view := drawn(t, m); m.state != inKeys || !strings.Contains(view, "[1 Identity]") || !strings.Contains(view, madeKey.Name) {
		t.Errorf("resumed as:\n%s", view)
	}
}

func TestCtrlCInTheWizardIsEsc(t *testing.T) {
	m := after(sized(t, somePods()...), keys("K")...)
	next, cmd := m.Update(keys("ctrl+c")[0])
	if quits(cmd) || next.(model).state != home {
		t.Error("ctrl+c in the wizard does not lead to the list")
	}
}

func TestAFailureForWantOfAKeyOpensTheWizard(t *testing.T) {
	for id, want := range map[doctor.ID]state{
		doctor.NoLocalKey: inKeys, doctor.KeysUnusable: inKeys, doctor.KeyUnknown: asking, doctor.KeyRefused: asking, doctor.NoSSHD: asking,
	} {
		m := after(sized(t, somePods()...), keys("enter")...)
		v := doctor.Verdict{ID: id, Action: doctor.ActKeys}
		if id == doctor.NoSSHD {
			v.Action = doctor.ActConsole
		}
		m = after(m, dialedMsg{gen: m.conn.gen, err: &manager.Failure{Pod: somePods()[0], Verdict: v}})
		if m.state != want {
			t.Errorf("%s leads to state %d", id, m.state)
		}
		if want == inKeys {
			continue
		}
		m = after(m, keys("K")...)
		if mends := id != doctor.NoSSHD; (m.state == inKeys) != mends {
			t.Errorf("K after %s leads to state %d", id, m.state)
		}
	}
}

func TestHelpOfTheWizard(t *testing.T) {
	m := sized(t, somePods()...)
	m = after(m, keys("K")...)
	m = after(m, loaded(m, manager.KeyReport{Local: []manager.LocalKey{madeKey}}))
	m = after(m, keys("?")...)
	if view := drawn(t, m); !strings.HasPrefix(view, "SSH keys") {
		t.Errorf("got:\n%s", view)
	}
	if m = after(m, keys("esc")...); m.state != inKeys {
		t.Errorf("help goes back to state %d", m.state)
	}
}

func TestAnswersAreNotPrinted(t *testing.T) {
	m := sized(t, somePods()...)
	m.keying.passphrases = m.keying.passphrases.with("/k", []byte("hunter2"))
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb, m.keying); strings.Contains(text, "hunter2") || strings.Contains(text, "104 117 110") {
			t.Errorf("%s prints the passphrase: %s", verb, text)
		}
	}
	kept := m.keying.passphrases.get()["/k"]
	m.state = inKeys
	m, _ = m.leaveKeys()
	if string(kept) != "\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("the passphrase is still in memory: %q", kept)
	}
}

// loaded is the reply to the wizard's first question.
func loaded(m model, report manager.KeyReport) tea.Msg {
	return keyMsg{gen: m.keying.work.gen, reply: wizard.Loaded{Report: report}}
}
