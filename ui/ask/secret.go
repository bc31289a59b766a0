// Package ask holds what podbay's questions share: a text field in which every
// letter is text, a secret that no format verb prints, and lines of facts.
package ask

import (
	"fmt"
	"io"
)

// Secret is a passphrase or an API key on its way from a field to its use. It
// cannot be printed by accident: fmt shows a placeholder, or, where the Secret
// lies in an unexported field and fmt may not call its method, the address of a
// function. (A pointer would not do: fmt follows it where a verb does not fit.)
type Secret struct{ text func() []byte }

// NewSecret takes text over.
func NewSecret(text []byte) Secret { return Secret{func() []byte { return text }} }

// Reveal returns the secret itself. The bytes are shared with the Secret: who
// overwrites them has wiped it.
func (s Secret) Reveal() []byte {
	if s.text == nil {
		return nil
	}
	return s.text()
}

// Format implements [fmt.Formatter] for every verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[secret]") // fmt's state cannot fail
}
