package keys

import (
	"testing"

	"podbay/manager"
)

// Everything is in place only when no running pod was seen to refuse the key, and the one
// that a shell is wanted on takes it.
func TestSettled(t *testing.T) {
	r := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	runs := func(ids ...string) func(manager.Pod) bool {
		return func(p manager.Pod) bool {
			for _, id := range ids {
				if id == p.ID {
					return true
				}
			}
			return false
		}
	}
	proven := give(opened("", r), Proving{Pods: []manager.Pod{alpha, beta}}, takes(alpha))
	mixed := give(opened("", r), Proving{Pods: []manager.Pod{alpha, beta}}, takes(alpha), refuses(beta))
	for name, c := range map[string]struct {
		m      Model
		wanted string
		runs   func(manager.Pod) bool
		want   bool
	}{
		"it takes the key":             {proven, "", allRun, true},
		"the wanted one takes it":      {proven, alpha.ID, allRun, true},
		"the wanted one was not tried": {proven, beta.ID, allRun, false},
		"another refused it":           {mixed, alpha.ID, allRun, false},
		"what refused it has stopped":  {mixed, alpha.ID, runs(alpha.ID), true},
		"what took it has stopped":     {proven, "", runs(beta.ID), false},
	} {
		m, _ := c.m.Open(c.wanted, c.runs)
		m, _ = wants(t, m, Loaded{Report: r})
		if got := m.isSettled(); got != c.want {
			t.Errorf("%s: settled %v", name, got)
		}
	}
}
