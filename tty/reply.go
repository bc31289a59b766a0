package tty

import (
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/parser"
)

// replies tells what a terminal says of itself from keys: programs ask it for its kind,
// its colours or the cursor's place, and its answers come the way that keys do. The
// zero value stands between two keys.
type replies struct {
	parser *ansi.Parser // nil until the first ESC
	reply  bool         // the character that is taken ends one
}

// part is what a character is.
type part int

const (
	aKey    part = iota // a key, or the end of what was one after all
	begins              // it may be the beginning of a reply
	goesOn              // of that
	isReply             // the end of a reply
)

// follow takes the next character.
func (r *replies) follow(ch byte) part {
	if r.parser == nil {
		if ch != ansi.ESC {
			return aKey
		}
		r.parser = newReplyParser(&r.reply)
	}
	control := ch < ' ' && ch != ansi.ESC && ch != ansi.BEL
	if control || r.parser.State() == parser.Utf8State || r.parser.State() == parser.GroundState && ch != ansi.ESC {
		r.parser.Reset() // enter ends what looks like a reply, such as alt+] and text
		if ch != ansi.ESC {
			return aKey
		}
	}
	before := r.parser.State()
	r.reply = false
	r.parser.Advance(ch)
	switch {
	case r.reply:
		return isReply
	case ch == ansi.ESC && (before == parser.GroundState || before == parser.EscapeState):
		return begins
	case r.parser.State() == parser.GroundState:
		return aKey
	}
	return goesOn
}

// newReplyParser notes the ends of replies: DA, DECRPM and the like, which have a
// private parameter, CPR, sizes, focus, and strings (ECMA-48; xterm's ctlseqs). F3
// with a modifier looks like CPR and counts as one.
func newReplyParser(reply *bool) *ansi.Parser {
	p := ansi.NewParser()
	p.SetDataSize(1) // strings are not looked into
	said := func() { *reply = true }
	p.SetHandler(ansi.Handler{
		HandleCsi: func(cmd ansi.Cmd, params ansi.Params) {
			switch private := cmd.Prefix(); {
			case private == '<': // the mouse
			case private != 0, cmd.Final() == 'R' && len(params) > 0, cmd.Final() == 't' && len(params) > 0,
				(cmd.Final() == 'I' || cmd.Final() == 'O') && len(params) == 0:
				said()
			}
		},
		HandleEsc: func(cmd ansi.Cmd) {
			if cmd.Final() == '\\' { // the end of a string
				said()
			}
		},
		HandleOsc: func(int, []byte) { said() },
		HandleDcs: func(ansi.Cmd, ansi.Params, []byte) { said() },
		HandleApc: func([]byte) { said() },
	})
	return p
}
