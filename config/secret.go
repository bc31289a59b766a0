package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const hidden = "[secret]"

// Secret is an API key. It prints, logs and encodes as "[secret]", even when it
// is empty; only [Secret.Reveal] gives its text.
type Secret string

// Reveal returns the key's text, without white space around it.
func (s Secret) Reveal() string { return strings.TrimSpace(string(s)) }

// String hides the key.
func (s Secret) String() string { return hidden }

// GoString keeps %#v from printing what String hides.
func (s Secret) GoString() string { return hidden }

// Format keeps every other verb from printing what String hides.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText keeps encoders from writing what String hides.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON keeps JSON from holding what String hides.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// LogValue keeps logs from holding what String hides.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
