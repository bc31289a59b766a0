package cli

import (
	"errors"
	"fmt"
	"testing"

	"podbay/manager"
)

func TestExitCode(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, 0},
		{"a shell's status", statusError(3), 3},
		{"a wrong flag", usageError{errors.New("unknown flag: --nope")}, 64},
		{"no such pod", fmt.Errorf("%w: none", manager.ErrNoPod), 66},
		{"host key unknown", fmt.Errorf("not connected: %w", &manager.HostKeyUnknown{}), 76},
		{"host key changed", &manager.HostKeyChanged{}, 76},
		{"no API key", fmt.Errorf("%w: here", manager.ErrNoAPIKey), 77},
		{"key rejected", fmt.Errorf("%w: there", manager.ErrKeyRejected), 77},
		{"settings", settingsError{errors.New("line 3")}, 78},
		{"no connection", &manager.Failure{}, 255},
		{"anything else", errors.New("disk on fire"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ExitCode(tt.err); got != tt.want {
				t.Errorf("ExitCode(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}
