package runpod

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// maxDepth is how deep encoding/json lets values nest.
const maxDepth = 10000

// extent is how far a value goes in the text that is there.
type extent int

const (
	whole  extent = iota
	short         // the text ends within it
	broken        // it is not JSON
)

// scan walks over JSON, of which it may have a part only. It takes as JSON what
// encoding/json does, and makes nothing of it: what a value says is in its text.
type scan struct {
	text []byte
	at   int
}

func (s *scan) space() {
	if s.at < len(s.text) && s.text[s.at] <= ' ' { // rarely
		s.spaces()
	}
}

func (s *scan) spaces() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

// value moves behind a value that stands within depth others.
func (s *scan) value(depth int) extent {
	if s.at == len(s.text) {
		return short
	}
	switch s.text[s.at] {
	case '"':
		return s.str()
	case '{':
		return s.object(depth, nil)
	case '[':
		return s.array(depth, nil)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scan) word(word string) extent {
	there := s.text[s.at:]
	switch {
	case len(there) >= len(word) && string(there[:len(word)]) == word:
		s.at += len(word)
		return whole
	case len(there) < len(word) && string(there) == word[:len(there)]:
		return short
	}
	return broken
}

func (s *scan) str() extent {
	text := s.text
	for i := s.at + 1; ; i++ {
		for i+8 <= len(text) {
			n := ordinary(binary.LittleEndian.Uint64(text[i:]))
			if i += n; n < 8 {
				break
			}
		}
		if i >= len(text) {
			return short
		}
		switch c := text[i]; {
		case c == '"':
			s.at = i + 1
			return whole
		case c < ' ':
			return broken
		case c == '\\':
			n, e := escape(text[i:])
			if e != whole {
				return e
			}
			i += n - 1
		}
	}
}

// ordinary is how many bytes stand before the first that is a quote, a backslash or a
// control character, of eight that were read at once.
func ordinary(eight uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := eight^('"'*ones), eight^('\\'*ones)
	// A subtraction sets the top bit of a byte that was below what is taken from it, and
	// may set those of the bytes behind: the first is right.
	found := ((quote - ones) & ^quote) | ((backslash - ones) & ^backslash) | ((eight - ' '*ones) & ^eight)
	return bits.TrailingZeros64(found&tops) / 8
}

// escape is how long an escape in a string is.
func escape(text []byte) (n int, e extent) {
	switch {
	case len(text) < 2:
		return 0, short
	case bytes.IndexByte([]byte(`bfnrt\/"`), text[1]) >= 0:
		return 2, whole
	case text[1] != 'u':
		return 0, broken
	}
	for n = 2; n < 6; n++ {
		switch {
		case n == len(text):
			return 0, short
		case bytes.IndexByte([]byte("0123456789abcdefABCDEF"), text[n]) < 0:
			return 0, broken
		}
	}
	return n, whole
}

// number moves behind a number. One that the text ends with may go on.
func (s *scan) number() extent {
	n := numberLen(s.text[s.at:])
	switch {
	case n < 0:
		return broken
	case s.at+n == len(s.text):
		return short
	}
	s.at += n
	return whole
}

// numberLen is the length of the number that text begins with: -1 when it is none,
// and all of the text when it may be the beginning of one.
func numberLen(text []byte) int {
	i := 0
	digits := func() bool { // at least one
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > from || i == len(text)
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// object moves behind an object and gives each of its members, if each is not nil:
// the name without its quotes, escapes as they are.
func (s *scan) object(depth int, each func(name, value []byte)) extent {
	return s.list(depth, '}', func(begin int) extent {
		if s.at == len(s.text) {
			return short
		}
		if s.text[s.at] != '"' {
			return broken
		}
		if e := s.str(); e != whole {
			return e
		}
		name := s.text[begin+1 : s.at-1]
		s.space()
		switch {
		case s.at == len(s.text):
			return short
		case s.text[s.at] != ':':
			return broken
		}
		s.at++
		s.space()
		from := s.at
		e := s.value(depth + 1)
		if e == whole && each != nil {
			each(name, s.text[from:s.at])
		}
		return e
	})
}

// array moves behind an array and gives each of its elements, if each is not nil.
func (s *scan) array(depth int, each func(value []byte)) extent {
	return s.list(depth, ']', func(begin int) extent {
		e := s.value(depth + 1)
		if e == whole && each != nil {
			each(s.text[begin:s.at])
		}
		return e
	})
}

// list moves over what stands between brackets, with commas between; one moves over
// one of it.
func (s *scan) list(depth int, end byte, one func(begin int) extent) extent {
	if depth >= maxDepth {
		return broken
	}
	s.at++
	s.space()
	if s.at < len(s.text) && s.text[s.at] == end {
		s.at++
		return whole
	}
	for {
		s.space()
		if e := one(s.at); e != whole {
			return e
		}
		s.space()
		if s.at == len(s.text) {
			return short
		}
		s.at++
		switch s.text[s.at-1] {
		case ',':
		case end:
			return whole
		default:
			return broken
		}
	}
}

// decodeAs reads the text of a value into out, as far as its type fits.
func decodeAs[T any](value []byte) (out T) {
	_ = ofAnyType(json.Unmarshal(value, &out))
	return out
}
