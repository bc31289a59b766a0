package runpod

import (
	"errors"
	"time"
)

// The kinds of failure. Ask with errors.Is(err, runpod.ErrUnauthorized).
var (
	ErrUnauthorized = errors.New("unauthorized")          // 401: the API key is not accepted
	ErrForbidden    = errors.New("forbidden")             // 403: the key lacks the scope for this call
	ErrNotFound     = errors.New("not found")             // 404
	ErrConflict     = errors.New("conflict")              // 409: not allowed in the pod's state
	ErrInvalid      = errors.New("invalid request")       // 400, 422: see Error.Errors
	ErrRateLimited  = errors.New("rate limited")          // 429: see Error.RetryAfter
	ErrUnavailable  = errors.New("unavailable")           // 5xx, or no answer: DNS, TCP, TLS, timeout
	ErrMalformed    = errors.New("malformed answer")      // not the JSON that the contract promises, cut, or too large
	ErrBadKey       = errors.New("unusable API key")      // the key's text cannot be sent: control characters, spaces
	ErrUnexpected   = errors.New("unexpected API answer") // any other status
)

// Error is a failed API call.
type Error struct {
	Op         string        // what was attempted: "list pods"
	Kind       error         // one of the Err values above
	Status     int           // HTTP status, 0 when none arrived
	Title      string        // problem+json title, cleaned
	Detail     string        // problem+json detail, cleaned
	Errors     []string      // problem+json errors, cleaned
	RetryAfter time.Duration // how long the server asked to wait; 0 when it did not
	Err        error         // cause below, if any; holds no secret
}

// Error says what was attempted, what came back, and what to do next where
// that is known.
func (e *Error) Error() string { return e.Op + ": " + e.Kind.Error() }

// Unwrap lets errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
