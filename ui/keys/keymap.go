package keys

import (
	"charm.land/bubbles/v2/key"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/help"
)

type keyMap struct {
	up, down, pageUp, pageDown, enter, back, help key.Binding
	create, mend, again                           key.Binding // Identity; again everywhere
	paste, lost, forget, whole                    key.Binding // Account
	add, recreate, web                            key.Binding // Proof
	fieldUp, fieldDown                            key.Binding // the form
}

func bind(help, desc string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
}

func newKeyMap() keyMap {
	return keyMap{
		up:        bind("↑/↓", "choose", "up", "k"),
		down:      bind("", "", "down", "j"),
		pageUp:    bind("pgup", "scroll", "pgup"),
		pageDown:  bind("pgdn", "scroll", "pgdown"),
		enter:     bind("enter", "go on", "enter"),
		back:      bind("esc", "back", "esc"),
		help:      bind("?", "help", "?"),
		create:    bind("c", "create a key", "c"),
		mend:      bind("m", "mend", "m"),
		again:     bind("r", "look again", "r"),
		paste:     bind("p", "paste a key", "p"),
		lost:      bind("L", "add the lost key", "L"),
		forget:    bind("F", "forget the loss", "F"),
		whole:     bind("v", "whole lines", "v"),
		add:       bind("a", "add by proxy", "a"),
		recreate:  bind("R", "set PUBLIC_KEY", "R"),
		web:       bind("w", "copy command", "w"),
		fieldUp:   bind("", "", "up", "shift+tab"),
		fieldDown: bind("tab", "next field", "down", "tab"),
	}
}

// keyed enables the keys that do something now.
func (m Model) keyed() Model {
	k, selected := m.selected()
	r, pod := m.current()
	free := m.task == idle && m.confirm == nil && m.form == nil && m.paste == nil
	on := func(s step) bool { return free && m.step == s }
	b := &m.keys
	b.create.SetEnabled(on(stepIdentity) && m.known)
	b.mend.SetEnabled(on(stepIdentity) && selected && k.Mend != "")
	b.again.SetEnabled(on(stepIdentity) || on(stepProof))
	b.paste.SetEnabled(on(stepAccount))
	b.lost.SetEnabled(on(stepAccount) && len(m.report.Lost) > 0)
	b.forget.SetEnabled(b.lost.Enabled())
	b.whole.SetEnabled(on(stepAccount) && len(m.plan.Diff) > 0)
	b.add.SetEnabled(on(stepProof) && m.can(manager.WayProxyShell))
	b.recreate.SetEnabled(on(stepProof) && m.can(manager.WayRecreate))
	b.web.SetEnabled(on(stepProof) && m.can(manager.WayWebTerminal))
	b.help.SetEnabled(free)
	b.enter.SetEnabled(m.task == idle)
	b.enter.SetHelp("enter", "go on")
	b.again.SetHelp("r", "look again")
	switch {
	case m.form != nil:
		b.enter.SetHelp("enter", "go on")
		if m.form.at == fieldAgain || m.form.at == fieldPassphrase && m.form.fields[fieldPassphrase].Empty() {
			b.enter.SetHelp("enter", "create the key")
		}
	case m.paste != nil:
		b.enter.SetHelp("enter", "show the change")
	case on(stepIdentity):
		b.enter.SetEnabled(selected && usable(k))
		b.enter.SetHelp("enter", "use this key")
		if m.isSettled() {
			b.enter.SetHelp("enter", "done")
		}
	case on(stepProof):
		b.again.SetHelp("r", "try again")
		switch {
		case pod && asks(r):
			b.enter.SetHelp("enter", "answer")
		case m.addsByEnter():
			b.enter.SetHelp("enter", "add the key")
		}
	}
	b.up.SetHelp("↑/↓", "scroll")
	if m.selects() {
		b.up.SetHelp("↑/↓", "choose")
	}
	b.back.SetHelp("esc", "back")
	if m.task != idle {
		b.back.SetHelp("esc", "stop")
	}
	return m
}

// ShortHelp returns the keys for the footer, the most important first.
func (m Model) ShortHelp() []key.Binding {
	k := m.keys
	up := k.up
	up.SetEnabled(m.selects() && (m.step != stepIdentity || len(m.report.Local) > 1) || m.scrolls() && m.form == nil && m.paste == nil)
	switch {
	case m.task != idle:
		return []key.Binding{k.back, up}
	case m.confirm != nil:
		return m.confirm.ShortHelp()
	case m.form != nil:
		return []key.Binding{k.enter, k.fieldDown, k.back}
	case m.paste != nil:
		return []key.Binding{k.enter, k.back}
	case m.step == stepAccount:
		var keys []key.Binding
		for _, b := range ask.Keys(m.buttons, ask.Hot{Key: "y", Desc: "agree"}, ask.Hot{Key: "s", Desc: "skip"}) {
			if name := b.Help().Key; name == "enter" || name == "y" || name == "s" {
				keys = append(keys, b)
			}
		}
		return append(keys, k.lost, k.forget, k.back, k.paste, k.whole, up, k.help)
	case m.step == stepProof:
		return []key.Binding{k.enter, k.add, k.recreate, k.web, k.again, k.back, up, k.help}
	case m.step == stepDone:
		return append(ask.Keys(m.buttons), up, k.help)
	}
	return []key.Binding{k.enter, k.mend, k.create, k.back, up, k.again, k.help}
}

// Help returns all keys of the wizard, by the step at which they apply.
func (m Model) Help() []help.Section {
	k := newKeyMap()
	k.mend.SetHelp("m", "mend the selected key's problem (asks)")
	k.paste.SetHelp("p", "register a key from its text")
	k.lost.SetHelp("L", "register again a key that was lost")
	k.forget.SetHelp("F", "the lost key is gone on purpose")
	k.whole.SetHelp("v", "show the lines of keys uncut")
	k.add.SetHelp("a", "add the key through the proxy (asks)")
	k.recreate.SetHelp("R", "set the pod's PUBLIC_KEY (asks)")
	k.web.SetHelp("w", "copy the command for the web terminal")
	k.back.SetHelp("esc", "one step back; stop what is done")
	once := k.again
	k.again.SetHelp("r", "try again")
	return []help.Section{
		{Title: "SSH keys, at every step", Keys: [][]key.Binding{{k.enter, k.back, k.up, k.pageDown}}},
		{Title: stepTitle(stepIdentity), Keys: [][]key.Binding{{k.create, k.mend, once}}},
		{Title: stepTitle(stepAccount), Keys: [][]key.Binding{{k.paste, k.lost, k.forget, k.whole}}},
		{Title: stepTitle(stepProof), Keys: [][]key.Binding{{k.add, k.recreate, k.web, k.again}}},
	}
}

// FullHelp returns all keys of the wizard, whether they apply now or not.
func (m Model) FullHelp() (all [][]key.Binding) {
	for _, section := range m.Help() {
		all = append(all, section.Keys...)
	}
	return all
}
