package keys

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"

	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

func TestIdentityScreens(t *testing.T) {
	four := manager.KeyReport{Local: []manager.LocalKey{registered(good), agent, open, broken}, Registered: []manager.RegisteredKey{entry(good), typeless}}
	noAccount := four
	noAccount.RegisteredErr = errors.New("RunPod answers 403: this API key may not read SSH keys")
	noAccount.Notes = []string{"~/.ssh/config asks for IdentitiesOnly: the agent's other keys were left out"}
	only := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	loading, _ := fresh().Open("")
	form := opened("", manager.KeyReport{})
	typed, _ := asktest.Type(form, "correct horse")
	differ, _ := asktest.Type(press(typed, "enter"), "corect")
	for name, m := range map[string]Model{
		"loading":       loading,
		"keys":          opened("", four),
		"mendable":      press(opened("", four), "j j"),
		"broken":        press(opened("", four), "G j j j"),
		"mend-question": press(opened("", four), "j j m"),
		"no-account":    opened("", noAccount),
		"many":          press(opened("", manager.KeyReport{Local: many(40)}), strings.Repeat("j ", 20)),
		"settled":       give(opened("", only), Proving{Pods: []manager.Pod{alpha}}, takes(alpha)),
		"load-failed":   give(loading, Loaded{Err: errors.New("cancelled")}),
		"form":          form,
		"form-path":     press(form, "up up"),
		"form-typed":    typed,
		"form-differ":   press(differ, "enter"),
		"form-exists":   give(press(form, "enter"), Created{Err: errors.New("/home/me/.ssh/id_ed25519 exists and is not overwritten: name another file")}),
		"no-key":        press(form, "esc"),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestAccountScreens(t *testing.T) {
	lost := atAccount(addPlan, fingerprintEntry)
	lost.report.Lost = []manager.RegisteredKey{{Type: "ED25519", Fingerprint: print2, Comment: "me@desk", Line: "ssh-ed25519 " + other}}
	pasting := press(atAccount(addPlan), "p")
	pasted := give(pasting, tea.PasteMsg{Content: "---- BEGIN SSH2 PUBLIC KEY ----\r" + other + "\r\n---- END SSH2 PUBLIC KEY ----\n"})
	private := give(pasting, tea.PasteMsg{Content: "-----BEGIN OPENSSH PRIVATE KEY-----\nsecretstuff\n"})
	check := manager.KeyCheck{Leaked: true, Findings: []manager.KeyFinding{{Sentence: "This is a private key.", Remedy: "Give the .pub file's line, and keep this to yourself."}}}
	converted := manager.KeyCheck{Keys: []string{"ED25519 " + print2 + " me@desk"}, Findings: []manager.KeyFinding{{Sentence: "It is in RFC 4716's format, which was converted."}}}
	for name, m := range map[string]Model{
		"planning":   press(opened("", manager.KeyReport{Local: []manager.LocalKey{good}, Registered: []manager.RegisteredKey{fingerprintEntry}}), "enter"),
		"add":        atAccount(addPlan, manager.RegisteredKey{Line: addPlan.Diff[0].Line, Local: "me@desk of the agent", Valid: true}),
		"fix":        atAccount(fixPlan, entry(good), leaked, typeless),
		"fix-whole":  press(atAccount(fixPlan, entry(good), leaked, typeless), "v pgdown"),
		"nochange":   atAccount(manager.KeyPlan{Warnings: []string{"A weak key stays: RSA 1024."}, Diff: fixPlan.Diff[:1]}),
		"failed":     give(press(opened("", manager.KeyReport{Local: []manager.LocalKey{good}}), "enter"), Planned{Err: errors.New("RunPod answers 503: try again in a minute")}),
		"applying":   press(atAccount(addPlan), "y"),
		"busy":       give(press(atAccount(addPlan), "y"), Applied{Err: errBusy}),
		"lost":       lost,
		"paste":      pasting,
		"pasted":     pasted,
		"private":    private,
		"refused":    give(press(private, "enter"), Planned{Check: check, Err: errors.New("a private key is not registered: give its public half")}),
		"paste-plan": give(press(pasted, "enter"), Planned{Check: converted, Plan: addPlan}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestProofScreens(t *testing.T) {
	mixed := give(atProof(alpha, beta, gamma, delta), refuses(alpha), takes(beta), unknownHost(gamma))
	for name, m := range map[string]Model{
		"none":     atProof(),
		"trying":   atProof(alpha, beta),
		"mixed":    mixed,
		"asks":     press(mixed, "j j"),
		"takes":    press(mixed, "j"),
		"over":     press(give(mixed, ProofOver{}), "j j j"),
		"locked":   give(atProof(alpha), locked(alpha)),
		"add":      press(mixed, "a"),
		"adding":   press(mixed, "a y"),
		"refused":  give(press(mixed, "a y"), Installed{Pod: alpha, Err: errors.New("alpha: no shell answered the command: a program runs in place of the shell. Use the web terminal (w)")}),
		"added":    give(press(mixed, "a y"), Installed{Pod: alpha, Sentence: "alpha: the key was added, and a direct login with it succeeded."}, Proving{Pods: []manager.Pod{alpha}}),
		"recreate": give(press(mixed, "R"), Costs{Pod: alpha, Sentences: []string{"Everything outside /workspace is lost.", "Its volume of 20 GB stays.", "Its address changes."}}),
		"copied":   press(mixed, "w"),
		"notice":   press(give(mixed, noticed(takes(beta))), "j"),
		"no-try":   give(atProof(), Proved{manager.Proof{Sentence: "The list of pods is not known: RunPod answers 503.", Err: errBusy}}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestDoneScreens(t *testing.T) {
	m := atAccount(addPlan)
	m = give(press(m, "y"), Applied{Outcome: manager.KeyOutcome{Backup: "/home/me/.local/state/podbay/keys/2026-11-22T140000.json", Added: 1, Rounds: 1}},
		Loaded{Report: manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}}, Proving{Pods: []manager.Pod{alpha, beta}})
	t.Run("proven", func(t *testing.T) { asktest.Golden(t, press(give(m, takes(alpha), takes(beta)), "enter")) })
	t.Run("unproven", func(t *testing.T) { asktest.Golden(t, press(give(m, refuses(alpha)), "enter")) })
	t.Run("nothing", func(t *testing.T) { asktest.Golden(t, press(give(atProof(alpha), takes(alpha)), "enter")) })
}

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

func TestNothingIsAskedThatIsKnown(t *testing.T) {
	only := manager.KeyReport{Local: []manager.LocalKey{registered(good), broken}, Registered: []manager.RegisteredKey{entry(good)}}
	m, _ := fresh().Open("")
	m, intent := wants(t, m, Loaded{Report: only})
	if !equal(intent, Prove{Fingerprint: print1}) {
		t.Fatalf("one good key is not tried: %#v", intent)
	}
	m = press(give(m, Proving{Pods: []manager.Pod{alpha}}, takes(alpha)), "enter")
	if m.step != stepDone {
		t.Errorf("a proven key leads to step %d", m.step)
	}
	for name, r := range map[string]manager.KeyReport{
		"two keys":       {Local: []manager.LocalKey{registered(good), agent}, Registered: only.Registered},
		"not registered": {Local: []manager.LocalKey{good}},
		"a bad entry":    {Local: only.Local, Registered: []manager.RegisteredKey{entry(good), typeless}},
		"a loss":         {Local: only.Local, Registered: only.Registered, Lost: []manager.RegisteredKey{{Line: "x"}}},
		"not known":      {Local: only.Local, Registered: only.Registered, RegisteredErr: errBusy},
	} {
		m, _ := fresh().Open("")
		if _, intent := wants(t, m, Loaded{Report: r}); intent != nil {
			t.Errorf("%s: wants %#v", name, intent)
		}
	}
}

// After the chosen key was registered, what else is wrong is shown; then the
// proof begins.
func TestAccountGoesOnUntilAllIsRight(t *testing.T) {
	for name, wrong := range map[string]manager.RegisteredKey{"mended": typeless, "taken away": spare} {
		t.Run(name, func(t *testing.T) { goesOnUntilAllIsRight(t, wrong) })
	}
}

func goesOnUntilAllIsRight(t *testing.T, wrong manager.RegisteredKey) {
	m := press(atAccount(addPlan, wrong), "y")
	m, intent := wants(t, m, Applied{Outcome: manager.KeyOutcome{Backup: "/b", Added: 1}})
	if !equal(intent, Load{}) {
		t.Fatalf("wants %#v", intent)
	}
	report := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good), wrong}}
	if m, intent = wants(t, m, Loaded{Report: report}); !equal(intent, PlanFix{}) {
		t.Fatalf("wants %#v", intent)
	}
	m = press(give(m, Planned{Plan: fixPlan}), "y")
	m, _ = wants(t, m, Applied{Outcome: manager.KeyOutcome{Backup: "/c", Added: 1, Removed: 2}})
	report.Registered = report.Registered[:1]
	if m, intent = wants(t, m, Loaded{Report: report}); !equal(intent, Prove{Fingerprint: print1}) || m.step != stepProof {
		t.Errorf("wants %#v at step %d", intent, m.step)
	}
	if len(m.did) != 2 || !strings.Contains(m.did[1], "/c") {
		t.Errorf("the backups are not told: %q", m.did)
	}
}

func TestALossIsMendedOnlyWithConsent(t *testing.T) {
	m := atAccount(addPlan)
	m.report.Lost = []manager.RegisteredKey{{Line: "ssh-ed25519 " + other, Fingerprint: print2}}
	m = give(m, tea.FocusMsg{}) // the keys follow
	if _, intent := asktest.Press(m, "L"); !equal(intent, PlanAdd{"ssh-ed25519 " + other}) {
		t.Errorf("L gave %#v", intent)
	}
	if _, intent := asktest.Press(m, "F"); !equal(intent, Forget{print2}) {
		t.Errorf("F gave %#v", intent)
	}
}

func TestTheWantedPodIsAskedAboutAtOnce(t *testing.T) {
	m := atProof(alpha, gamma)
	m.wanted = gamma.ID
	if _, intent := wants(t, m, unknownHost(alpha)); intent != nil {
		t.Errorf("another pod's question is asked: %#v", intent)
	}
	m, intent := wants(t, m, unknownHost(gamma))
	if answer, ok := intent.(Answer); !ok || answer.PodID != gamma.ID {
		t.Errorf("got %#v", intent)
	}
	if _, intent = wants(t, m, Answered{gamma.ID}); !equal(intent, Prove{print1, []string{gamma.ID, alpha.ID}}) {
		t.Errorf("got %#v: a pod that is still being tried is forgotten", intent)
	}
	if m = give(m, takes(gamma)); m.step != stepDone {
		t.Error("the proof of the wanted pod is not the end")
	}
	if again := give(press(m, "esc"), takes(gamma)); again.step != stepProof {
		t.Error("what was known already is the end again")
	}
	if _, intent = asktest.Press(m, "enter"); !equal(intent, Connect{gamma}) {
		t.Errorf("enter gave %#v", intent)
	}
}

func TestAPassphraseIsAskedForOnce(t *testing.T) {
	m := give(atProof(alpha, beta, gamma), locked(alpha), locked(gamma), unknownHost(beta))
	if _, intent := wants(t, m, Answered{alpha.ID}); !equal(intent, Prove{print1, []string{alpha.ID, gamma.ID}}) {
		t.Errorf("got %#v", intent)
	}
	if _, intent := wants(t, m, Answered{beta.ID}); !equal(intent, Prove{print1, []string{beta.ID}}) {
		t.Errorf("a host key's answer gave %#v", intent)
	}
	m = give(m, Proving{Pods: []manager.Pod{delta}}, unknownHost(delta))
	if _, intent := wants(t, m, Answered{beta.ID}); !equal(intent, Prove{print1, []string{beta.ID, delta.ID}}) {
		t.Errorf("the answer for the same host gave %#v", intent)
	}
}

// What is done is not left half done, and replies to what was given up are
// dropped.
func TestOneThingAtATime(t *testing.T) {
	m := press(atAccount(addPlan), "y")
	if next, intent := asktest.Press(m, "y s p enter"); intent != nil || next.task != applying {
		t.Errorf("keys while writing gave %#v", intent)
	}
	m, intent := asktest.Press(m, "esc")
	if !equal(intent, Stop{}) || m.task != applying {
		t.Errorf("esc while writing gave %#v", intent)
	}
	for _, late := range []tea.Msg{Planned{Plan: fixPlan}, Loaded{}, Created{Key: agent}, Mended{Did: "x"}, Installed{}, Recreated{}, Forgot{}} {
		if next, intent := wants(t, m, late); intent != nil || next.task != applying || len(next.plan.Diff) != len(addPlan.Diff) {
			t.Errorf("%T was taken: %#v", late, intent)
		}
	}
}

func TestTheSelectionStaysWhileAPodIsTriedAgain(t *testing.T) {
	m := atProof(alpha, gamma)
	m.wanted = gamma.ID
	m = press(give(m, refuses(alpha), refuses(gamma)), "down")
	m = give(m, Proving{Pods: []manager.Pod{alpha, gamma}}, refuses(alpha))
	if r, _ := m.current(); r.pod.ID != gamma.ID {
		t.Errorf("%s is selected", r.pod.Name)
	}
	m = give(press(m, "up"), Proving{Pods: []manager.Pod{alpha}})
	if r, _ := m.current(); r.pod.ID != alpha.ID {
		t.Errorf("%s is selected", r.pod.Name)
	}
}

// A pod whose container is recreated is not running for a while, and has no proof
// then.
func TestWhatIsNotTriedIsNotKnown(t *testing.T) {
	m := give(atProof(alpha), refuses(alpha))
	m = give(press(give(press(m, "R"), Costs{Pod: alpha}), "y"), Recreated{Pod: alpha}, Proving{Pods: []manager.Pod{alpha}}, ProofOver{})
	if _, intent := asktest.Press(m, "a"); intent != nil || m.rows[0].tried || m.keys.recreate.Enabled() {
		t.Errorf("the old proof stays: %+v", m.rows[0])
	}
}

// Leaving and coming back stays at the step, with what is so now.
func TestResume(t *testing.T) {
	r := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	for name, c := range map[string]struct {
		m    Model
		want screen.Intent
	}{
		"identity": {opened("", manager.KeyReport{Local: []manager.LocalKey{good, agent}}), Prove{Fingerprint: print1}},
		"account":  {atAccount(addPlan), PlanFix{}},
		"proof":    {atProof(alpha), Prove{Fingerprint: print1}},
	} {
		m, intent := c.m.Open("")
		if !equal(intent, Load{}) {
			t.Errorf("%s: opening wants %#v", name, intent)
		}
		next, intent := wants(t, m, Loaded{Report: r})
		if !equal(intent, c.want) || next.step != c.m.step {
			t.Errorf("%s: wants %#v at step %d", name, intent, next.step)
		}
	}
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
	m, first := fresh().OpenProof(beta.ID)
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
	m, _ = fresh().OpenProof(beta.ID)
	m, _ = wants(t, m, Loaded{Report: manager.KeyReport{Local: many(2)}})
	if m.step != stepIdentity {
		t.Errorf("with two keys it is at step %d", m.step)
	}
}
