package manager_test

import (
	"testing"
	"time"
)

// waitMost bounds every wait of these tests; nothing is proved by a time.
const waitMost = time.Minute

// eventually waits for a condition that nothing tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for stop := time.Now().Add(waitMost); !holds(); <-tick.C {
		if time.Now().After(stop) {
			t.Fatalf("never came: %s", what)
		}
	}
}
