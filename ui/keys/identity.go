package keys

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// wantMend is the question whether a local key is to be mended.
type wantMend struct{ key manager.LocalKey }

// same tells whether two keys are one.
func same(a, b manager.LocalKey) bool {
	if a.Fingerprint != "" || b.Fingerprint != "" {
		return a.Fingerprint == b.Fingerprint
	}
	return a.Path != "" && a.Path == b.Path
}

// selected returns the key that keys act on.
func (m Model) selected() (manager.LocalKey, bool) {
	if m.at < 0 || m.at >= len(m.report.Local) {
		return manager.LocalKey{}, false
	}
	return m.report.Local[m.at], true
}

func (m Model) selectedPath() string {
	k, _ := m.selected()
	return k.Path + "\n" + k.Fingerprint
}

// selectKey keeps the selection on a key; where it is gone the best is selected.
func (m Model) selectKey(path string) Model {
	m.at = 0
	for i, k := range m.report.Local {
		if k.Path+"\n"+k.Fingerprint == path {
			m.at = i
		}
	}
	return m
}

// usable tells whether a key can be registered and tried.
func usable(k manager.LocalKey) bool { return k.Problem == "" && k.Line != "" && k.Fingerprint != "" }

// onlyKey returns the one good key there is, if it is registered and nothing of
// the account needs a person: then there is nothing to ask.
func (m Model) onlyKey() (manager.LocalKey, bool) {
	var good []manager.LocalKey
	for _, k := range m.report.Local {
		if usable(k) {
			good = append(good, k)
		}
	}
	if len(good) != 1 || !good[0].Registered || m.report.RegisteredErr != nil || len(m.report.Lost) > 0 {
		return manager.LocalKey{}, false
	}
	for _, r := range m.report.Registered {
		if r.Finding != "" {
			return manager.LocalKey{}, false
		}
	}
	return good[0], true
}

// settled returns the one good key when a running pod was seen to take it, the wanted one
// if there is one, and none was seen not to.
func (m Model) settled() (manager.LocalKey, manager.Pod, bool) {
	k, ok := m.onlyKey()
	pod, proven := m.best()
	ok = ok && proven && same(k, m.chosen) && (m.wanted == "" || pod.ID == m.wanted)
	return k, pod, ok && !slices.ContainsFunc(m.rows, func(r row) bool { return r.tried && !r.proof.Takes })
}

// choose makes k the key of the steps that follow; what was proven of another one
// is forgotten.
func (m Model) choose(k manager.LocalKey) Model {
	if !same(k, m.chosen) {
		m.rows, m.row, m.command = nil, 0, ""
	}
	m.chosen = k
	return m
}

// take goes on with k.
func (m Model) take(k manager.LocalKey) (Model, screen.Intent) {
	m = m.choose(k)
	m.step, m.offset, m.forward = stepAccount, 0, true
	return m.nextPlan()
}

func (m Model) identityTyped(press tea.KeyPressMsg) (Model, screen.Intent) {
	k, _ := m.selected()
	by := m.moves(press)
	switch {
	case by != 0 && len(m.report.Local) > 0:
		m.at = min(max(0, m.at+by), len(m.report.Local)-1)
		m.offset, m.problem, m.said = 0, "", ""
		return m, nil
	case key.Matches(press, m.keys.create):
		return m.openForm(), nil
	case key.Matches(press, m.keys.mend):
		return m.ask(wantMend{k}, "Mend "+k.Name+"?", "Mend it", false, k.Problem, k.Flaw, "podbay would "+k.Mend+"."), nil
	case key.Matches(press, m.keys.again):
		return m.load()
	case key.Matches(press, m.keys.enter):
		return m.identityEnter(k)
	}
	return m.scrolledBy(press), nil
}

// identityEnter goes on with the selected key, or to what has to come first.
func (m Model) identityEnter(k manager.LocalKey) (Model, screen.Intent) {
	if only, _, ok := m.settled(); ok && same(only, k) {
		return m.done(), nil
	}
	m.said = ""
	return m.take(k)
}

