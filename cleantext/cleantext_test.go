package cleantext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"podbay/cleantext"
)

func TestLine(t *testing.T) {
	tests := map[string]struct {
		in   string
		max  int
		want string
	}{
		"plain":                    {"my-pod 1", 0, "my-pod 1"},
		"empty":                    {"", 10, ""},
		"colour":                   {"a\x1b[31mred\x1b[0m", 0, "ared"},
		"clear screen":             {"\x1b[2J\x1b[Hroot", 0, "root"},
		"title, BEL":               {"a\x1b]0;title\ab", 0, "ab"},
		"title, ST":                {"a\x1b]0;title\x1b\\b", 0, "ab"},
		"clipboard":                {"a\x1b]52;c;cm0gLXJm\x07b", 0, "ab"},
		"hyperlink":                {"\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", 0, "link"},
		"device control":           {"a\x1bPq#0;2;0\x1b\\b", 0, "ab"},
		"application":              {"a\x1b_Gf=100;AAAA\x1b\\b", 0, "ab"},
		"privacy, start of string": {"a\x1b^x\x1b\\b\x1bXy\x1b\\c", 0, "abc"},
		"charset, reset":           {"a\x1b(0b\x1bcd", 0, "abd"},
		"C1 byte":                  {"a\x9b31mb\x9d0;t\x9cc", 0, "abc"},
		"C1 character":             {"a\u009b31mb\u009d0;t\u009cc", 0, "abc"},
		"lone escape":              {"a\x1b", 0, "a"},
		"cut sequence":             {"a\x1b[31", 0, "a"},
		"unended title":            {"a\x1b]0;title\nb", 0, "a b"},
		"sequence in a sequence":   {"a\x1b[\x1b[31mb", 0, "ab"},
		"controls":                 {"a\x00b\x07c\bd\x7fe", 0, "abcde"},
		"breaks":                   {" a\r\n\tb\vc\u2028d\u0085e\n", 0, "a b c d e"},
		"only breaks":              {"\n\t\r\n", 0, ""},
		"inner space":              {"a  b", 0, "a  b"},
		"other spaces":             {"a\u00a0b\u3000c\u2800d", 0, "a b c d"},
		"override":                 {"a\u202egpj.exe\u202c", 0, "agpj.exe"},
		"isolates and marks":       {"\u2066a\u2069\u200fb\u061c", 0, "ab"},
		"zero width":               {"a\u200bb\u2060c\ufeffd\u00ade", 0, "abcde"},
		"tags":                     {"a\U000e0041\U000e007fb", 0, "ab"},
		"variation selectors":      {"\u2764\ufe0fa\U000e0100", 0, "\u2764a"},
		"fillers":                  {"a\u3164\u115f\u1160\uffa0\u034fb", 0, "ab"},
		"joiner":                   {"\U0001f469\u200d\U0001f680", 0, "\U0001f469\U0001f680"},
		"invalid UTF-8":            {"a\xff\xc3b\xe9", 0, "a\ufffd\ufffdb\ufffd"},
		"private use":              {"a\ue0b0\U0010eeee\uffff", 0, "a\ufffd\ufffd\ufffd"},
		"accents":                  {"e\u0301 \u00e9", 0, "e\u0301 \u00e9"},
		"mark without a letter":    {"\u0301a \u0301b", 0, "a b"},
		"too many marks":           {"e" + strings.Repeat("\u0301", 9), 0, "e" + strings.Repeat("\u0301", 4)},
		"other scripts":            {"日本語 한국어 हिन्दी ไทย עברית", 0, "日本語 한국어 हिन्दी ไทย עברית"},
		"fits":                     {"abcde", 5, "abcde"},
		"cut":                      {"abcdef", 5, "abcd…"},
		"cut to one":               {"abcdef", 1, "…"},
		"wide":                     {"日本語", 5, "日本…"},
		"wide, odd":                {"日本語", 4, "日…"},
		"emoji modifiers":          {"\U0001f44d\U0001f3fd\U0001f3fd\U0001f3fdabc", 4, "…"},
		"default bound":            {strings.Repeat("x", 5000), 0, strings.Repeat("x", 4095) + "…"},
		"negative bound":           {strings.Repeat("x", 5000), -1, strings.Repeat("x", 4095) + "…"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cleantext.Line(tc.in, tc.max); got != tc.want {
				t.Errorf("Line(%q, %d) = %q, want %q", tc.in, tc.max, got, tc.want)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	tests := map[string]struct {
		in    string
		lines int
		cells int
		want  []string
	}{
		"empty":             {"", 0, 0, nil},
		"nothing to draw":   {"\n\x1b[2J\n \n", 0, 0, nil},
		"indentation":       {"a\r\n  b  \n\nc\n\n", 0, 0, []string{"a", "  b", "", "c"}},
		"tab":               {"\tx\t\ty", 0, 0, []string{" x y"}},
		"first line blank":  {"\na", 0, 0, []string{"", "a"}},
		"unended title":     {"a\x1b]0;t\nb", 0, 0, []string{"a", "b"}},
		"width":             {"abcdef\nab", 0, 4, []string{"abc…", "ab"}},
		"more lines":        {"a\nb\nc", 2, 0, []string{"a", "b …"}},
		"more, narrow":      {"a\nbcd\nc", 2, 3, []string{"a", "bc…"}},
		"more, after blank": {"a\n\n\nb", 2, 0, []string{"a", "…"}},
		"blank is not more": {"a\nb\n\n\n", 2, 0, []string{"a", "b"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := cleantext.Block(tc.in, tc.lines, tc.cells)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Block(%q, %d, %d): -want +got\n%s", tc.in, tc.lines, tc.cells, diff)
			}
		})
	}
	if got := len(cleantext.Block(strings.Repeat("x\n", 5000), 0, 0)); got != cleantext.DefaultLines {
		t.Errorf("a block without a limit has %d lines, want %d", got, cleantext.DefaultLines)
	}
}

// checkSafe is what the package promises of every line.
func checkSafe(t *testing.T, line string, maxCells int) {
	t.Helper()
	if !utf8.ValidString(line) {
		t.Errorf("%q is not valid UTF-8", line)
	}
	for _, r := range line {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Bidi_Control) {
			t.Errorf("%q holds %U", line, r)
		}
	}
	if w := ansi.StringWidth(line); w > maxCells {
		t.Errorf("%q is %d cells wide, limit %d", line, w, maxCells)
	}
	if w := ansi.StringWidthWc(line); w > maxCells {
		t.Errorf("%q is %d cells wide character by character, limit %d", line, w, maxCells)
	}
	if stripped := ansi.Strip(line); stripped != line {
		t.Errorf("%q still holds a sequence: %q", line, stripped)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"pod", "a\x1b[31mred", "\x1b]0;t\u271c\x07x", "\u009b31mx", "\x90\x9b\xc2", "a\nb\r\n\tc",
		"\u202eabc\u2069", "e\u0301\u0301\u0301\u0301\u0301", "\U0001f469\u200d\U0001f469", "日本語テキスト",
		"\u0915\u094d\u0915\u094d\u0915\u094d\u0915", "\u1100\u1100\u1161\u11a8", "\u0d4e\u0d15", "\x1b_\u201c\x1b\\",
		"\U0001f1e9\U0001f1ea\U0001f1e9", "a \u0301 b", "\xff\xfe\xfd", "\u0600\u06dd1",
	} {
		f.Add(s, uint8(3), uint8(7))
	}
	f.Fuzz(func(t *testing.T, s string, lines, cells uint8) {
		maxLines, maxCells := int(lines)+1, int(cells)+1
		line := cleantext.Line(s, maxCells)
		checkSafe(t, line, maxCells)
		if again := cleantext.Line(line, maxCells); again != line {
			t.Errorf("cleaned again, %q becomes %q", line, again)
		}
		block := cleantext.Block(s, maxLines, maxCells)
		if len(block) > maxLines {
			t.Errorf("%d lines, limit %d", len(block), maxLines)
		}
		for _, line := range block {
			checkSafe(t, line, maxCells)
		}
		if diff := cmp.Diff(block, cleantext.Block(strings.Join(block, "\n"), maxLines, maxCells)); diff != "" {
			t.Errorf("the block changes when it is cleaned again: -first +again\n%s", diff)
		}
	})
}
