package help

import (
	"strings"
	"testing"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"podbay/ui/screen"
)

func page(height int) Model {
	bind := func(k, desc string) key.Binding {
		return key.NewBinding(key.WithKeys(k), key.WithHelp(k, desc))
	}
	return New(screen.NewTheme(true), []Section{{"The list", [][]key.Binding{{bind("x", "stop"), bind("y", "copy")}}}},
		[]Text{{"In a shell", [][2]string{{"~.", "end it"}}}}).SetSize(40, height)
}

func TestEveryKeyIsShown(t *testing.T) {
	want := "The list\n  x         stop\n  y         copy\n\nIn a shell\n  ~.        end it"
	if diff := cmp.Diff(want, ansi.Strip(page(20).View())); diff != "" {
		t.Error(diff)
	}
}

func TestSmallPageScrolls(t *testing.T) {
	m := page(3)
	for range 9 {
		m, _, _ = m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	}
	if got := ansi.Strip(m.View()); !strings.HasSuffix(got, "end it") || strings.Count(got, "\n") != 2 {
		t.Errorf("the end is %q", got)
	}
	m, _, _ = m.Update(tea.KeyPressMsg{Code: tea.KeyPgUp})
	if got := ansi.Strip(m.View()); !strings.HasPrefix(got, "The list") {
		t.Errorf("the top is %q", got)
	}
}

func TestBack(t *testing.T) {
	for _, k := range []rune{tea.KeyEscape, '?', 'q'} {
		if _, _, got := page(20).Update(tea.KeyPressMsg{Code: k}); got != (screen.Back{}) {
			t.Errorf("%q asks for %v", k, got)
		}
	}
}
