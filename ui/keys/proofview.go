package keys

import (
	"errors"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
)

// proofBody draws the running pods, and what is known of the selected one.
func (m Model) proofBody(width, rows int) []string {
	switch {
	case len(m.rows) == 0 && m.trying:
		return para(width, "podbay looks which pods are running.")
	case len(m.rows) == 0 && m.problem != "":
		return para(width, "The key could not be tried. r tries again, enter goes on.")
	case len(m.rows) == 0:
		return para(width, "No pod is running, so the key cannot be tried. Pods that are created from now on with SSH get the registered keys. enter goes on.")
	}
	details := append([]string{""}, m.proofDetails(width)...)
	intro := append(para(width, "podbay logs in with "+m.chosen.Name+" on each running pod, and opens no shell."), "")
	if rows < len(intro)+len(details)+min(len(m.rows), 4) {
		intro = nil
	}
	out := intro
	from, to := window(len(m.rows), m.row, max(3, rows-len(intro)-len(details)))
	for i := from; i < to; i++ {
		r := m.rows[i]
		tone, words := proofWords(r)
		out = append(out, m.listRow(tone, ask.Name(r.pod.Name, r.pod.ID), words, i == m.row, width))
	}
	return append(out, details...)
}

// proofWords tells in a few words how a pod stands to the key.
func proofWords(r row) (doctor.Tone, string) {
	switch {
	case r.trying:
		return doctor.ToneWait, "being tried"
	case !r.tried:
		return doctor.ToneIdle, "was not tried"
	case r.proof.Takes && r.proof.Route == (manager.Route{}):
		return doctor.ToneGood, "takes the key"
	case r.proof.Takes && r.proof.Route.Kind == manager.RouteProxy:
		return doctor.ToneGood, "takes the key, by the proxy"
	case r.proof.Takes:
		return doctor.ToneGood, "takes the key"
	case r.proof.Question != nil:
		return doctor.ToneWarn, questionWords(r.proof.Question)
	}
	return doctor.ToneBad, "no login"
}

// questionWords names what a pod waits for.
func questionWords(question error) string {
	words, _ := questionText(question)
	return words
}

// questionSentence says what it waits for.
func questionSentence(question error) string {
	_, sentence := questionText(question)
	return sentence
}

func questionText(question error) (words, sentence string) {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
		wanted  *manager.PassphraseWanted
	)
	switch {
	case errors.As(question, &unknown):
		return "asks: is this its host key?", "Before a login its host key must be trusted: " + unknown.KeyType + " " + unknown.Fingerprint
	case errors.As(question, &changed) && changed.NeverKnown():
		return "asks: not its host key", "It shows a host key that its log does not list, so no login was tried."
	case errors.As(question, &changed):
		return "asks: its host key has changed", "It shows another host key than the known one, so no login was tried."
	case errors.As(question, &wanted):
		return "asks: the key's passphrase", wanted.Name + " is encrypted: its passphrase is needed to try it."
	}
	return "asks something", question.Error()
}

// notice says what podbay decided on the pod's host key by itself.
func notice(p manager.Proof, width int) []string {
	if p.Notice == "" {
		return nil
	}
	return para(width, "podbay: "+p.Notice+".")
}

// proofDetails says of the selected pod why not, and the ways out with their
// keys.
func (m Model) proofDetails(width int) []string {
	r, ok := m.current()
	switch {
	case !ok:
		return nil
	case r.trying:
		return para(width, ask.Name(r.pod.Name, r.pod.ID)+" is being tried.")
	case asks(r):
		return append(para(width, questionSentence(r.proof.Question)), para(width, "enter shows the question.")...)
	case !r.tried:
		return para(width, "It was not tried: RunPod does not report it as running now. A container that starts takes a while; r tries again.")
	case r.proof.Takes:
		return append(notice(r.proof, width), para(width, ask.Name(r.pod.Name, r.pod.ID)+" takes the key. enter goes on.")...)
	}
	out := append(notice(r.proof, width), para(width, r.proof.Sentence)...)
	for _, way := range []struct {
		way  manager.WayOut
		text string
	}{
		{manager.WayProxyShell, "a  add it through RunPod's proxy (restarts nothing)"},
		{manager.WayRecreate, "R  set PUBLIC_KEY (recreates the container)"},
		{manager.WayWebTerminal, "w  copy the command for the web terminal"},
	} {
		if m.can(way.way) {
			out = append(out, para(width, way.text)...)
		}
	}
	return out
}
