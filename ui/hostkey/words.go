package hostkey

import (
	"net"
	"strings"
	"time"

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

// explanation says whether a start of the pod accounts for another key.
func explanation(q manager.HostKeyChanged, now time.Time) string {
	switch {
	case viaProxy(q.Pod):
		return "This is the key of RunPod's proxy. It does not change when a pod is started, so nothing that you did explains this."
	case q.StartedAt.IsZero():
		return "RunPod does not say when the pod was last started, so podbay cannot tell whether a start explains this."
	case q.Started == "":
		return "The pod was last started on " + when(q.StartedAt, now) + ". podbay does not remember when the known key was accepted. If that was before the start, a new container explains this: it makes new host keys."
	case q.Started == manager.StartedSinceYes:
		return "The pod was last started on " + when(q.StartedAt, now) + ", after the known key was accepted. A new container makes new host keys, so the start may well be the reason. It is not a proof."
	}
	return "The pod was last started on " + when(q.StartedAt, now) + ", before the known key was accepted. So a start does not explain this."
}

// causes says what a changed key can mean.
func causes(q manager.HostKeyChanged) string {
	if viaProxy(q.Pod) {
		return "It can mean that RunPod gave its proxy a new key, or that someone between you and RunPod answers in its place."
	}
	return "It can mean one of three things. The pod got a new container, by a start, a reset, or a change of its image, ports or variables. " +
		"Or the address was handed on, and another customer's pod answers there. Or someone between you and the pod answers in its place."
}

// next says what to do.
func next(q manager.HostKeyChanged) string {
	check := checkPod(q.KeyType)
	if viaProxy(q.Pod) {
		check = "To check it, ask from another network, or let a colleague do so, and compare: " + keyscan(q.Addr)
	}
	different := "If it is different, do not connect. Wait a minute, so that the list has the pod's present address, and try again; if it stays so, ask RunPod's support."
	return check + "\n\nIf it is the same, forget the known key: podbay then asks about the new one when you connect. " + different
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
	return strings.Join(lines, "\n")
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
