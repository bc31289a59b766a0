package ask

import (
	"charm.land/bubbles/v2/key"

	"podbay/ui/screen"
)

// Hot names in short what a key answers at once.
type Hot struct{ Key, Desc string }

// Keys returns the keys of a row of buttons for a footer: first enter and the
// keys in hot, which are what cannot be guessed, then the others.
func Keys(b screen.Buttons, hot ...Hot) []key.Binding {
	var first, rest []key.Binding
	for i, binding := range b.ShortHelp() {
		short := i == 0
		for _, h := range hot {
			if binding.Help().Key == h.Key {
				binding.SetHelp(h.Key, h.Desc)
				short = true
			}
		}
		if short {
			first = append(first, binding)
		} else {
			rest = append(rest, binding)
		}
	}
	return append(first, rest...)
}

// WithScroll adds the keys that scroll a body to the keys of a footer.
func WithScroll(keys []key.Binding, scrolls bool) []key.Binding {
	up, _ := screen.ScrollKeys()
	up.SetEnabled(scrolls)
	return append(keys, up)
}
