package tty

// Escape is what was asked for by an escape.
type Escape int

// The escapes.
const (
	EscapeNone     Escape = iota
	EscapeEnd             // ~. ends the session
	EscapeHelp            // ~? lists the escapes
	EscapeDetach          // ~d leaves the session running
	EscapeLookBack        // ~[ shows what was printed before
)

// EscapeHelpText is what ~? shows, a line an element.
func EscapeHelpText() []string {
	return []string{
		"~.  end the session, even when nothing answers; a kept shell goes on",
		"~d  leave the shell running and come back to it later, where tmux keeps it",
		"~[  look back at all that a kept shell printed; q ends it",
		"~?  this list",
		"~~  send one ~",
		"An escape is recognised right after enter, and not in text that the terminal marks as pasted.",
	}
}

const escapeChar = '~'

// A terminal wraps pasted text in these when bracketed paste (mode 2004) is on.
const (
	pasteStart = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// Escapes finds OpenSSH's escapes in what is typed: ~ is one only at the start
// of a session and right after a newline. ~., ~? and podbay's own ~d and ~[ are acted on,
// ~~ sends one ~, and ~ with anything else sends both. Pasted text holds no escapes. What
// the terminal says of itself, asked by a program, is no typing. As with OpenSSH an escape
// is not seen while a remote program has the terminal encode every key as a sequence. The
// zero value is ready for a session's start; it must not be copied after that.
type Escapes struct {
	midLine bool // the last character was no newline
	before  bool // midLine, as it was before what may be a reply
	typed   bool
	replies replies
	pending bool // a ~ was held back: what follows decides
	pasting bool
	matched int // length of the paste marker's part that was just seen
}

// Filter looks through what was typed, up to and including the first escape.
// It returns what goes to the far side, the escape that was found, and the rest
// that follows it and was not looked at: call Filter again with that. A ~ that
// may begin an escape is held back until the next character.
func (e *Escapes) Filter(typed []byte) (send []byte, found Escape, rest []byte) {
	for i, ch := range typed {
		if e.pending {
			e.pending = false
			switch ch {
			case '.':
				return send, EscapeEnd, typed[i+1:]
			case '?': // the line is still at its start: ~? may be followed by ~.
				return send, EscapeHelp, typed[i+1:]
			case '[':
				return send, EscapeLookBack, typed[i+1:]
			case 'd': // where it is refused the line is still at its start
				return send, EscapeDetach, typed[i+1:]
			case escapeChar:
			default:
				send = append(send, escapeChar)
			}
		} else if ch == escapeChar && !e.midLine && !e.pasting {
			e.pending = true
			continue
		}
		e.followLine(ch)
		e.followPaste(ch)
		send = append(send, ch)
	}
	return send, EscapeNone, nil
}

// Typed reports whether anything was typed, escapes aside.
func (e *Escapes) Typed() bool { return e.typed }

// followLine keeps track of where a line begins.
func (e *Escapes) followLine(ch byte) {
	switch e.replies.follow(ch) {
	case begins:
		e.before, e.midLine = e.midLine, true
	case isReply:
		e.midLine = e.before
	case aKey:
		e.midLine, e.typed = ch != '\r' && ch != '\n', true
	}
}

// followPaste keeps track of the markers around pasted text.
func (e *Escapes) followPaste(ch byte) {
	marker := pasteStart
	if e.pasting {
		marker = pasteEnd
	}
	switch {
	case ch == marker[e.matched]:
		e.matched++
	case ch == marker[0]:
		e.matched = 1
	default:
		e.matched = 0
	}
	if e.matched == len(marker) {
		e.pasting = !e.pasting
		e.matched = 0
	}
}