// identityBody draws the keys that were found, and the selected one in full.
func (m Model) identityBody(width, rows int) []string {
	if !m.known {
		return para(width, "podbay looks for keys in ~/.ssh and ~/.runpod/ssh, in ~/.ssh/config and in the SSH agent, and asks RunPod which are registered.")
	}
	if len(m.report.Local) == 0 {
		out := para(width, "There is no SSH key on this machine yet. A key is a pair of files: the private one stays here, the public one goes to RunPod. c creates one.")
		return append(out, m.notes(width)...)
	}
	intro := m.identityIntro(width)
	details := append([]string{""}, m.keyDetails(width)...)
	details = append(details, m.notes(width)...)
	if rows < len(intro)+1+len(details)+min(len(m.report.Local), 3) && !m.isSettled() {
		intro = nil
	}
	if len(intro) > 0 {
		intro = append(intro, "")
	}
	out := intro
	from, to := window(len(m.report.Local), m.at, max(3, rows-len(intro)-len(details)))
	for i := from; i < to; i++ {
		out = append(out, m.keyRow(m.report.Local[i], i == m.at, width))
	}
	return append(out, details...)
}

func (m Model) isSettled() bool {
	_, _, ok := m.settled()
	return ok
}

func (m Model) identityIntro(width int) []string {
	if k, pod, ok := m.settled(); ok {
		text := "Everything is in place: " + k.Name + " is registered, and " + ask.Name(pod.Name, pod.ID) + " takes it."
		return m.status(doctor.ToneGood, text, width)
	}
	return para(width, "Which key shall podbay use? The best one comes first. The private half stays on this machine.")
}

// keyRow draws one key in a line.
func (m Model) keyRow(k manager.LocalKey, selected bool, width int) string {
	tone, words := keyWords(k, m.report.RegisteredErr != nil)
	text := screen.Fit(k.Type, 10) + " " + k.Name
	return m.listRow(tone, text, words, selected, width)
}

// keyWords tells in a few words what a key is good for.
func keyWords(k manager.LocalKey, unknown bool) (doctor.Tone, string) {
	var words []string
	tone := doctor.ToneIdle
	switch {
	case k.Problem != "" && k.Mend != "":
		tone, words = doctor.ToneWarn, append(words, "can be mended")
	case k.Problem != "":
		tone, words = doctor.ToneBad, append(words, "cannot be used")
	case k.Registered:
		tone, words = doctor.ToneGood, append(words, "registered")
	case !unknown:
		words = append(words, "not registered")
	}
	if k.Encrypted {
		words = append(words, "encrypted")
	}
	if k.Source == "agent" {
		words = append(words, "agent")
	}
	return tone, strings.Join(words, ", ")
}

// keyDetails draws all that is known of the selected key.
func (m Model) keyDetails(width int) []string {
	k, _ := m.selected()
	place := "in the SSH agent"
	if k.Path != "" {
		place = "mode " + k.Mode + ", not encrypted"
		if k.Encrypted {
			place = "mode " + k.Mode + ", encrypted: its passphrase is asked for when it is used"
		}
	}
	account := "not registered yet"
	switch {
	case m.report.RegisteredErr != nil:
		account = "not known"
	case k.Registered:
		account = "registered"
	}
	print := k.Fingerprint
	if print == "" {
		account = ""
		if k.Encrypted {
			print = "not known without the passphrase"
		}
	}
	out := strings.Split(ask.Facts(m.theme, width,
		ask.Fact{Label: "Key", Text: strings.TrimSpace(k.Type + " " + k.Name)}, ask.Fact{Label: "SHA256", Text: strings.TrimPrefix(print, "SHA256:")},
		ask.Fact{Label: "Comment", Text: k.Comment}, ask.Fact{Label: "File", Text: place}, ask.Fact{Label: "Account", Text: account}), "\n")
	if k.Problem != "" {
		out = append(out, m.status(doctor.ToneBad, k.Problem, width)...)
	}
	if k.Flaw != "" {
		out = append(out, m.status(doctor.ToneWarn, k.Flaw, width)...)
	}
	if k.Mend != "" {
		out = append(out, para(width, "m  "+k.Mend)...)
	}
	return out
}

// notes draws what else was found out while looking.
func (m Model) notes(width int) []string {
	var out []string
	if err := m.report.RegisteredErr; err != nil {
		out = append(out, "")
		out = append(out, m.status(doctor.ToneWarn, "The registered keys are not known: "+err.Error(), width)...)
	}
	for _, note := range m.report.Notes {
		out = append(out, "")
		for _, line := range para(width, note) {
			out = append(out, m.theme.Dim.Render(line))
		}
	}
	return out
}
