package manager

import (
	"strconv"
	"time"

	"podbay/doctor"
	"podbay/runpod"
)

// The words of the address and time columns, which both faces show alike. They
// say what RunPod reports; what was measured is in the verdict.

// IPWord is the public IP, or that there is none.
func (p Pod) IPWord() string {
	switch {
	case p.PublicIP != "":
		return p.PublicIP
	case p.Status == string(runpod.StatusRunning):
		return "none"
	}
	return "-"
}

// PortWord is what became of the pod's port 22: "22→34446", "not exposed", "not
// yet", "no public IP", "not mapped"; "-" when the pod is off.
func (p Pod) PortWord() string {
	switch {
	case p.PublicPort != 0:
		return "22→" + strconv.Itoa(p.PublicPort)
	case !p.Exposes22:
		return "not exposed"
	case p.Status == string(runpod.StatusProvisioning), p.Status == string(runpod.StatusStarting):
		return "not yet"
	case p.Status != string(runpod.StatusRunning):
		return "-"
	case p.PublicIP == "":
		return "no public IP"
	}
	return "not mapped"
}

// UptimeWord is how long the pod has been running at now: "3 h"; "-" when it is
// not.
func (p Pod) UptimeWord(now time.Time) string {
	if p.StartedAt.IsZero() {
		return "-"
	}
	return doctor.Age(now.Sub(p.StartedAt))
}
