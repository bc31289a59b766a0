package doctor

import "testing"

// TestCatalogueIsWhole: every rule has an entry, once, and every entry a rule.
func TestCatalogueIsWhole(t *testing.T) {
	listed := map[ID]int{}
	for _, e := range Catalogue() {
		listed[e.ID]++
		if listed[e.ID] > 1 {
			t.Errorf("%s is listed twice", e.ID)
		}
		if e.Means == "" || e.Area == "" {
			t.Errorf("%s has no words", e.ID)
		}
	}
	// What is said when no rule holds.
	ruled := map[ID]bool{AccountReady: true, ConnectFailed: true, Checking: true, Ready: true, HostKeyVerified: true}
	for _, g := range append(blockers(), group{rules: proxyRules()}) {
		for _, r := range g.rules {
			ruled[r.id] = true
		}
	}
	for id := range ruled {
		if listed[id] == 0 {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
	for id := range listed {
		if !ruled[id] {
			t.Errorf("%s is in the catalogue, and no rule gives it", id)
		}
	}
}
