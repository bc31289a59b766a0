package hostkey

import (
	"net"
	"slices"
	"strings"
	"time"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// keyscan is the command line that shows the fingerprints of the server at addr.
func keyscan(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "22"
	}
	command := "ssh-keyscan "
	if port != "22" {
		command += "-p " + port + " "
	}
	return command + host + " | ssh-keygen -lf -"
}

// when writes a moment in the user's time zone, with its age.
func when(at, now time.Time) string {
	return at.In(now.Location()).Format("2006-01-02 15:04") + ", " + screen.Ago(now.Sub(at)) + " ago"
}

// checkPod says how a pod's host key is compared by another way than SSH.
const checkPod = "To check it yourself, open a web terminal on the pod in RunPod's console and run: " +
	"for k in /etc/ssh/*.pub; do ssh-keygen -lf $k; done. One of the fingerprints must be the same as here, letter for letter."

// logged says what the pod's log makes of the key.
func logged(e manager.HostKeyEvidence) string {
	switch {
	case e.Log == manager.LogListsIt:
		return "The pod's log, read from RunPod, lists the key that is shown now."
	case e.Log == manager.LogListsOthers:
		return "The pod's log, read from RunPod, lists other keys. The pod itself writes them as it starts. So what answers is not the pod, or its keys were replaced later."
	case e.LogWhy != "":
		return "The pod's log, read from RunPod, does not settle it: " + e.LogWhy + "."
	}
	return ""
}

// judged says the same where a key is known: a log that still lists that one leaves
// no doubt.
func judged(q manager.HostKeyChanged) string {
	if q.Evidence.Log == manager.LogListsOthers && slices.ContainsFunc(q.Known, func(key string) bool { return slices.Contains(q.Evidence.LogListed, key) }) {
		return "The pod's log, read from RunPod, lists the known key, and not the one that is shown. So what answers is not the pod, or its keys were replaced since it was started."
	}
	return logged(q.Evidence)
}

// shared warns of a key that several pods have.
func shared(e manager.HostKeyEvidence, theme screen.Theme) string {
	if len(e.SharedWith) == 0 {
		return ""
	}
	return theme.Tone(doctor.ToneWarn).Render(screen.Glyph(doctor.ToneWarn)+" This is also the key of "+list(e.SharedWith)+".") +
		" Either the address leads to that one, or the key is part of an image: then whoever has the image can answer in the pod's place."
}

// seen tells of the user's own files.
func seen(e manager.HostKeyEvidence) string {
	if len(e.UserLines) == 0 {
		return ""
	}
	return "The same key is known for this address in " + list(e.UserLines) + ". That is a hint and no proof: RunPod hands addresses on to other pods."
}

// list joins up to three names.
func list(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// explanation says whether a start of the pod accounts for another key.
func explanation(q manager.HostKeyChanged, now time.Time) string {
	switch {
	case viaProxy(q.Pod):
		return "This is the key of RunPod's proxy. It does not change when a pod is started, so nothing that you did explains this."
	case q.NeverKnown():
		return ""
	case q.StartedAt.IsZero():
		return "RunPod does not say when the pod was last started, so podbay cannot tell whether a start explains this."
	case q.Started == "":
		return "The pod was last started on " + when(q.StartedAt, now) + ". podbay does not remember whether the known key was seen before that. If it was, a new container explains this: it makes new host keys."
	case q.Started == manager.StartedSinceYes:
		return "The pod was last started on " + when(q.StartedAt, now) + ", after it last showed the known key. A new container makes new host keys, so the start may well be the reason. It is not a proof."
	}
	return "The pod was last started on " + when(q.StartedAt, now) + ", and has shown the known key since. So a start does not explain this."
}

// causes says what a changed key can mean.
func causes(q manager.HostKeyChanged) string {
	switch {
	case viaProxy(q.Pod):
		return "It can mean that RunPod gave its proxy a new key, or that someone between you and RunPod answers in its place."
	case q.NeverKnown():
		return "It can mean one of three things. The address was handed on, and another customer's pod answers there. Or someone between you and the pod answers in its place. " +
			"Or something in the pod put other host keys in place after the image had printed its own."
	}
	if q.Started == manager.StartedSinceNo {
		return "It can mean one of three things. The address was handed on, and another customer's pod answers there. Or someone between you and the pod answers in its place. " +
			"Or something in the pod made new host keys."
	}
	return "It can mean one of three things. The pod got a new container, by a start, a reset, or a change of its image, ports or variables. " +
		"Or the address was handed on, and another customer's pod answers there. Or someone between you and the pod answers in its place."
}

// next says what to do.
func next(q manager.HostKeyChanged) string {
	check := checkPod
	if viaProxy(q.Pod) {
		check = "To check it, ask from another network, or let a colleague do so, and compare: " + keyscan(q.Addr)
	}
	same := "If it is the same, forget the known key: podbay then checks the new one when you connect."
	switch {
	case q.Asks:
		same = "If it is the same, say yes: podbay then remembers the new key in place of the known one."
	case q.NeverKnown():
		same = "If it is the same, you can trust it against the log."
	}
	return check + "\n\n" + same + " If it is different, do not connect. Wait a minute, so that the list has the pod's present address, and try again; if it stays so, ask RunPod's support."
}

// known draws the keys that are known, a fingerprint a line.
func known(q manager.HostKeyChanged, now time.Time, theme screen.Theme) string {
	since := ""
	if !q.SeenAt.IsZero() {
		since = ", accepted on " + when(q.SeenAt, now)
	}
	var lines []string
	for _, key := range q.Known {
		kind, fingerprint, _ := strings.Cut(key, " ")
		lines = append(lines, theme.Dim.Render("Known, "+kind+since+":"), fingerprint)
	}
	if len(lines) == 0 {
		return ""
	}
	return "\n" + strings.Join(lines, "\n")
}

// listed draws the keys that the pod's log lists and that are not drawn as known,
// where the log contradicts.
func listed(q manager.HostKeyChanged, theme screen.Theme) string {
	if q.Evidence.Log != manager.LogListsOthers {
		return ""
	}
	text := ""
	for _, key := range q.Evidence.LogListed {
		if slices.Contains(q.Known, key) {
			continue
		}
		kind, fingerprint, _ := strings.Cut(key, " ")
		text += "\n" + theme.Dim.Render("Listed by the pod's log, "+kind+":") + "\n" + fingerprint
	}
	return text
}

// shown draws the key that the far side has.
func shown(q manager.HostKeyChanged, theme screen.Theme) string {
	return theme.Dim.Render("Shown now, "+q.KeyType+", by "+q.Addr+":") + "\n" + theme.Title.Render(q.Offered)
}

// name is what the key belongs to.
func name(p manager.Pod) string {
	if viaProxy(p) {
		return "RunPod's proxy"
	}
	return ask.Name(p.Name, p.ID)
}
