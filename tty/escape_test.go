package tty

import (
	"bytes"
	"strings"
	"testing"
)

// drive feeds chunks through e and shows an escape as <END>, <HELP>, <DETACH> or <BACK>.
func drive(e *Escapes, chunks ...string) string {
	var out strings.Builder
	for _, chunk := range chunks {
		typed := []byte(chunk)
		for {
			send, found, rest := e.Filter(typed)
			out.Write(send)
			switch found {
			case EscapeEnd:
				out.WriteString("<END>")
			case EscapeHelp:
				out.WriteString("<HELP>")
			case EscapeLookBack:
				out.WriteString("<BACK>")
			case EscapeDetach:
				out.WriteString("<DETACH>")
			}
			if len(rest) == 0 {
				break
			}
			typed = rest
		}
	}
	return out.String()
}

func TestEscapes(t *testing.T) {
	tests := []struct{ name, typed, want string }{
		{"text", "ls ~/x\r", "ls ~/x\r"},
		{"end at the start of a session", "~.", "<END>"},
		{"end after return", "ls\r~.", "ls\r<END>"},
		{"end after newline", "ls\n~.", "ls\n<END>"},
		{"not in a line", "a~.", "a~."},
		{"a tilde is held back", "\r~", "\r"},
		{"two tildes are one", "\r~~", "\r~"},
		{"after two tildes the line has begun", "\r~~.", "\r~."},
		{"help", "\r~?", "\r<HELP>"},
		{"help leaves the line at its start", "\r~?~.", "\r<HELP><END>"},
		{"detach", "ls\r~d", "ls\r<DETACH>"},
		{"a detach that was refused leaves the line at its start", "\r~d~.", "\r<DETACH><END>"},
		{"a pasted detach is text", "\r\x1b[200~~d\r~d\x1b[201~", "\r\x1b[200~~d\r~d\x1b[201~"},
		{"look back", "\r~[~.", "\r<BACK><END>"},
		{"a d in a line", "x~d", "x~d"},
		{"other characters pass", "\r~a", "\r~a"},
		{"home folder", "\r~/bin/x\r", "\r~/bin/x\r"},
		{"tilde and return", "\r~\r~.", "\r~\r<END>"},
		{"what follows an escape is looked at", "\r~?ls\r~?x", "\r<HELP>ls\r<HELP>x"},
		{"delete key after return", "\r\x1b[3~.", "\r\x1b[3~."},
		{"tilde before an arrow key", "\r~\x1b[A", "\r~\x1b[A"},
		{"pasted", "\r\x1b[200~a\r~.\x1b[201~", "\r\x1b[200~a\r~.\x1b[201~"},
		{"pasted tilde at once", "\r\x1b[200~~.\x1b[201~", "\r\x1b[200~~.\x1b[201~"},
		{"after a paste, in its line", "\x1b[200~a\r\x1b[201~~.", "\x1b[200~a\r\x1b[201~~."},
		{"after a paste and return", "\x1b[200~a\x1b[201~\r~.", "\x1b[200~a\x1b[201~\r<END>"},
		{"a broken end of a paste", "\x1b[200~\x1b[201\r~.\x1b[201~\r~.", "\x1b[200~\x1b[201\r~.\x1b[201~\r<END>"},
		{"an end within an end", "\x1b[200~\x1b[20\x1b[201~\r~.", "\x1b[200~\x1b[20\x1b[201~\r<END>"},
		{"a paste's end without a start", "\x1b[201~\r~.", "\x1b[201~\r<END>"},
		{"a terminal's kind before a detach", "\x1b[?64;1;2c\x1b[>41;354;0c~d", "\x1b[?64;1;2c\x1b[>41;354;0c<DETACH>"},
		{"its colours and its name", "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b]10;rgb:ff/ff/ff\a\x1bP>|tmux 3.3a\x1b\\~.", "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b]10;rgb:ff/ff/ff\a\x1bP>|tmux 3.3a\x1b\\<END>"},
		{"the cursor's place and focus, after enter", "\r\x1b[12;40R\x1b[O\x1b[I\x1b[8;24;80t~.", "\r\x1b[12;40R\x1b[O\x1b[I\x1b[8;24;80t<END>"},
		{"a reply in a line leaves it one", "ls \x1b[?64c~d", "ls \x1b[?64c~d"},
		{"a tilde within a reply", "\x1b]11;~.\a~.", "\x1b]11;~.\a<END>"},
		{"an arrow key is typing", "\r\x1b[A~.", "\r\x1b[A~."},
		{"so are the mouse, F1, escape and a key with alt", "\r\x1b[<0;1;1M~.\r\x1bOP~.\r\x1b~.\r\x1bf~.", "\r\x1b[<0;1;1M~.\r\x1bOP~.\r\x1b~.\r\x1bf~."},
		{"escape, and then a reply", "\x1b\x1b[?64c~.", "\x1b\x1b[?64c~."},
		{"what looks like a reply ends with enter", "\x1b]no reply\r~.", "\x1b]no reply\r<END>"},
		{"a reply that breaks off", "\x1b[?6\r~.", "\x1b[?6\r<END>"},
		{"tilde before a paste", "\r~\x1b[200~\r~.", "\r~\x1b[200~\r~."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := drive(&Escapes{}, tt.typed); got != tt.want {
				t.Errorf("at once: got %q, want %q", got, tt.want)
			}
			if got := drive(&Escapes{}, strings.Split(tt.typed, "")...); got != tt.want {
				t.Errorf("a byte at a time: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTyped(t *testing.T) {
	for typed, want := range map[string]bool{
		"": false, "~.": false, "~?": false, "\x1b[?64c": false, "\x1b[1;1R\x1bP>|x\x1b\\": false, "\x1b]11;rgb:0/0/0\a": false,
		"x": true, "\r": true, "~x": true, "\x1b[A": true, "\x1b[?64cx": true, "\x1b\r": true,
	} {
		e := &Escapes{}
		drive(e, typed)
		if e.Typed() != want {
			t.Errorf("%q is typed: %v", typed, e.Typed())
		}
	}
}

func TestEscapeHelpListsWhatWorks(t *testing.T) {
	for _, line := range EscapeHelpText() {
		if !strings.HasPrefix(line, "~") {
			continue
		}
		if got := drive(&Escapes{}, line[:2]); got == line[:2] {
			t.Errorf("%q is listed and passes as text", line[:2])
		}
	}
}

func FuzzEscapes(f *testing.F) {
	f.Add([]byte("ls\r~.x"), 3)
	f.Add([]byte("\r~?\x1b[200~\r~.\x1b[201~\r~~"), 7)
	f.Add([]byte("~\x1b[20\x1b[200~~"), 2)
	f.Add([]byte("\x1b[?64;1c\x1b]11;rgb:0/0/0\x1b\\~d\x1bP>|x\a"), 5)
	f.Fuzz(func(t *testing.T, typed []byte, at int) {
		at = min(max(at, 0), len(typed))
		whole := drive(&Escapes{}, string(typed))
		split := drive(&Escapes{}, string(typed[:at]), string(typed[at:]))
		if whole != split {
			t.Errorf("split at %d: %q, whole: %q", at, split, whole)
		}
		if end := drive(&Escapes{}, string(typed)+"\r~."); !bytes.Contains(typed, []byte("\x1b[200~")) && !strings.HasSuffix(end, "<END>") {
			t.Errorf("~. does not end a session after %q: %q", typed, end)
		}
		plain := !bytes.HasPrefix(typed, []byte("~")) && !bytes.Contains(typed, []byte("\x1b")) && // else after a reply
			!bytes.Contains(typed, []byte("\r~")) && !bytes.Contains(typed, []byte("\n~"))
		if plain && whole != string(typed) {
			t.Errorf("no escape in %q, got %q", typed, whole)
		}
	})
}
