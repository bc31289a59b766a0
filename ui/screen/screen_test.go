package screen

import (
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"podbay/doctor"
)

func TestGlyphsAreOneCellWide(t *testing.T) {
	for _, tone := range []doctor.Tone{doctor.ToneGood, doctor.ToneWait, doctor.ToneWarn, doctor.ToneBad, doctor.ToneIdle, ""} {
		if w := Width(Glyph(tone)); w != 1 {
			t.Errorf("glyph of %q is %d cells wide", tone, w)
		}
	}
}

func TestTextIsMeasuredInCells(t *testing.T) {
	for _, text := range []string{"", "plain", "日本語のポッド", "e\u0301te\u0301", "👩‍👩‍👧 family", "a\x1b[31mred\x1b[m"} {
		for width := range 12 {
			if got := Width(Fit(text, width)); got != width {
				t.Errorf("Fit(%q, %d) is %d cells wide", text, width, got)
			}
			if got := Width(FitRight(text, width)); got != width {
				t.Errorf("FitRight(%q, %d) is %d cells wide", text, width, got)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		left, right string
		width       int
		want        string
	}{
		{"left", "right", 12, "left   right"},
		{"a long left side", "right", 16, "a long le… right"},
		{"a long left side", "right", 7, "a long…"},
		{"left", "", 6, "left  "},
	} {
		if got := Spread(c.left, c.right, c.width); got != c.want {
			t.Errorf("Spread(%q, %q, %d) = %q, want %q", c.left, c.right, c.width, got, c.want)
		}
	}
}

func TestFlowFitsAndNamesEveryAnswer(t *testing.T) {
	b := NewButtons(2, Button{Label: "Add the key to the pod", Hot: "a"}, Button{Label: "Use RunPod's proxy", Hot: "p"}, Button{Label: "Go back"})
	for width, want := range map[int]string{
		80: "a Add the key to the pod   p Use RunPod's proxy   [ Go back ]",
		50: "a Add the key to the pod   p Use RunPod's proxy\n[ Go back ]",
		30: "a Add the key to the pod\np Use RunPod's proxy\n[ Go back ]",
		12: "a Add the k…\np Use RunPo…\n[ Go back ]",
	} {
		if got := ansi.Strip(b.Flow(NewTheme(true), width)); got != want {
			t.Errorf("in %d cells:\n%s\nwant:\n%s", width, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 14500 * time.Millisecond: "14 s", 4 * time.Minute: "4 m",
		3*time.Hour + 20*time.Minute: "3 h 20 m", 3 * time.Hour: "3 h", 52 * time.Hour: "2 d 4 h",
	} {
		if got := Ago(d); got != want {
			t.Errorf("Ago(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAgoStays(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		-time.Second: 2 * time.Second, 0: time.Second, 14500 * time.Millisecond: 500 * time.Millisecond, time.Minute: time.Minute,
		3*time.Hour + 10*time.Second: 50 * time.Second, 49*time.Hour + time.Minute: 59 * time.Minute,
	} {
		got := AgoStays(d)
		if got != want || Ago(d+got) == Ago(d) || Ago(d+got-1) != Ago(d) {
			t.Errorf("AgoStays(%v) = %v: %q, then %q", d, got, Ago(d+got-1), Ago(d+got))
		}
	}
}

func TestFooterDropsFromTheEnd(t *testing.T) {
	bind := func(k, desc string, on bool) key.Binding {
		b := key.NewBinding(key.WithKeys(k), key.WithHelp(k, desc))
		b.SetEnabled(on)
		return b
	}
	keys := []key.Binding{bind("enter", "connect", true), bind("x", "stop", false), bind("/", "filter", true), bind("q", "quit", true)}
	for width, want := range map[int]string{
		80: "enter connect  / filter  q quit",
		31: "enter connect  / filter  q quit",
		30: "enter connect  / filter",
		12: "",
	} {
		if got := ansi.Strip(Footer(NewTheme(true), keys, width)); got != want {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
	}
}

func press(s string) tea.Msg {
	switch s {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	}
	return tea.KeyPressMsg{Code: rune(s[0]), Text: s}
}

func TestButtons(t *testing.T) {
	type stop struct{}
	for keys, want := range map[string]Intent{
		"enter": Back{}, "esc": Back{}, "n": Back{}, "y": stop{}, "tab enter": stop{}, "left enter": stop{},
		"l enter": stop{}, "l l enter": Back{}, "tab esc": Back{}, "j": nil, "h": nil,
	} {
		b := NewButtons(0, Cancel(), Button{Label: "Stop it", Hot: "y", Intent: stop{}})
		var got Intent
		for k := range strings.FieldsSeq(keys) {
			b, got = b.Update(press(k))
		}
		if got != want {
			t.Errorf("keys %q gave %#v, want %#v", keys, got, want)
		}
	}
}

func TestDialogFitsAndScrolls(t *testing.T) {
	body := strings.TrimSpace(strings.Repeat("words of a body that is long ", 60)) + " end"
	for _, size := range [][2]int{{80, 24}, {140, 40}, {60, 15}, {40, 10}} {
		d := Dialog{Title: "A title", Tone: doctor.ToneBad, Body: body, Foot: "[ Cancel ]"}
		if size[1] < 40 && !d.Scrolls(size[0], size[1]) {
			t.Fatalf("%v: the body is not tall enough for this test", size)
		}
		for range 60 {
			view := ansi.Strip(d.View(NewTheme(true), size[0], size[1]))
			lines := strings.Split(view, "\n")
			if len(lines) > size[1] || !strings.Contains(view, "[ Cancel ]") || !strings.Contains(view, "A title") {
				t.Fatalf("%v: %d lines:\n%s", size, len(lines), view)
			}
			for _, line := range lines {
				if Width(line) > size[0] {
					t.Fatalf("%v: line of %d cells: %q", size, Width(line), line)
				}
			}
			d = d.Scroll(press("j"), size[0], size[1])
		}
		if !strings.Contains(ansi.Strip(d.View(NewTheme(true), size[0], size[1])), "end") {
			t.Errorf("%v: the end of the body cannot be reached", size)
		}
	}
}

// The fast way to measure agrees with the slow one wherever it is taken.
func FuzzWidth(f *testing.F) {
	for _, seed := range []string{"", "plain", "● running", "\x1b[31mred\x1b[m", "\x1b[38;5;1mx", "\x1b[2J", "a\u0301", "●\ufe0f", "日本", "\x1b[", "\x7f", "\x1b[31\x1b[m", ownSigns} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := simpleWidth(s); ok && n != ansi.StringWidth(s) {
			t.Errorf("%q is %d cells wide, not %d", s, ansi.StringWidth(s), n)
		}
		for _, width := range []int{1, 5, 20} {
			if got, want := Cut(s, width), ansi.Truncate(s, width, "…"); ansi.Strip(got) != ansi.Strip(want) {
				t.Errorf("Cut(%q, %d) = %q, want %q", s, width, got, want)
			}
		}
	})
}

// A style of our own looks as Lip Gloss's does.
func TestStylesRenderAsLipGlossDoes(t *testing.T) {
	theme := NewTheme(true)
	for _, style := range []Style{theme.Text, theme.Title, theme.Dim, theme.Key, theme.Badge, theme.Selected, theme.Button, theme.Chosen, theme.Rule, theme.good} {
		for _, text := range []string{"x", "two words", "● sign", "日本", "a\nlonger one", "tab\there"} {
			if got, want := style.Render(text), style.Style.Render(text); got != want {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	}
}
