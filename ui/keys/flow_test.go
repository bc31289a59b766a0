package keys

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"

	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

func TestNothingIsAskedThatIsKnown(t *testing.T) {
	only := manager.KeyReport{Local: []manager.LocalKey{registered(good), broken}, Registered: []manager.RegisteredKey{entry(good)}}
	m, _ := fresh().Open("", allRun)
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
		m, _ := fresh().Open("", allRun)
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
		m, intent := c.m.Open("", allRun)
		if !equal(intent, Load{}) {
			t.Errorf("%s: opening wants %#v", name, intent)
		}
		next, intent := wants(t, m, Loaded{Report: r})
		if !equal(intent, c.want) || next.step != c.m.step {
			t.Errorf("%s: wants %#v at step %d", name, intent, next.step)
		}
	}
}
