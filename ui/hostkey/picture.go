package hostkey

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// picture is a key's randomart, which is drawn when it is asked for.
type picture struct {
	lines []string
	shown bool
	key   key.Binding
}

func newPicture(lines []string) picture {
	p := picture{lines: lines, key: key.NewBinding(key.WithKeys("p"), key.WithHelp("p", "randomart"))}
	p.key.SetEnabled(len(lines) > 0)
	return p
}

func (p picture) update(msg tea.Msg) picture {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, p.key) {
		p.shown = !p.shown
	}
	return p
}

// drawn is what stands below a fingerprint.
func (p picture) drawn() string {
	if !p.shown {
		return ""
	}
	return "\n" + strings.Join(p.lines, "\n")
}

// among puts the picture's key behind enter and the answer that leads on.
func (p picture) among(keys []key.Binding) []key.Binding {
	return slices.Insert(keys, min(2, len(keys)), p.key)
}
