package pods

import (
	"slices"

	"podbay/doctor"
	"podbay/manager"
)

// Changed tells whether a fresh answer says something else of a pod, by what people
// look for: a measurement that came out a little different is no change.
func (m Model) Changed(l manager.Listing) bool {
	if m.has(l.Pods) {
		return false
	}
	return !slices.EqualFunc(m.all, l.Pods, func(old *manager.Pod, p manager.Pod) bool {
		return old.ID == p.ID && samePlace(old, &p) && old.Verdict.ID == p.Verdict.ID
	})
}

// Moving tells whether one of the pods in sight, or of a short list any, is on its way to
// a shell. What is only not measured yet is not.
func (m Model) Moving() bool {
	places := m.shown
	if len(m.all) > few {
		places = m.inSight()
	}
	return slices.ContainsFunc(places, func(i int) bool {
		v := &m.all[i].Verdict
		return v.Tone == doctor.ToneWait && v.ID != doctor.Checking
	})
}

// has tells whether the rows are the very ones that are shown: nothing is new.
func (m Model) has(rows []manager.Pod) bool {
	return len(rows) > 0 && len(rows) == len(m.pods) && &rows[0] == &m.pods[0]
}

// samePlace tells whether two rows of a pod are sorted, found and counted alike.
func samePlace(a, b *manager.Pod) bool {
	return a.Status == b.Status && a.Name == b.Name && a.GPU == b.GPU && a.CostPerHour == b.CostPerHour &&
		a.StartedAt.Equal(b.StartedAt) && a.Kept.Line == b.Kept.Line
}

// inSight returns the places in all of the rows that are seen.
func (m Model) inSight() []int {
	return m.shown[min(m.top, len(m.shown)):min(m.top+m.rows(), len(m.shown))]
}
