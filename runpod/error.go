package runpod

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of failure. Ask with errors.Is(err, runpod.ErrUnauthorized).
var (
	ErrUnauthorized = errors.New("unauthorized")          // 401: the API key is not accepted
	ErrForbidden    = errors.New("forbidden")             // 403: the key lacks the scope for this call
	ErrNotFound     = errors.New("not found")             // 404
	ErrConflict     = errors.New("conflict")              // 409: not allowed in the pod's state
	ErrInvalid      = errors.New("invalid request")       // 400, 422: see Error.Errors; or refused before it was sent
	ErrRateLimited  = errors.New("rate limited")          // 429: see Error.RetryAfter
	ErrUnavailable  = errors.New("unavailable")           // 5xx, or no answer: DNS, TCP, TLS, timeout, cancelled
	ErrMalformed    = errors.New("malformed answer")      // not the JSON that the contract promises, cut, or too large
	ErrBadKey       = errors.New("unusable API key")      // the key's text cannot be sent: control characters, spaces
	ErrBadURL       = errors.New("unusable API URL")      // see CheckBaseURL
	ErrUnexpected   = errors.New("unexpected API answer") // any other status, redirects included
)

// Fault is why no answer came, where that is known.
type Fault string

// The faults. "" means that an answer came, or that it is not known.
const (
	FaultName        Fault = "name"        // the name cannot be looked up
	FaultProxy       Fault = "proxy"       // the proxy that HTTPS_PROXY names cannot be used
	FaultTLS         Fault = "tls"         // the certificate cannot be verified
	FaultClock       Fault = "clock"       // the certificate is not valid yet, by this machine's clock
	FaultUnreachable Fault = "unreachable" // no connection, or none that lasted
)

// Error is a failed API call.
type Error struct {
	Op         string        // what was attempted: "list pods", "stop pod 7h9k2m4n6p"
	Kind       error         // one of the Err values above
	Status     int           // HTTP status, 0 when none arrived
	Title      string        // problem+json title, cleaned
	Detail     string        // problem+json detail, cleaned
	Errors     []string      // problem+json errors, cleaned
	RetryAfter time.Duration // how long the server asked to wait; 0 when it did not
	Fault      Fault         // with ErrUnavailable and no answer: why
	Err        error         // cause below, if any; holds no secret
}

// Error says in one sentence what was attempted, what came back, and what to
// do next where that is known.
func (e *Error) Error() string {
	text := e.what()
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	return text
}

// Reason is the cause alone, in words: Error without what was attempted.
func (e *Error) Reason() string { return e.what() }

// Unwrap lets errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	var below []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			below = append(below, err)
		}
	}
	return below
}

func (e *Error) what() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	switch e.Kind {
	case ErrUnauthorized:
		return "RunPod does not accept the API key" + e.said() +
			": make a new one at https://console.runpod.io/user/settings"
	case ErrForbidden:
		return "the API key is not allowed to do this" + e.said() +
			": give it the scope at https://console.runpod.io/user/settings, or use another key"
	case ErrNotFound:
		return "RunPod knows no such thing" + e.said() + ": refresh; it may have been terminated, or belong to another account"
	case ErrConflict:
		return "not possible in the pod's present state" + e.said() + ": refresh and look what it allows"
	case ErrInvalid:
		return "RunPod refuses the request" + e.said() + ": mend what it names"
	case ErrRateLimited:
		return "too many requests" + e.said() + ": " + e.wait()
	case ErrUnavailable:
		return "RunPod cannot answer now" + e.said() + ": " + e.wait()
	case ErrMalformed:
		return "RunPod's answer cannot be read" + e.said() + ": check the API URL and any proxy in between, then try again"
	case nil:
		return "failed" + e.said()
	default:
		return e.Kind.Error() + e.said()
	}
}

// said is what the API said for itself, in parentheses.
func (e *Error) said() string {
	words := e.Detail
	if words == "" {
		words = e.Title
	}
	if len(e.Errors) > 0 {
		words = strings.TrimSuffix(words, ".") + ": " + strings.Join(e.Errors, "; ")
		words = strings.TrimPrefix(words, ": ")
	}
	switch {
	case e.Status == 0 && words == "":
		return ""
	case e.Status == 0:
		return " (" + words + ")"
	case words == "":
		return fmt.Sprintf(" (%d)", e.Status)
	default:
		return fmt.Sprintf(" (%d: %s)", e.Status, words)
	}
}

func (e *Error) wait() string {
	if e.RetryAfter <= 0 {
		return "try again in a moment"
	}
	return fmt.Sprintf("try again in %s", e.RetryAfter.Round(time.Second))
}

// fault is a cause in plain words. err, which may be nil, is what it was told
// from and can still be found by errors.Is and errors.As.
type fault struct {
	text   string
	why    Fault
	err    error
	final  bool // the same call would fail in the same way
	unsent bool // the request did not reach the server
}

func (f *fault) Error() string { return f.text }

func (f *fault) Unwrap() error { return f.err }
