package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
	"podbay/errno"
)

// reasonCells bounds what is kept of a server's words in an error.
const reasonCells = 300

// dialKind says in which way a TCP connection failed to come about.
func dialKind(err error) error {
	var timeout interface{ Timeout() bool }
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns): // first: a name server may have refused or timed out, not the host
		return ErrUnreachable
	case errno.Refused(err):
		return ErrRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case errors.As(err, &timeout) && timeout.Timeout(), errno.TimedOut(err):
		return ErrTimeout
	}
	return ErrUnreachable
}

// handshakeKind says in which way the handshake failed on an open connection.
func handshakeKind(err error) error {
	var timeout interface{ Timeout() bool }
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &negotiation):
		return ErrNoAgreement
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case isHangUp(err):
		return ErrClosed
	}
	if _, ok := disconnectReason(err); ok {
		return ErrClosed
	}
	return ErrHandshake
}

// isHangUp tells a connection that the far side or the network ended.
func isHangUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errno.ClosedPipe(err) || errno.Reset(err)
}

// disconnect is a server's SSH_MSG_DISCONNECT, RFC 4253 section 11.1.
type disconnect struct {
	code int
	text string // cleaned
}

// disconnectPrefix is how x/crypto's error for the message begins; its type is
// not exported.
const disconnectPrefix = "ssh: disconnect, reason "

// disconnectReason finds the server's disconnect message in err.
func disconnectReason(err error) (disconnect, bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		rest, ok := strings.CutPrefix(err.Error(), disconnectPrefix)
		if !ok {
			continue
		}
		number, text, _ := strings.Cut(rest, ": ")
		code, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		if plain, err := strconv.Unquote(text); err == nil {
			text = plain
		}
		return disconnect{code, cleantext.Line(text, reasonCells)}, true
	}
	return disconnect{}, false
}

// noMoreAuthMethods is SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE.
const noMoreAuthMethods = 14

// tooMany recognises the end of a login with more tries than the server allows.
// OpenSSH says so in words, under the code of a protocol error.
func (d disconnect) tooMany() bool {
	return d.code == noMoreAuthMethods || strings.Contains(strings.ToLower(d.text), "too many authentication failures")
}

// endCause is why an authenticated connection ended, in words that are safe to
// show behind what it meant to somebody: "the line is lost: …".
func endCause(err error) error {
	if reason, ok := disconnectReason(err); ok && reason.text != "" {
		return fmt.Errorf("the server ended the connection: %s: %w", reason.text, ErrClosed)
	}
	if _, ok := disconnectReason(err); ok || err == nil || isHangUp(err) {
		return fmt.Errorf("%w by the far side", ErrClosed)
	}
	return cleaned(err)
}

// cleanError is an error whose words came from the far side in part.
type cleanError struct{ err error }

func (e cleanError) Error() string { return cleantext.Line(e.err.Error(), reasonCells) }
func (e cleanError) Unwrap() error { return e.err }

// cleaned makes an error's words safe to show and keeps its chain.
func cleaned(err error) error {
	if err == nil {
		return nil
	}
	return cleanError{err}
}
