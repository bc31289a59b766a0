package hostkey

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// ForgetHostKey asks for the known key to be forgotten, as
// [manager.Manager.ForgetHostKey] does. It trusts nothing. Shown is the fingerprint on the screen.
type ForgetHostKey struct{ PodID, Shown string }

// TrustAgainstLog asks for the key that is shown to be trusted although the pod's
// log lists others, as [manager.Manager.TrustAgainstLog] does. Shown is its
// fingerprint.
type TrustAgainstLog struct{ PodID, Shown string }

// wantName opens the field in which the pod's name is typed.
type wantName struct{}

// Changed is the stop: the far side shows another key than the known one, or than
// those that the pod's log lists. What leads on takes the pod's name, typed. Only
// where the pod was started since, and nothing speaks against the new key, is it a
// question with No chosen.
type Changed struct {
	theme         screen.Theme
	width, height int
	stop          manager.HostKeyChanged
	now           time.Time
	buttons       screen.Buttons
	dialog        screen.Dialog
	picture       picture
	act           act

	typing     bool // the pod's name is being typed
	field      ask.Field
	mistyped   bool
	enter, esc key.Binding
}

var _ screen.Screen[Changed] = Changed{}

// act is what the typed name agrees to.
type act struct {
	intent           screen.Intent
	hot, label, verb string
	leave            string // what esc then means
}

func actOf(stop *manager.HostKeyChanged) act {
	if stop.NeverKnown() {
		return act{TrustAgainstLog{stop.Pod.ID, stop.Offered}, "t", "Trust it against the log", "trust it against the log", "do not"}
	}
	return act{ForgetHostKey{stop.Pod.ID, stop.Offered}, "f", "Forget the known key", "forget the known key", "keep it"}
}

// NewChanged shows stop. now is for ages, and its location for times.
func NewChanged(theme screen.Theme, stop *manager.HostKeyChanged, now time.Time) Changed {
	act := actOf(stop)
	leave := screen.Button{Label: "Go back", Hot: "n", Intent: screen.Back{}}
	on := screen.Button{Label: act.label, Hot: act.hot, Intent: wantName{}}
	if stop.Asks {
		leave.Label = "No, go back"
		on = screen.Button{Label: "Yes, trust the new key", Hot: "y", Intent: Trust{stop.Pod.ID, stop.Offered}}
	}
	return Changed{
		theme: theme, stop: *stop, now: now, act: act,
		buttons: screen.NewButtons(0, leave, on),
		picture: newPicture(stop.Evidence.Randomart),
		field:   ask.NewField(theme),
		enter:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", act.verb)),
		esc:     key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", act.leave)),
	}
}

// SetSize says how many cells there are.
func (m Changed) SetSize(width, height int) Changed {
	m.width, m.height = width, height
	m.field = m.field.SetWidth(m.dialog.InnerWidth(width))
	return m
}

// SetTheme changes the styles.
func (m Changed) SetTheme(theme screen.Theme) Changed {
	m.theme = theme
	m.field = m.field.SetTheme(theme)
	return m
}

// Update scrolls, moves the choice, types the name, or gives the answer.
func (m Changed) Update(msg tea.Msg) (Changed, tea.Cmd, screen.Intent) {
	if m.typing {
		return m.typed(msg)
	}
	m.picture = m.picture.update(msg)
	m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(msg)
	if intent == (wantName{}) {
		m.typing, intent = true, nil
	}
	return m, nil, intent
}

// typed edits the name: every letter is text, and esc takes one step back.
func (m Changed) typed(msg tea.Msg) (Changed, tea.Cmd, screen.Intent) {
	press, _ := msg.(tea.KeyPressMsg)
	switch {
	case key.Matches(press, m.esc):
		m.typing, m.mistyped, m.field = false, false, m.field.Cleared()
		return m, nil, nil
	case key.Matches(press, m.enter) && m.named(m.field.Text()):
		return m, nil, m.act.intent
	case key.Matches(press, m.enter):
		m.mistyped = true
		return m, nil, nil
	}
	if ask.Movement(msg) {
		m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	}
	before := m.field.Text()
	m.field = m.field.Update(msg)
	m.mistyped = m.mistyped && m.field.Text() == before
	return m, nil, nil
}

// named tells whether text names the pod. Its ID does too: a name may hold
// letters that no keyboard has.
func (m Changed) named(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && (text == strings.TrimSpace(m.stop.Pod.Name) || text == m.stop.Pod.ID)
}

func (m Changed) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title, d.Tone = "The host key of "+name(m.stop.Pod)+" has changed", doctor.ToneBad
	switch {
	case m.stop.Asks:
		d.Title, d.Tone = name(m.stop.Pod)+" has a new host key", doctor.ToneWarn
	case m.stop.NeverKnown():
		d.Title = "This is not the host key of " + name(m.stop.Pod)
	}
	d.Body = ask.Paragraphs(inner,
		"podbay stopped the connection. No login was tried.",
		shown(m.stop, m.theme)+m.picture.drawn()+known(m.stop, m.now, m.theme)+listed(m.stop, m.theme),
		shared(m.stop.Evidence, m.theme), judged(m.stop),
		explanation(m.stop, m.now),
		causes(m.stop), seen(m.stop.Evidence),
		next(m.stop),
		m.theme.Dim.Render("Known keys are kept in "+m.stop.File+"."))
	d.Foot = m.buttons.View(m.theme, inner)
	if m.typing {
		d.Foot = m.prompt(inner)
	}
	return d
}

// prompt asks for the pod's name.
func (m Changed) prompt(width int) string {
	p := m.stop.Pod
	line := m.theme.Title.Render(screen.Cut("To "+m.act.verb+", type the pod's name or its ID ("+p.ID+"):", width))
	hint := screen.Cut(m.theme.Dim.Render("The name is "+ask.NameAndID(p.Name, p.ID)), width)
	if m.mistyped {
		hint = ask.Status(m.theme, doctor.ToneBad, "That is not "+ask.NameAndID(p.Name, p.ID)+". Nothing was changed.", width)
	}
	return line + "\n" + m.field.View() + "\n" + hint
}

// View draws the stop.
func (m Changed) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Changed) ShortHelp() []key.Binding {
	keys := m.picture.among(ask.Keys(m.buttons, ask.Hot{Key: m.act.hot, Desc: m.act.verb}, ask.Hot{Key: "y", Desc: "trust the new key"}))
	if m.typing {
		keys = []key.Binding{m.enter, m.esc}
	}
	return ask.WithScroll(keys, m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Changed) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
