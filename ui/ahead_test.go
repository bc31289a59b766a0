package ui

import (
	"slices"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// What is looked at is told once a change, and not of an old list.
func TestThePodThatIsLookedAtIsTold(t *testing.T) {
	step := func(m model, msgs ...tea.Msg) model { return after(m, msgs...) }
	m := sized(t, somePods()...)
	if m.ahead.podID != "7f3k2ab9x1" {
		t.Errorf("looking at the first pod told of %q", m.ahead.podID)
	}
	first := m.ahead.gen
	if m = step(m, tea.WindowSizeMsg{Width: 90, Height: 24}); m.ahead.gen != first {
		t.Error("it was told again without a change")
	}
	if down := step(m, keys("j")...); down.ahead.podID != "" || down.ahead.gen == first {
		t.Errorf("a pod without a measured SSH server told of %q", down.ahead.podID)
	}
	if dialing := step(m, keys("enter")...); dialing.state == home || dialing.ahead.gen != first {
		t.Error("what is connected ahead is given up while it is used")
	}
	if old := after(remembered(t), tea.WindowSizeMsg{Width: 80, Height: 24}); old.ahead.podID != "" {
		t.Errorf("an old list told of %q", old.ahead.podID)
	}
}

func TestTheManagerIsToldOfThePod(t *testing.T) {
	run := newEffects(t.Context())
	defer run.close()
	fake := &fakeManager{}
	m := newModel(fake, Options{}, run)
	m.ahead.podID = "gone"
	_, cmd := m.keepAhead()
	if cmd == nil || cmd() != nil || !slices.Equal(fake.ahead, []string{""}) {
		t.Errorf("told %q", fake.ahead)
	}
}
