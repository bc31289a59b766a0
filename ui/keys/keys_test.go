package keys

import (
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"

	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

// The keys of each state, each pressed once.
func TestIntents(t *testing.T) {
	four := opened("", manager.KeyReport{Local: []manager.LocalKey{good, open, broken}})
	mixed := give(atProof(alpha, beta), refuses(alpha), takes(beta))
	asking := give(atProof(gamma), unknownHost(gamma))
	for _, c := range []struct {
		name string
		from Model
		keys string
		want screen.Intent
	}{
		{"use", four, "enter", PlanAdd{good.Line}},
		{"a bad key is not used", four, "j enter", nil},
		{"mend is asked", four, "j m", nil},
		{"mend is cancelled by enter", four, "j m enter", nil},
		{"mend", four, "j m y", Mend{open.Path}},
		{"nothing to mend", four, "m y", nil},
		{"look again", four, "r", Load{}},
		{"leave", four, "esc", screen.Back{}},
		{"help", four, "?", Help{}},
		{"no quitting", four, "q", nil},
		{"register", atAccount(addPlan), "enter", Apply{addPlan}},
		{"register by y", atAccount(addPlan), "y", Apply{addPlan}},
		{"n goes back", atAccount(addPlan), "n", nil},
		{"n goes back a step", atAccount(addPlan), "n esc", screen.Back{}},
		{"skip", atAccount(addPlan), "s", Prove{Fingerprint: print1}},
		{"a removal is not the default", atAccount(fixPlan), "enter", nil},
		{"a removal needs y", atAccount(fixPlan), "y", Apply{fixPlan}},
		{"or the button", atAccount(fixPlan), "tab enter", Apply{fixPlan}},
		{"add is asked", mixed, "a", nil},
		{"add is cancelled by enter", mixed, "a enter", nil},
		{"add", mixed, "a y", Install{alpha, print1, command}},
		{"recreate asks for its cost", mixed, "R", Cost{alpha}},
		{"copy", mixed, "w", Copy{command}},
		{"nothing to add where it is taken", mixed, "j a", nil},
		{"try again", mixed, "r", Prove{Fingerprint: print1}},
		{"go on", mixed, "enter", nil},
		{"shell", mixed, "enter enter", Connect{beta}},
		{"a shell on the selected pod", give(mixed, takes(alpha)), "j enter enter", Connect{beta}},
		{"list", mixed, "enter b", screen.Back{}},
		{"answer", asking, "enter", Answer{unknownHost(gamma).Proof.Question, gamma.ID}},
		{"esc from the proof looks at the account", mixed, "esc", PlanFix{}},
		{"esc stops reading", mixed, "esc esc", Stop{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := asktest.Press(c.from, c.keys)
			if !equal(got, c.want) {
				t.Errorf("%q gave %#v, want %#v", c.keys, got, c.want)
			}
		})
	}
	_, got := asktest.Press(give(press(mixed, "R"), Costs{Pod: alpha}), "enter")
	if got != nil {
		t.Errorf("enter alone recreates: %#v", got)
	}
	if _, got = asktest.Press(give(press(mixed, "R"), Costs{Pod: alpha}), "y"); !equal(got, Recreate{alpha, print1}) {
		t.Errorf("y gave %#v", got)
	}
}

// In text fields every letter is text.
func TestLettersAreText(t *testing.T) {
	const letters = "qcmrpLvaRws?jkyn"
	form, _ := asktest.Type(opened("", manager.KeyReport{}), letters)
	if got := form.form.fields[fieldPassphrase].Text(); got != letters {
		t.Errorf("the passphrase is %q", got)
	}
	pasted, _ := asktest.Type(press(atAccount(addPlan), "p"), letters)
	if got := pasted.paste.reveal(); got != letters {
		t.Errorf("the key text is %q", got)
	}
	if got := press(pasted, "backspace").paste.reveal(); got != letters[:len(letters)-1] {
		t.Errorf("after backspace it is %q", got)
	}
}

func TestCreate(t *testing.T) {
	const secret = "correct horse battery"
	form := opened("", manager.KeyReport{})
	_, intent := asktest.Press(form, "enter")
	if got, ok := intent.(Create); !ok || got.Path != "" || len(got.Passphrase.Reveal()) != 0 {
		t.Errorf("enter gave %#v", intent)
	}
	m, _ := asktest.Type(form, secret)
	m = press(m, "enter")
	m, _ = asktest.Type(m, secret)
	asktest.Hides(t, secret, m)
	m, intent = asktest.Press(m, "enter")
	got, ok := intent.(Create)
	if !ok || string(got.Passphrase.Reveal()) != secret {
		t.Errorf("got %v", intent)
	}
	asktest.Hides(t, secret, m, got)
	m, intent = wants(t, m, Created{Key: good})
	if !equal(intent, PlanAdd{good.Line}) {
		t.Errorf("after the key was made the wizard wants %#v", intent)
	}
	asktest.Hides(t, secret, m)
	named, _ := asktest.Type(press(form, "up up"), "2")
	if _, intent = asktest.Press(named, "enter enter enter"); intent.(Create).Path != "/home/me/.ssh/id_ed255192" {
		t.Errorf("got %#v", intent)
	}
}

// A pasted text may be a private key.
func TestPastedTextIsHidden(t *testing.T) {
	const secret = "b3BlbnNzaC1rZXktdjEAAAAA"
	m := give(press(atAccount(addPlan), "p"), tea.PasteMsg{Content: "-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n"})
	asktest.Hides(t, secret, m)
	m, intent := asktest.Press(m, "enter")
	if got, ok := intent.(PlanText); !ok || !strings.Contains(string(got.Text.Reveal()), "\n"+secret) {
		t.Errorf("got %v", intent)
	}
	asktest.Hides(t, secret, m, intent)
}

// Each model is a value: what is typed into one is not seen in its copy.
func TestModelIsAValue(t *testing.T) {
	form := opened("", manager.KeyReport{})
	a, _ := asktest.Type(form, "a")
	b, _ := asktest.Type(form, "b")
	if got := a.form.fields[fieldPassphrase].Text() + b.form.fields[fieldPassphrase].Text(); got != "ab" {
		t.Errorf("got %q", got)
	}
	m := atProof(alpha)
	_ = give(m, takes(alpha))
	if m.rows[0].tried {
		t.Error("a proof changed the model before it")
	}
}

func TestStrength(t *testing.T) {
	for pass, want := range map[string]string{
		"": "", "abc": "weak", "aaaaaaaaaaaaaaaaaaaa": "weak", "correct horse": "fair", "correct horse battery staple": "good", "пароль пароль": "fair",
	} {
		tone, got := strength([]byte(pass))
		if word, _, _ := strings.Cut(got, ":"); !strings.HasPrefix(word, want) || (tone == "") != (want == "") {
			t.Errorf("%q is %q %q, want %q", pass, tone, got, want)
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{{"short", 10, "short"}, {"abcdefghij", 5, "a…hij"}, {"abcdefghij", 1, "…"}, {"", 3, ""}} {
		if got := middle(c.in, c.width); got != c.want {
			t.Errorf("middle(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

// equal compares intents that may hold what == cannot compare.
func equal(a, b screen.Intent) bool {
	return reflect.DeepEqual(a, b)
}

// Who wants the key in one pod begins there, when there is nothing else to ask.
func TestOpenProofBeginsAtThePod(t *testing.T) {
	settled := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	m, first := fresh().OpenProof(beta.ID, allRun)
	if first != (Load{}) {
		t.Errorf("it wants %#v first", first)
	}
	m, intent := wants(t, m, Loaded{Report: settled})
	if _, ok := intent.(Prove); !ok || m.step != stepProof {
		t.Errorf("it is at step %d and wants %#v", m.step, intent)
	}
	m = give(m, Proving{Pods: []manager.Pod{alpha, beta}}, takes(alpha), refuses(beta))
	if r, _ := m.current(); r.pod.ID != beta.ID {
		t.Errorf("%s is selected", r.pod.Name)
	}
	// Another pod that takes the key is not what was asked for.
	if best, ok := m.best(); ok {
		t.Errorf("it leads to %s", best.Name)
	}
	if said := strings.Join(m.done().doneBody(70, 20), "\n"); !strings.Contains(said, beta.Name+" does not take") {
		t.Errorf("the end says:\n%s", said)
	}
	m, _ = fresh().OpenProof(beta.ID, allRun)
	m, _ = wants(t, m, Loaded{Report: manager.KeyReport{Local: many(2)}})
	if m.step != stepIdentity {
		t.Errorf("with two keys it is at step %d", m.step)
	}
}
