package sshconn

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// PanicError is a defect in podbay that was met in a goroutine of this package. It
// ends the connection and not the process, so that whoever holds the terminal can
// restore it.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%v: %v", errDefect, e.Value)
}

// errDefect is what waits on a goroutine that panicked is told. Conn.Err has more.
var errDefect = errors.New("podbay failed on this connection (this is a defect)")

// guarded is work whose panic ends the connection.
func (c *Conn) guarded(work func()) func() {
	return func() {
		defer c.catch()
		work()
	}
}

// met tells a test where a goroutine is; it may panic.
func (c *Conn) met(place string) {
	if c.at != nil {
		c.at(place)
	}
}

// catch is to be deferred: it turns a panic into the cause of the connection's end.
func (c *Conn) catch() {
	if v := recover(); v != nil {
		c.abort(&PanicError{Value: v, Stack: debug.Stack()})
	}
}

// shut closes what a context that has ended no longer wants. It is run by that
// context, in a goroutine of which nobody hears: what it closes may be a dialer's
// of the caller's, and may panic.
func shut(c io.Closer) func() {
	return func() {
		defer func() { _ = recover() }()
		c.Close()
	}
}
