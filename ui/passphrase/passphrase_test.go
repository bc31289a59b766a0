package passphrase

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

const secret = "q correct?n horse"

func question(wrong bool) Model {
	return New(screen.NewTheme(true), &manager.PassphraseWanted{
		Pod:  manager.Pod{ID: "k3xq81", Name: "my-pod"},
		Path: "/home/me/.ssh/id_ed25519", Name: "~/.ssh/id_ed25519",
		Fingerprint: "SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8", Wrong: wrong,
	}).SetSize(80, 23)
}

func TestScreens(t *testing.T) {
	typed, _ := asktest.Type(question(true), secret)
	empty, _ := asktest.Press(question(false), "enter")
	long := New(screen.NewTheme(true), &manager.PassphraseWanted{
		Pod:  manager.Pod{ID: "k3xq81", Name: strings.Repeat("a long name ", 9)},
		Path: "/k", Name: "~/" + strings.Repeat("folder/", 30) + "key",
	})
	for name, m := range map[string]Model{"asked": question(false), "wrong": question(true), "typed": typed, "empty": empty, "long": long} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestEveryLetterIsTextAndEnterSubmits(t *testing.T) {
	m, intent := asktest.Type(question(false), secret)
	if intent != nil {
		t.Fatalf("typing gave %#v", intent)
	}
	after, intent := asktest.Press(m, "enter")
	submit, ok := intent.(Submit)
	if !ok || submit.Path != "/home/me/.ssh/id_ed25519" || string(submit.Passphrase.Reveal()) != secret {
		t.Fatalf("enter gave %+v", intent)
	}
	if !after.field.Empty() {
		t.Error("the field still holds the passphrase")
	}
	asktest.Hides(t, secret, m, submit)
}

func TestPaste(t *testing.T) {
	m, _, _ := question(false).Update(tea.PasteMsg{Content: " pasted phrase \r\n"})
	_, intent := asktest.Press(m, "enter")
	if submit, ok := intent.(Submit); !ok || string(submit.Passphrase.Reveal()) != " pasted phrase " {
		t.Errorf("enter gave %#v", intent)
	}
}

func TestEmptyIsNotSubmitted(t *testing.T) {
	m, intent := asktest.Press(question(false), "enter enter")
	if intent != nil || !strings.Contains(m.View(), "Type the passphrase first") {
		t.Errorf("intent %#v:\n%s", intent, m.View())
	}
	if m, _ = asktest.Press(m, "a"); strings.Contains(m.View(), "Type the passphrase first") {
		t.Error("the hint stays after a letter")
	}
}

func TestEscLeaves(t *testing.T) {
	m, _ := asktest.Type(question(false), secret)
	m, intent := asktest.Press(m, "esc")
	if intent != (screen.Back{}) || !m.field.Empty() {
		t.Errorf("intent %#v", intent)
	}
}
