package ask

import (
	"podbay/doctor"
	"podbay/manager"
)

// EnterDoes names what enter on a pod leads to, for the footers of all screens.
func EnterDoes(p manager.Pod) string {
	switch {
	case p.Kept.Line == manager.KeptConnected, p.Kept.Line != "" && p.Verdict.Shell:
		return "come back"
	case p.Verdict.Shell && p.Verdict.Tone != doctor.ToneBad:
		return "connect"
	case p.Verdict.Shell:
		return "try again"
	case p.Verdict.ID == doctor.Stopped && p.Verdict.Action == doctor.ActStart:
		return "start"
	default:
		return "why not"
	}
}
