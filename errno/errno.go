// Package errno says what the failure of a system call means, whatever the system
// calls it. Windows has socket and pipe errors of its own; package syscall's Unix names
// are invented there and match none of them.
package errno

import "errors"

// Refused says that nothing listens at the address.
func Refused(err error) bool { return is(err, refused) }

// Reset says that the far side, or this one, gave a connection up.
func Reset(err error) bool { return is(err, reset) }

// TimedOut says that the system itself has given up waiting for the far side. A
// deadline of the program's own is another matter: [os.ErrDeadlineExceeded].
func TimedOut(err error) bool { return is(err, timedOut) }

// ClosedPipe says that nobody reads any more what is written.
func ClosedPipe(err error) bool { return is(err, closedPipe) }

func is(err error, any []error) bool {
	for _, one := range any {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
