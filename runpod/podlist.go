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
	reader  entryReader[P]
}

// entryReader makes pods of entries.
type entryReader[P any] interface {
	begin()                    // forgets what was read
	entry(*arriving) (ok bool) // moves behind an entry; false when it is not JSON
	end() []P                  // the pods, of those entries that are one; not nil
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
	l.found = true
	l.reader.begin()
	defer func() { l.pods = l.reader.end() }()
	if a.take(']') {
		return true
	}
	for {
		if _, more := a.peek(); !more {
			return false
		}
		if !l.reader.entry(a) {
			return false
		}
		l.entries++
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

// wholeReader makes pods with all that the API says of them.
type wholeReader struct{ pods []Pod }

func (r *wholeReader) begin() { r.pods = []Pod{} }

func (r *wholeReader) end() []Pod { return r.pods }

func (r *wholeReader) entry(a *arriving) (ok bool) {
	text, ok := a.next(entryDepth)
	if !ok {
		return false
	}
	if pod, usable := plainPod(text); usable {
		r.pods = append(r.pods, pod)
	}
	return true
}

// plainPod makes a pod of an entry by encoding/json alone.
func plainPod(entry []byte) (pod Pod, usable bool) {
	var wire podWire
	if !ofAnyType(json.Unmarshal(entry, &wire)) {
		return Pod{}, false
	}
	return wire.pod()
}
