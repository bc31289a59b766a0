package login

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

const secret = "rpa_QUICKq?nKEY"

func asked(opts Options) Model {
	opts.KeptIn, opts.Origin = "/home/me/.config/podbay/credentials", "https://api.runpod.io"
	return New(screen.NewTheme(true), opts).SetSize(80, 23)
}

func pasted(m Model) Model {
	m, _, _ = m.Update(tea.PasteMsg{Content: secret + "\n"})
	return m
}

func submitted(t *testing.T, m Model) Model {
	t.Helper()
	m, intent := asktest.Press(m, "enter")
	submit, ok := intent.(Submit)
	if !ok || string(submit.Key.Reveal()) != secret {
		t.Fatalf("enter gave %#v", intent)
	}
	asktest.Hides(t, secret, m, submit)
	return m
}

func rejected() error {
	return fmt.Errorf("%w: RunPod does not accept it; make another one and paste it here", manager.ErrKeyRejected)
}

func TestScreens(t *testing.T) {
	empty, _ := asktest.Press(asked(Options{}), "enter")
	checking := submitted(t, pasted(asked(Options{})))
	for name, m := range map[string]Model{
		"first":    asked(Options{}),
		"again":    asked(Options{CanLeave: true}),
		"empty":    empty,
		"pasted":   pasted(asked(Options{})),
		"checking": checking,
		"rejected": checking.Failed(rejected()),
		"failed":   checking.Failed(errors.New("RunPod cannot be reached: no route to api.runpod.io; check the network, then press enter again")),
		"variable": asked(Options{
			Why:  "RunPod rejected the key from RUNPOD_API_KEY.",
			Note: "While RUNPOD_API_KEY is set it is used instead of a saved key. Leave podbay, run: unset RUNPOD_API_KEY, and start it again.",
		}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestEveryLetterIsText(t *testing.T) {
	m, intent := asktest.Type(asked(Options{CanLeave: true}), secret)
	if intent != nil {
		t.Fatalf("typing gave %#v", intent)
	}
	asktest.Hides(t, secret, m)
	submitted(t, m)
}

func TestEsc(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Model
		want screen.Intent
	}{
		{"nowhere to go", pasted(asked(Options{})), nil},
		{"back to the list", pasted(asked(Options{CanLeave: true})), screen.Back{}},
		{"a check is given up", submitted(t, pasted(asked(Options{}))), Cancel{}},
		{"a check is given up first", submitted(t, pasted(asked(Options{CanLeave: true}))), Cancel{}},
	} {
		if _, got := asktest.Press(c.m, "esc"); got != c.want {
			t.Errorf("%s: esc gave %#v, want %#v", c.name, got, c.want)
		}
	}
}

func TestEscWithNowhereToGoKeepsTheText(t *testing.T) {
	m, _ := asktest.Press(pasted(asked(Options{})), "esc")
	submitted(t, m)
}

func TestNothingIsSubmittedTwice(t *testing.T) {
	m := submitted(t, pasted(asked(Options{})))
	m, intent := asktest.Press(m, "enter x enter")
	if intent != nil || m.field.Text() != secret {
		t.Errorf("while checking: %#v, text changed: %v", intent, m.field.Text() != secret)
	}
	if m, _ = asktest.Press(m, "esc"); m.checking {
		t.Error("esc left it checking")
	}
	submitted(t, m)
}

func TestFailed(t *testing.T) {
	m := submitted(t, pasted(asked(Options{})))
	if !m.Failed(rejected()).field.Empty() {
		t.Error("a rejected key stays in the field")
	}
	submitted(t, m.Failed(errors.New("no network")))
}

// What was wrong with a key is not said of the next one.
func TestAProblemGoesWithItsKey(t *testing.T) {
	m := asked(Options{}).SetSize(80, 24)
	m.checking = true
	m = m.Failed(rejected())
	if !strings.Contains(m.View(), "✕") {
		t.Fatal(m.View())
	}
	if m = pasted(m); strings.Contains(m.View(), "✕") {
		t.Error(m.View())
	}
}

func TestEmptyIsNotSubmitted(t *testing.T) {
	m, intent := asktest.Press(asked(Options{}), "enter")
	if intent != nil || !strings.Contains(m.View(), "Paste the API key first") {
		t.Errorf("enter gave %#v:\n%s", intent, m.View())
	}
}
