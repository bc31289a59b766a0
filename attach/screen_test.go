//go:build linux || darwin

package attach

import (
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestOwnLinesTearNothingApart holds that podbay's lines wait for the end of a
// character or a sequence, and stand on lines of their own.
func TestOwnLinesTearNothingApart(t *testing.T) {
	tests := []struct {
		name    string
		written []string // podbay's line is said after the first
		want    string
	}{
		{"at the start of a line", []string{"out\r\n", "more"}, "out\r\n[podbay] line\r\nmore"},
		{"within a line", []string{"out", "more"}, "out\r\n[podbay] line\r\nmore"},
		{"within a sequence", []string{"\x1b[3", "1mred"}, "\x1b[31mred\r\n[podbay] line\r\n"},
		{"within a character", []string{"\xe2\x82", "\xac"}, "\xe2\x82\xac\r\n[podbay] line\r\n"},
		{"within a title", []string{"\x1b]0;tit", "le\a"}, "\x1b]0;title\a\r\n[podbay] line\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLocal(t)
			if _, err := l.term.Raw(); err != nil {
				t.Fatal(err)
			}
			s := newScreen(l.term)
			s.open()
			defer s.close()
			for i, text := range append(tt.written, "") {
				if err := s.write([]byte(text)); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					s.say("line")
					if err := s.write(nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := s.out.Write([]byte("$")); err != nil {
				t.Fatal(err)
			}
			l.sees("$")
			if got := strings.TrimSuffix(l.all(), "$"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLinesBreakBetweenWords(t *testing.T) {
	l := newLocal(t)
	s := newScreen(l.term)
	long := strings.Repeat("word ", 30)
	for cols, want := range map[uint16]int{80: 3, 200: 1, 18: 1} {
		if err := pty.Setsize(l.master, &pty.Winsize{Rows: 24, Cols: cols}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(s.format([]string{long + "end."}), "\r\n"), "\r\n")
		if len(lines) != want {
			t.Errorf("%d columns: %q", cols, lines)
		}
		for _, line := range lines {
			if want > 1 && (len(line) > int(cols) || !strings.HasSuffix(strings.TrimSpace(line), "word") && !strings.HasSuffix(line, "end.")) {
				t.Errorf("%d columns: %q", cols, line)
			}
		}
	}
}
