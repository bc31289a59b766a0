package cli

import (
	"context"
	"fmt"
	"strings"

	"podbay/manager"
)

// trusts asks about a host key at first sight; only "yes" in full trusts it.
func (a *app) trusts(ctx context.Context, q *manager.HostKeyUnknown) bool {
	fmt.Fprintf(a.asks(), "The host key of %s (%s) is not known yet. At %s it shows this %s key:\n  %s\n",
		q.Holder(), q.Pod.Name, q.Addr, q.KeyType, q.Fingerprint)
	a.tellEvidence(q.Evidence)
	switch {
	case q.Pod.Route.Kind == manager.RouteProxy:
		fmt.Fprintln(a.asks(), "It is the same for all your pods: to check it, compare what another machine is shown.")
	default:
		fmt.Fprintln(a.asks(), checkInPod)
	}
	if q.Note != "" {
		fmt.Fprintln(a.asks(), q.Note)
	}
	return a.yes(ctx, "Trust it and connect?", q.Evidence.Randomart)
}

// checkInPod says how a pod's host key is compared by another way than SSH.
const checkInPod = "To check it, run in a web terminal of the pod: for k in /etc/ssh/*.pub; do ssh-keygen -lf $k; done"

// trustsChanged takes a changed host key: as a question where it is one, else as a
// stop, at which only the known key can be forgotten, or the pod's log be overruled,
// by typing the pod's name. It reports whether to connect with the key.
func (a *app) trustsChanged(ctx context.Context, m connector, q *manager.HostKeyChanged) bool {
	if q.Asks {
		fmt.Fprintf(a.asks(), "%s was started since it last showed its known host key, and has a new one. At %s it shows this %s key:\n  %s\nKnown:\n  %s\n",
			q.Pod.Name, q.Addr, q.KeyType, q.Offered, strings.Join(q.Known, "\n  "))
		a.tellEvidence(q.Evidence)
		fmt.Fprintln(a.asks(), checkInPod)
		return a.yes(ctx, "Trust the new key in its place and connect?", q.Evidence.Randomart)
	}
	fmt.Fprintln(a.asks(), "podbay: "+q.Error())
	a.tellEvidence(q.Evidence)
	act, what, done := m.ForgetHostKey, "forget the known key", "The known key is forgotten"
	if q.NeverKnown() {
		act, what, done = m.TrustAgainstLog, "trust the shown key against the pod's log", "The key is trusted"
	}
	fmt.Fprintf(a.asks(), "Type the pod's name to %s, or press enter to leave it: ", what)
	answer, err := a.readLine(ctx)
	answer = strings.TrimSpace(answer)
	if err != nil || answer == "" || answer != q.Pod.Name && answer != q.Pod.ID {
		return false
	}
	if err := act(ctx, q.Pod.ID, q.Offered); err != nil {
		fmt.Fprintf(a.asks(), "podbay: %v\n", err)
		return false
	}
	fmt.Fprintf(a.asks(), "%s. Nothing was connected: run podbay ssh %s again.\n", done, q.Pod.ID)
	return false
}

// tellEvidence prints what is known of a key, a line a fact.
func (a *app) tellEvidence(e manager.HostKeyEvidence) {
	if len(e.SharedWith) > 0 {
		fmt.Fprintln(a.asks(), "Careful: this is also the key of "+strings.Join(e.SharedWith, ", ")+
			". The address leads there, or the key is part of an image, and whoever has that can answer in the pod's place.")
	}
	switch {
	case e.Log == manager.LogListsIt:
		fmt.Fprintln(a.asks(), "The pod's log lists the key that is shown.")
	case e.Log == manager.LogListsOthers:
		fmt.Fprintln(a.asks(), "The pod's log lists other keys:\n  "+strings.Join(e.LogListed, "\n  "))
	case e.LogWhy != "":
		fmt.Fprintln(a.asks(), "The pod's log does not settle it: "+e.LogWhy+".")
	}
	if len(e.UserLines) > 0 {
		fmt.Fprintln(a.asks(), "The same key is known for this address in "+strings.Join(e.UserLines, ", ")+": a hint, no proof, as addresses are handed on.")
	}
}

// yes asks until the answer is none that asks for the key's picture.
func (a *app) yes(ctx context.Context, question string, picture []string) bool {
	for {
		fmt.Fprint(a.asks(), question+" Type yes, p for its picture (randomart), or press enter for no: ")
		answer, err := a.readLine(ctx)
		answer = strings.ToLower(strings.TrimSpace(answer))
		if err != nil || answer != "p" {
			return err == nil && answer == "yes"
		}
		fmt.Fprintln(a.asks(), "  "+strings.Join(picture, "\n  "))
	}
}
