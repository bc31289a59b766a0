package runpod

import (
	"context"
	"testing"
	"time"
)

// A 503 in hand says more than a deadline that passes while waiting.
func TestNoWaitBeyondTheDeadline(t *testing.T) {
	tests := map[string]struct {
		deadline time.Duration // from now; 0: none
		wait     time.Duration
		want     bool
	}{
		"no deadline":         {0, maxWait, true},
		"too long":            {0, maxWait + 1, false},
		"within the deadline": {time.Hour, maxWait, true},
		"beyond the deadline": {maxWait - time.Second, maxWait, false},
		"at the deadline":     {time.Second, time.Second, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tc.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tc.deadline)
				defer cancel()
			}
			if got := fits(ctx, tc.wait); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
