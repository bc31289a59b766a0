package tty

import (
	"strings"
	"testing"
)

func TestScreenLeave(t *testing.T) {
	const (
		abort     = "\x18\x1b\\"
		leaveKeys = abort + keyboardOff
	)
	tests := []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"text", "hello\r\n", ""},
		{"vim came and went", "\x1b[?1049h\x1b[2J~\x1b[?1049l", ""},
		{"alternate screen", "\x1b[?1049h", leaveKeys + "\x1b[?1049l"},
		{"old alternate screen", "\x1b[?47h", leaveKeys + "\x1b[?47l"},
		{"clearing alternate screen", "\x1b[?1047h", leaveKeys + "\x1b[?1047l"},
		{"among others", "\x1b[?25;1049;2004h", leaveKeys + "\x1b[?1049l"},
		{"left by another mode", "\x1b[?1049h\x1b[?47l", ""},
		{"full reset", "\x1b[?1049h\x1b[?6h\x1bc", ""},
		{"no private mode", "\x1b[1049h", ""},
		{"in a title", "\x1b]0;\x1b\\[?1049h", ""},
		{"after a broken character", "\xc3\x1b[?1049h", leaveKeys + "\x1b[?1049l"},
		{"origin mode", "\x1b[?6h", abort + "\x1b[r\x1b[?6l\x1b[999;1H"},
		{"origin mode, soft reset", "\x1b[?6h\x1b[!p", ""},
		{"colours", "\x1b[38;2;1;2;3;4;5;6mx\x1b[?1h", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			whole := NewScreen()
			whole.Follow([]byte(tt.output))
			if got := whole.Leave(); got != tt.want {
				t.Errorf("at once: got %q, want %q", got, tt.want)
			}
			split := NewScreen()
			for i := range len(tt.output) {
				split.Follow([]byte{tt.output[i]})
			}
			if got := split.Leave(); got != tt.want {
				t.Errorf("a byte at a time: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestScreenBetween(t *testing.T) {
	tests := []struct {
		output             string
		between, lineStart bool
	}{
		{"", true, true},
		{"a\r\n", true, true},
		{"a", true, false},
		{"\x1b", false, false},
		{"\x1b[3", false, false},
		{"\x1b[3m", true, false},
		{"\x1b]0;title", false, false},
		{"\x1b]0;title\a", true, false},
		{"\xe2\x82", false, false},
		{"\xe2\x82\xac", true, false},
	}
	for _, tt := range tests {
		s := NewScreen()
		s.Follow([]byte(tt.output))
		if s.Between() != tt.between || s.LineStart() != tt.lineStart {
			t.Errorf("%q: between %v, line start %v; want %v, %v",
				tt.output, s.Between(), s.LineStart(), tt.between, tt.lineStart)
		}
	}
}

// TestResetLeavesTheScreenAlone checks that Reset neither switches screens nor
// moves the cursor outside of a saved position.
func TestResetLeavesTheScreenAlone(t *testing.T) {
	for _, unwanted := range []string{"1049", "1047", "?47", "\x1bc", "\x1b[H", "\x1b[2J", "\x1b[?6l"} {
		if strings.Contains(Reset, unwanted) {
			t.Errorf("Reset holds %q", unwanted)
		}
	}
	save, margins, back := strings.Index(Reset, "\x1b7"), strings.Index(Reset, "\x1b[r"), strings.Index(Reset, "\x1b8")
	if save < 0 || save > margins || margins > back {
		t.Errorf("the margins are not reset within a saved cursor: %q", Reset)
	}
	s := NewScreen()
	s.Follow([]byte(Reset))
	if !s.Between() || s.Leave() != "" {
		t.Errorf("Reset does not end at rest")
	}
}

func FuzzScreen(f *testing.F) {
	f.Add([]byte("\x1b[?1049h\x1b]0;x\a\x1b[?6h"), 4)
	f.Add([]byte("\xe2\x1b[?47h\x90\x9c"), 1)
	f.Fuzz(func(t *testing.T, output []byte, at int) {
		at = min(max(at, 0), len(output))
		whole, split := NewScreen(), NewScreen()
		whole.Follow(output)
		split.Follow(output[:at])
		split.Follow(output[at:])
		if whole.Leave() != split.Leave() || whole.Between() != split.Between() {
			t.Errorf("split at %d: %q, whole: %q", at, split.Leave(), whole.Leave())
		}
	})
}

// What is skipped as text must leave the Screen as though every byte had gone
// through the parser.
func TestPlainTextIsSkippedToTheSameState(t *testing.T) {
	for _, special := range []string{"\x1b[?1049h", "é", "\x1b", "\x80", "\x1a\x1c", "\x9b?1049h"} {
		for before := range 20 {
			text := strings.Repeat("x", before) + special + strings.Repeat("y", 20-before)
			whole, bytewise := NewScreen(), NewScreen()
			whole.Follow([]byte(text))
			for i := range len(text) {
				bytewise.Follow([]byte{text[i]})
			}
			if whole.Leave() != bytewise.Leave() || whole.Between() != bytewise.Between() {
				t.Errorf("%q: %q and %v at once, %q and %v byte by byte", text,
					whole.Leave(), whole.Between(), bytewise.Leave(), bytewise.Between())
			}
		}
	}
}

func BenchmarkFollowText(b *testing.B) {
	text := []byte(strings.Repeat("step loss=0.1234 the quick brown fox\r\n", 1000))
	b.SetBytes(int64(len(text)))
	for s := NewScreen(); b.Loop(); {
		s.Follow(text)
	}
}
