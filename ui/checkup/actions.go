package checkup

import (
	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

// words are how an action is offered: its key, and what it does.
type words struct{ key, label string }

var offered = map[doctor.Action]words{
	doctor.ActAPIKey:       {"i", "Enter an API key"},
	doctor.ActStart:        {"s", "Start the pod and connect"},
	doctor.ActWait:         {"w", "Wait and connect"},
	doctor.ActRetry:        {"r", "Try again"},
	doctor.ActProxy:        {"p", "Use RunPod's proxy"},
	doctor.ActExposePort:   {"e", "Add 22/tcp to its ports"},
	doctor.ActStartCommand: {"t", "Copy the start command"},
	doctor.ActKeys:         {"K", "Set up a key"},
	doctor.ActAddKey:       {"a", "Add the key to the pod"},
	doctor.ActMendKey:      {"m", "Mend the key file and connect"},
	doctor.ActAgentAdd:     {"g", "Add the key to the agent"},
	doctor.ActForget:       {"f", "Forget the known host key"},
	doctor.ActConsole:      {"o", "Open RunPod's console"},
	doctor.ActCopySSH:      {"y", "Copy the ssh command"},
	doctor.ActCopyCommand:  {"u", "Copy the command"},
}

// Offer returns the key of an action on this screen and what the action does, in
// words; "" for an action that the screen does not know.
func Offer(a doctor.Action) (key, label string) { return offered[a].key, offered[a].label }

// harmless are the actions that send nothing, cost nothing and lose nothing by
// themselves: another screen comes up, or something is copied. enter may give them.
var harmless = map[doctor.Action]bool{
	doctor.ActAPIKey: true, doctor.ActKeys: true, doctor.ActAddKey: true,
	doctor.ActStartCommand: true, doctor.ActCopySSH: true, doctor.ActCopyCommand: true,
}

// answers are what can be done: the verdict's action first, then its other ways,
// then what is always possible. Going back is chosen, unless what comes first is
// harmless: enter pressed too often must not try again and again, for which servers
// lock an address out. Where nothing is in the way, connecting is what enter is for.
func answers(f Finding) screen.Buttons {
	var list []screen.Button
	had := map[doctor.Action]bool{"": true, doctor.ActProxy: f.Via == manager.RouteProxy} // which was it
	offer := func(a doctor.Action) {
		if had[a] {
			return
		}
		had[a] = true
		w := f.words(a)
		list = append(list, screen.Button{Label: w.label, Hot: w.key, Intent: Do{a}})
	}
	chosen := -1
	if harmless[f.Verdict.Action] {
		chosen = 0
	}
	offer(f.Verdict.Action)
	for _, way := range f.Verdict.Ways {
		offer(way)
	}
	if f.Pod.ID != "" {
		if f.Verdict.Shell || f.From == Tried {
			offer(doctor.ActRetry)
		}
		if f.Verdict.Tone == doctor.ToneGood {
			chosen = len(list) - 1
		}
		if f.Pod.HasProxy && f.Pod.Route.Kind != manager.RouteProxy {
			offer(doctor.ActProxy)
		}
		list = append(list, screen.Button{Label: "Check again", Hot: "c", Intent: Check{}})
	}
	list = append(list, screen.Button{Label: "Go back", Intent: screen.Back{}})
	if chosen < 0 {
		chosen = len(list) - 1
	}
	return screen.NewButtons(chosen, list...)
}

// words are how an action is offered for this finding.
func (f Finding) words(a doctor.Action) words {
	w := offered[a]
	switch {
	case a == doctor.ActRetry && f.Pod.ID == "":
		w.label = "Ask RunPod again"
	case a == doctor.ActRetry && f.Verdict.ID == doctor.HostKeyContradicted,
		a == doctor.ActForget && f.Verdict.ID != doctor.HostKeyRestarted:
		w.label = "See the host keys" // the connection stops at them
	case a == doctor.ActRetry && f.From == Ended:
		w.label = "Connect again"
	case a == doctor.ActRetry && f.From != Tried:
		w.label = "Connect"
	}
	return w
}
