package runpod

import (
	"encoding/json"
	"io"
	"strings"
)

// podList is the answer that lists pods. It is read while it arrives, each entry for
// itself: a bad one costs no other, and a list of thousands is not held as text.
type podList[P any] struct {
	found   bool // there is a list
	entries int
	size    int // of the answer, in bytes
	pods    []P
	// entry moves behind an entry and makes a pod of it; ok is false when it is not
	// JSON, and usable when no pod can be made of it.
	entry func(*arriving) (pod P, usable, ok bool)
	begin func() // nil for none; called before the first entry is read
}

// blank reports whether nothing but space came; err is why the answer was not read
// as a whole, whatever it holds.
func (l *podList[P]) read(from io.Reader) (valid, blank bool, err error) {
	a := &arriving{from: from}
	if _, any := a.peek(); !any {
		return false, true, a.err
	}
	valid = l.document(a)
	err = a.rest()
	l.size = a.size
	return valid, false, err
}

func (l *podList[P]) document(a *arriving) (valid bool) {
	l.found, l.entries, l.pods = false, 0, nil
	if !a.take('{') {
		_, ok := a.next(0)
		return ok && a.done()
	}
	if a.take('}') {
		return a.done()
	}
	for {
		name, ok := a.next(1)
		if !ok || name[0] != '"' {
			return false
		}
		list := strings.EqualFold(decodeAs[string](name), "pods") // as json.Unmarshal does; the last one counts
		if !a.take(':') || !l.member(a, list) {
			return false
		}
		if a.take('}') {
			return a.done()
		}
		if !a.take(',') {
			return false
		}
	}
}

// member reads what a member of the answer holds.
func (l *podList[P]) member(a *arriving, list bool) (valid bool) {
	if list {
		l.found, l.entries, l.pods = false, 0, nil
		if a.take('[') {
			return l.array(a)
		}
	}
	_, ok := a.next(1)
	return ok
}

func (l *podList[P]) array(a *arriving) (valid bool) {
	l.found, l.pods = true, []P{}
	if l.begin != nil {
		l.begin()
	}
	if a.take(']') {
		return true
	}
	for {
		if _, more := a.peek(); !more {
			return false
		}
		pod, usable, ok := l.entry(a)
		if !ok {
			return false
		}
		l.entries++
		if usable {
			l.pods = append(l.pods, pod)
		}
		if a.take(']') {
			return true
		}
		if !a.take(',') {
			return false
		}
	}
}

// entryDepth is within how many values an entry stands.
const entryDepth = 2

// wholePod makes a pod of an entry, with all that the API says of it.
func wholePod(a *arriving) (pod Pod, usable, ok bool) {
	text, ok := a.next(entryDepth)
	if !ok {
		return Pod{}, false, false
	}
	var wire podWire
	if !ofAnyType(json.Unmarshal(text, &wire)) {
		return Pod{}, false, false
	}
	pod, usable = wire.pod()
	return pod, usable, true
}
