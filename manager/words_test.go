package manager_test

import (
	"testing"

	"podbay/manager"
)

func TestPortWord(t *testing.T) {
	for want, p := range map[string]manager.Pod{
		"22→34446":     {Status: "RUNNING", Exposes22: true, PublicIP: "203.0.113.7", PublicPort: 34446},
		"not exposed":  {Status: "RUNNING", PublicIP: "203.0.113.7"},
		"no public IP": {Status: "RUNNING", Exposes22: true},
		"not mapped":   {Status: "RUNNING", Exposes22: true, PublicIP: "203.0.113.7"},
		"not yet":      {Status: "STARTING", Exposes22: true},
		"-":            {Status: "EXITED", Exposes22: true},
	} {
		if got := p.PortWord(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
