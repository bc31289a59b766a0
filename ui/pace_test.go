package ui

import (
	"testing"
	"time"

	"podbay/doctor"
	"podbay/manager"
)

// A list that nobody looks at and in which nothing happens is asked for less often; a
// key, a change, or a pod on its way to a shell ends that.
func TestUnattendedListIsAskedForLessOften(t *testing.T) {
	now := noon
	steady := somePods()[:1]
	later := func() manager.Listing { return manager.Listing{Pods: append([]manager.Pod(nil), steady...), At: now} }
	m := still(t, "")
	m.clock = func() time.Time { return now }
	answer := func(l manager.Listing) {
		m = after(m, refreshedMsg{gen: m.refresh.gen, at: now, listing: l, next: 5 * time.Second})
		m, _ = m.refreshNow()
	}
	paced := func(what string, want time.Duration) {
		t.Helper()
		if m.poll != want {
			t.Errorf("%s: it is asked for every %v, not %v", what, m.poll, want)
		}
	}
	m, _ = m.refreshNow()
	answer(later())
	paced("at first", 5*time.Second)
	now = now.Add(attentive)
	answer(later())
	paced("left alone", unattended*5*time.Second)
	now = now.Add(2 * time.Second)
	m.refresh = m.refresh.end()
	m = after(m, keys("j")...)
	paced("after a key", 5*time.Second)
	m, _ = m.refreshNow()
	now = now.Add(attentive)
	answer(later())
	paced("left alone again", unattended*5*time.Second)
	steady[0].Status = "EXITED"
	answer(later())
	paced("after a change", 5*time.Second)
	steady[0].Verdict = doctor.Verdict{ID: doctor.Starting, Tone: doctor.ToneWait}
	answer(later())
	now = now.Add(attentive)
	answer(later())
	paced("while a pod starts", 5*time.Second)
	steady[0].Verdict = doctor.Verdict{ID: doctor.Stopped}
	answer(later())
	now = now.Add(attentive)
	answer(later())
	paced("when it has started", unattended*5*time.Second)

	now = now.Add(10 * time.Second)
	m.refresh = m.refresh.end()
	if m = after(m, keys("k")...); !m.refresh.running {
		t.Error("a key found an old list and did not have RunPod asked")
	}
}
