package ask

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"podbay/ui/screen"
)

func typed(f Field, text string) Field {
	for _, r := range text {
		f = f.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return f
}

func TestFieldIsAValue(t *testing.T) {
	theme := screen.NewTheme(true)
	ab := typed(NewMasked(theme).SetWidth(20), "ab")
	x, y := typed(ab, "x"), typed(ab, "y")
	gone := ab.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	start := ab.Update(tea.KeyPressMsg{Code: tea.KeyHome})
	front := typed(start, "z")
	for _, c := range []struct{ got, want string }{
		{ab.Text(), "ab"}, {x.Text(), "abx"}, {y.Text(), "aby"}, {gone.Text(), "a"}, {start.Text(), "ab"}, {front.Text(), "zab"}, {ab.Cleared().Text(), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestFieldStaysInItsWidth(t *testing.T) {
	f := typed(NewMasked(screen.NewTheme(true)).SetWidth(20), strings.Repeat("long ", 30))
	if w := screen.Width(f.View()); w > 20 {
		t.Errorf("%d cells: %q", w, ansi.Strip(f.View()))
	}
}

func TestFieldStartsNoClipboardProgram(t *testing.T) {
	if f := NewField(screen.NewTheme(true)).Update(tea.KeyPressMsg{Code: 'v', Mod: tea.ModCtrl}); !f.Empty() {
		t.Errorf("ctrl+v wrote %q", f.Text())
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s := NewSecret([]byte("hunter2"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "[secret]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if string(s.Reveal()) != "hunter2" || (Secret{}).Reveal() != nil {
		t.Error("Reveal does not give the text")
	}
	clear(s.Reveal())
	if strings.ContainsAny(string(s.Reveal()), "hunter2") {
		t.Error("the secret cannot be wiped")
	}
}

// TestParagraphsLoseNothing holds that lines fit, and that wrapping moves letters
// and drops none.
func TestParagraphsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "word", "-p", "x-y", "-", "日本", "203.0.113.7", "SHA256:3iYNn5gpF0vv+/"}), 1, 30).Draw(t, "words")
		width := rapid.IntRange(2, 60).Draw(t, "width")
		got := Paragraphs(width, strings.Join(words, " "))
		for line := range strings.SplitSeq(got, "\n") {
			if screen.Width(line) > width {
				t.Fatalf("%d cells: %q", screen.Width(line), line)
			}
		}
		if strings.Join(strings.Fields(got), "") != strings.Join(words, "") {
			t.Fatalf("letters were lost: %q", got)
		}
	})
}

func TestStatusLeavesRoomForTheBody(t *testing.T) {
	got := ansi.Strip(Status(screen.NewTheme(true), "bad", strings.Repeat("what went wrong ", 40), 30))
	if lines := strings.Split(got, "\n"); len(lines) != footLines || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
}
