package runpod

import "io"

// arriving is JSON that is read while it comes.
type arriving struct {
	scan  // text is what has come and is not done with
	from  io.Reader
	size  int // of what has come
	ended bool
	err   error // why it did not come to its end
}

// firstRead is how much is asked for at a time, until a value is larger.
const firstRead = 64 << 10

// more waits for more text, in which at is then 0; false when there is none.
func (a *arriving) more() bool {
	if a.ended || a.err != nil {
		return false
	}
	rest := len(a.text) - a.at
	switch {
	case a.text == nil:
		a.text = make([]byte, 0, firstRead)
	case rest > cap(a.text)/2:
		a.text = append(make([]byte, 0, 2*cap(a.text)), a.text[a.at:]...)
	default:
		a.text = a.text[:copy(a.text, a.text[a.at:])]
	}
	a.at = 0
	n, err := a.from.Read(a.text[rest : cap(a.text)-1])
	a.text = a.text[:rest+n]
	a.size += n
	switch {
	case err == io.EOF:
		a.ended = true
		a.text = append(a.text, '\n') // so that a number has an end
	case err != nil:
		a.err = err
		return false
	}
	return true
}

// rest reads what is still to come, to learn whether all of it does.
func (a *arriving) rest() error {
	if !a.ended && a.err == nil {
		_, a.err = io.Copy(io.Discard, a.from)
	}
	return a.err
}

// peek moves to the next byte that is no space; false when there is none.
func (a *arriving) peek() (byte, bool) {
	for {
		a.space()
		if a.at < len(a.text) {
			return a.text[a.at], true
		}
		if !a.more() {
			return 0, false
		}
	}
}

// take moves behind the next byte that is no space, if it is c.
func (a *arriving) take(c byte) bool {
	next, ok := a.peek()
	if ok = ok && next == c; ok {
		a.at++
	}
	return ok
}

// next moves behind the next value and returns its text, which holds until more is
// read.
func (a *arriving) next(depth int) (value []byte, ok bool) {
	return a.nextBy(func() extent { return a.value(depth) })
}

// nextBy is next, where move is what moves behind a value. It is called again when more
// of the value has come.
func (a *arriving) nextBy(move func() extent) (value []byte, ok bool) {
	if _, ok := a.peek(); !ok {
		return nil, false
	}
	for {
		begin := a.at
		e := move()
		if e == whole {
			return a.text[begin:a.at], true
		}
		a.at = begin
		if e == broken || !a.more() {
			return nil, false
		}
	}
}

// done tells whether nothing but space comes any more.
func (a *arriving) done() bool {
	_, more := a.peek()
	return !more && a.err == nil
}
