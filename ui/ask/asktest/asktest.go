// Package asktest drives and draws questions in tests as the root does.
package asktest

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"podbay/ui/screen"
)

// Sizes are the terminals that every state is drawn on.
var Sizes = [][2]int{{80, 24}, {60, 15}, {140, 40}}

// Key makes the message of a key by its name: "enter", "esc", "tab", "left",
// "up", "pgdown", "backspace", or a character.
func Key(name string) tea.Msg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "left": tea.KeyLeft, "right": tea.KeyRight,
		"up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace,
	}
	if code, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	r := []rune(name)
	return tea.KeyPressMsg{Code: r[0], Text: name}
}

// Press gives m keys, which are separated by spaces, and returns the intent of
// the last one.
func Press[M screen.Screen[M]](m M, keys string) (M, screen.Intent) {
	var intent screen.Intent
	for name := range strings.FieldsSeq(keys) {
		m, _, intent = m.Update(Key(name))
	}
	return m, intent
}

// Type gives m every letter of text.
func Type[M screen.Screen[M]](m M, text string) (M, screen.Intent) {
	var intent screen.Intent
	for _, r := range text {
		if m, _, intent = m.Update(tea.KeyPressMsg{Code: r, Text: string(r)}); intent != nil {
			break
		}
	}
	return m, intent
}

// Draw returns m on a terminal of width × height cells with its footer, without
// control codes. It fails the test when the screen is larger than its room.
func Draw[M screen.Screen[M]](t testing.TB, m M, width, height int) string {
	t.Helper()
	m = m.SetSize(width, height-1)
	lines := strings.Split(ansi.Strip(m.View()), "\n")
	if len(lines) > height-1 {
		t.Errorf("%d×%d: the screen has %d lines", width, height, len(lines))
	}
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, ansi.Strip(screen.Footer(screen.NewTheme(true), m.ShortHelp(), width)))
	for i, line := range lines {
		if w := screen.Width(line); w > width {
			t.Errorf("%d×%d: line %d is %d cells wide: %q", width, height, i+1, w, line)
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// Golden compares m, drawn on each of [Sizes], with testdata; go test -update
// writes it.
func Golden[M screen.Screen[M]](t *testing.T, m M) {
	t.Helper()
	for _, size := range Sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, Draw(t, m, size[0], size[1]))
		})
	}
}

// Hides fails the test when secret, or the numbers of its bytes or letters, can
// be read in the view or in any print of values.
func Hides[M screen.Screen[M]](t *testing.T, secret string, m M, values ...any) {
	t.Helper()
	nested := struct{ model any }{m} // fmt may not call methods below an unexported field
	all := map[string]string{"the view": ansi.Strip(m.View())}
	for _, v := range append(values, m, nested, struct{ v []any }{values}) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			all[fmt.Sprintf("%s of a %T", verb, v)] = fmt.Sprintf(verb, v)
		}
	}
	forms := []string{
		secret, fmt.Sprintf("%x", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}"),
	}
	for where, text := range all {
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the secret as %q", where, form)
			}
		}
	}
}
