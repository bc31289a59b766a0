package tty

// replies tells what a terminal says of itself from keys: programs ask it for its kind,
// its colours or the cursor's place, and its answers come the way that keys do. The
// zero value stands between two keys.
type replies struct {
	state   replyState
	private bool // its parameters begin with = > or ?
	bare    bool // it has no parameters
}

type replyState int

const (
	noReply replyState = iota
	afterESC
	inCSI
	inString
	stringESC
)

// part is what a character is.
type part int

const (
	aKey    part = iota // a key, or the end of what was one after all
	begins              // it may be the beginning of a reply
	goesOn              // of that
	isReply             // the end of a reply
)

// follow takes the next character. Replies are DA, DECRPM and the like, which have a
// private parameter, CPR, sizes, focus, and strings: DCS, OSC, APC (ECMA-48; xterm's
// ctlseqs). F3 with a modifier looks like CPR and counts as one.
func (r *replies) follow(ch byte) part {
	if ch == '\x1b' && r.state != inString {
		r.state = afterESC
		return begins
	}
	switch r.state {
	case afterESC:
		return r.introduced(ch)
	case inCSI:
		return r.control(ch)
	case inString:
		switch {
		case ch == '\x1b':
			r.state = stringESC
			return goesOn
		case ch == '\a':
			return r.end(true)
		case ch < ' ': // enter after alt+], say
			return r.end(false)
		}
		return goesOn
	case stringESC:
		return r.end(ch == '\\')
	}
	return aKey
}

// introduced takes what follows an ESC.
func (r *replies) introduced(ch byte) part {
	switch ch {
	case '[':
		r.state, r.private, r.bare = inCSI, false, true
		return goesOn
	case ']', 'P', '_':
		r.state = inString
		return goesOn
	}
	return r.end(false)
}

// control takes a character of a control sequence.
func (r *replies) control(ch byte) part {
	switch {
	case ch >= ' ' && ch < '@':
		r.private = r.private || r.bare && ch >= '=' // '<' is the mouse
		r.bare = false
		return goesOn
	case ch == 'I', ch == 'O':
		return r.end(r.bare)
	case ch == 'R', ch == 't':
		return r.end(!r.bare)
	}
	return r.end(r.private && ch >= '@')
}

func (r *replies) end(reply bool) part {
	r.state = noReply
	if reply {
		return isReply
	}
	return aKey
}
