package manager_test

import (
	"testing"

	"podbay/doctor"
)

// notMet are the entries of the catalogue that no cell meets, with the reason.
func notMet() map[doctor.ID]string {
	return map[doctor.ID]string{}
}

// TestMatrixIsWhole: every entry of the catalogue has a cell, or the reason why it
// has none.
func TestMatrixIsWhole(t *testing.T) {
	cells, not := map[doctor.ID]bool{}, notMet()
	for _, c := range matrix() {
		cells[c.id] = true
		if c.after == c.id {
			t.Errorf("%s: the verdict stays", c.id)
		}
	}
	for _, e := range doctor.Catalogue() {
		switch {
		case !cells[e.ID] && not[e.ID] == "":
			t.Errorf("%s has no cell", e.ID)
		case cells[e.ID] && not[e.ID] != "":
			t.Errorf("%s has a cell, and a reason for having none", e.ID)
		}
	}
}
