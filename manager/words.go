package manager

import (
	"strconv"
	"time"

	"podbay/doctor"
)

// The words of the address and time columns, which both faces show alike. They
// say what RunPod reports; what was measured is in the verdict.

// IPWord is the public IP, or that there is none.
func (p Pod) IPWord() string {
	switch {
	case p.PublicIP != "":
		return p.PublicIP
	case p.StartedAt.IsZero():
		return "-"
	}
	return "none"
}

// PortWord is what became of the pod's port 22: "22→34446", "not exposed", "no
// public IP", "not mapped yet".
func (p Pod) PortWord() string {
	switch {
	case !p.Exposes22:
		return "not exposed"
	case p.PublicPort != 0:
		return "22→" + strconv.Itoa(p.PublicPort)
	case p.StartedAt.IsZero():
		return "-"
	case p.PublicIP == "":
		return "no public IP"
	}
	return "not mapped yet"
}

// UptimeWord is how long the pod has been running at now: "3 h"; "-" when it is
// not.
func (p Pod) UptimeWord(now time.Time) string {
	if p.StartedAt.IsZero() {
		return "-"
	}
	return doctor.Age(now.Sub(p.StartedAt))
}
