// Package hostkey asks whether a host key may be trusted. [Unknown] is the
// question about a pod whose key is not known yet. [Changed] is the stop when
// another key is shown than the known one: nothing on that screen trusts the new
// key, it can only forget the old one.
package hostkey

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// Trust asks for a connection that takes the key with this fingerprint as the
// pod's.
type Trust struct {
	PodID       string
	Fingerprint string // SHA256:...
}

// Unknown is the question about a key that is seen for the first time. No is
// chosen: enter alone trusts nothing.
type Unknown struct {
	theme         screen.Theme
	width, height int
	question      manager.HostKeyUnknown
	buttons       screen.Buttons
	dialog        screen.Dialog
	picture       picture
}

var _ screen.Screen[Unknown] = Unknown{}

// NewUnknown asks q.
func NewUnknown(theme screen.Theme, q *manager.HostKeyUnknown) Unknown {
	who := ask.Name(q.Pod.Name, q.Pod.ID)
	if viaProxy(q.Pod) {
		who = "RunPod's proxy"
	}
	return Unknown{theme: theme, question: *q, picture: newPicture(q.Evidence.Randomart), buttons: screen.NewButtons(0,
		screen.Button{Label: "No, go back", Hot: "n", Intent: screen.Back{}},
		screen.Button{Label: "Yes, trust this key for " + who, Hot: "y", Intent: Trust{q.Pod.ID, q.Fingerprint}})}
}

// viaProxy tells whether the far side is RunPod's proxy, whose key is not the
// pod's.
func viaProxy(p manager.Pod) bool { return p.Route.Kind == manager.RouteProxy }

// SetSize says how many cells there are.
func (m Unknown) SetSize(width, height int) Unknown {
	m.width, m.height = width, height
	return m
}

// SetTheme changes the styles.
func (m Unknown) SetTheme(theme screen.Theme) Unknown {
	m.theme = theme
	return m
}

// Update scrolls, moves the choice, or gives the answer.
func (m Unknown) Update(msg tea.Msg) (Unknown, tea.Cmd, screen.Intent) {
	m.picture = m.picture.update(msg)
	m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(msg)
	return m, nil, intent
}

func (m Unknown) laidOut() screen.Dialog {
	d := m.dialog
	q, inner := m.question, d.InnerWidth(m.width)
	d.Title, d.Tone = "Is this really "+ask.Name(q.Pod.Name, q.Pod.ID)+"?", doctor.ToneWarn
	lead, meaning, check := podWords()
	if viaProxy(q.Pod) {
		d.Title = "Is this really RunPod's proxy?"
		lead, meaning, check = proxyWords(q.Addr)
	}
	d.Body = ask.Paragraphs(inner, lead,
		ask.Facts(m.theme, inner,
			ask.Fact{Label: "Pod", Text: ask.NameAndID(q.Pod.Name, q.Pod.ID)},
			ask.Fact{Label: "Address", Text: q.Addr},
			ask.Fact{Label: "Host key", Text: q.KeyType + ", with the fingerprint"})+
			"\n"+m.theme.Title.Render(q.Fingerprint)+m.picture.drawn(),
		shared(q.Evidence, m.theme), logged(q.Evidence), seen(q.Evidence), meaning, check, m.question.Note)
	d.Foot = m.buttons.View(m.theme, inner)
	return d
}

func podWords() (lead, meaning, check string) {
	return "podbay does not know this pod's host key yet. No login was tried.",
		"A host key is how an SSH server proves which machine it is; the fingerprint is its short form. Say yes only if you believe that this is the pod. podbay then remembers the key, and stops if the pod ever shows another one.",
		checkPod
}

func proxyWords(addr string) (lead, meaning, check string) {
	return "podbay does not know the host key of RunPod's proxy yet. No login was tried.",
		"A host key is how an SSH server proves which machine it is; the fingerprint is its short form. This one belongs to the proxy, which leads to all your pods: you are asked once, and podbay stops if it ever changes.",
		"To check it, ask from another network, or let a colleague do so, and compare: " + keyscan(addr)
}

// View draws the question.
func (m Unknown) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Unknown) ShortHelp() []key.Binding {
	keys := m.picture.among(ask.Keys(m.buttons, ask.Hot{Key: "y", Desc: "trust this key"}))
	return ask.WithScroll(keys, m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Unknown) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
