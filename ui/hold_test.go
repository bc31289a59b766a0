package ui

import (
	tea "charm.land/bubbletea/v2"
	"context"
	"strings"
	"testing"

	"podbay/manager"
)

// TestTypingAheadAnswersNoQuestion types "xy" as in https_proxy, and further.
func TestTypingAheadAnswersNoQuestion(t *testing.T) {
	m := listed(after(still(t, ""), tea.WindowSizeMsg{Width: 80, Height: 24}), somePods()...)
	m.hold.pause = readingPause
	m = after(m, keys("x", "y", "=", "1", "enter")...)
	if m.state != asking || !m.hold.on {
		t.Fatalf("state %v, held %v; want the question about stopping, held", m.state, m.hold.on)
	}
	if shown := drawn(t, m); !strings.Contains(shown, "when you have paused") {
		t.Errorf("the footer does not say that keys are held:\n%s", shown)
	}
	if early := after(m, releaseMsg{m.hold.gen - 1}); !early.hold.on {
		t.Error("a pause that a key broke released the question")
	}
	m = after(m, releaseMsg{m.hold.gen})
	if m.hold.on || m.state != asking {
		t.Fatalf("after a pause: held %v, state %v", m.hold.on, m.state)
	}
	if m = after(m, keys("y")...); m.state != home {
		t.Errorf("y after a pause left state %v", m.state)
	}
}

func TestAHeldQuestionCanBeLeft(t *testing.T) {
	for _, key := range []string{"esc"} {
		m := listed(after(still(t, ""), tea.WindowSizeMsg{Width: 80, Height: 24}), somePods()...)
		m.hold.pause = readingPause
		if m = after(m, keys("x", key)...); m.state != home {
			t.Errorf("%s left state %v", key, m.state)
		}
	}
}

// TestStoppingGoesOnAfterQuitting quits while RunPod is asked to stop a pod: the
// pod would go on being billed.
func TestStoppingGoesOnAfterQuitting(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	f := &fakeManager{act: func(string, string) error {
		close(asked)
		<-answer
		return nil
	}}
	run := newEffects(context.Background())
	m := model{mgr: f, run: run}
	_, cmd := m.stop(manager.Pod{ID: "a", Name: "alpha"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd()
	}()
	<-asked
	if got := run.waitsFor(); len(got) != 1 || !strings.Contains(got[0], "alpha") {
		t.Errorf("waits for %q", got)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		run.close()
	}()
	<-run.ctx.Done()
	close(answer)
	<-closed
	<-done
	if got := run.outcomes(); len(got) != 1 || !strings.Contains(got[0], "stopping") {
		t.Errorf("said %q", got)
	}
}
