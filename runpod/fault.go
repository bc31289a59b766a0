package runpod

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"podbay/errno"
)

// noAnswer turns what net/http returned instead of an answer into an *Error.
func (c *Client) noAnswer(op, method string, err error) *Error {
	f := explain(err, c.host, c.now())
	kind := ErrUnavailable
	if f.answered() {
		kind = ErrMalformed
	}
	f.text = c.clean(f.text, 2*maxDetailCells)
	if method != http.MethodGet && !f.unsent {
		f.text += "; it may have been done all the same: look before doing it again"
	}
	if f.err != nil && c.scrub(f.err.Error()) != f.err.Error() {
		f.err = nil // repeats the key: a server can put it into a broken status line
	}
	return &Error{Op: op, Kind: kind, Fault: f.why, Err: f}
}

// answered reports whether something came back that was not the API's.
func (f *fault) answered() bool {
	return errors.Is(f.err, errTooLarge) || errors.Is(f.err, errCut) || isNotHTTP(f.err)
}

var (
	errTooLarge = errors.New("answer too large")
	errCut      = errors.New("answer cut off")
	errStalled  = errors.New("answer not whole in time")
)

// explain says in plain words why no answer, or no whole one, came from host.
func explain(err error, host string, now time.Time) *fault {
	var own *fault
	if errors.As(err, &own) {
		f := *own
		return &f
	}
	if f := explainName(err, host); f != nil {
		return f
	}
	if f := explainTLS(err, host, now); f != nil {
		return f
	}
	return explainLine(err, host)
}

func explainName(err error, host string) *fault {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return &fault{text: "cancelled", err: err, final: true}
	case errors.As(err, &dns) && dns.IsNotFound:
		return &fault{text: "the name " + dns.Name + " cannot be found: check the network and the API URL", err: err, why: FaultName, final: true, unsent: true}
	case errors.As(err, &dns):
		return &fault{text: "the name " + dns.Name + " cannot be looked up: check the network and its DNS server", err: err, why: FaultName, unsent: true}
	}
	return nil
}

func explainTLS(err error, host string, now time.Time) *fault {
	var (
		invalid  x509.CertificateInvalidError
		wrong    x509.HostnameError
		unknown  x509.UnknownAuthorityError
		verify   *tls.CertificateVerificationError
		noTLS    tls.RecordHeaderError
		tlsAlert tls.AlertError
	)
	text, why := "", FaultTLS
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		// Certificates are not issued ahead of their time.
		why = FaultClock
		text = "the TLS certificate of " + host + " begins on " + invalid.Cert.NotBefore.UTC().Format(time.DateOnly) +
			", and this machine's clock says " + now.UTC().Format(time.DateOnly) + ": set the clock"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		text = "the TLS certificate of " + host + " has expired or is not valid yet: check this machine's clock"
	case errors.As(err, &wrong):
		text = "the TLS certificate of " + host + " is for another name: check the API URL and any proxy in between"
	case errors.As(err, &unknown):
		text = "the TLS certificate of " + host + " is signed by no authority that this machine trusts: " +
			"a proxy in between may be reading along"
	case errors.As(err, &verify), errors.As(err, &invalid):
		text = "the TLS certificate of " + host + " cannot be verified: check any proxy in between and this machine's clock"
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		text = host + " does not speak TLS: check the API URL and its port"
	case errors.As(err, &tlsAlert):
		text = host + " refuses TLS: check the API URL and any proxy in between"
	default:
		return nil
	}
	return &fault{text: text, why: why, err: err, final: true, unsent: true}
}

func explainLine(err error, host string) *fault {
	var (
		op     *net.OpError
		netErr net.Error
	)
	dialed := errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
	f := &fault{err: err, why: FaultUnreachable, unsent: dialed}
	if dialed && op.Op == "proxyconnect" {
		host, f.why = "the proxy that HTTPS_PROXY names", FaultProxy
	}
	switch {
	case errors.Is(err, errTooLarge):
		f.text, f.final = "the answer of "+host+" is too large to be the API's: check the API URL", true
	case errors.Is(err, errCut):
		f.text = "the answer of " + host + " was cut off: try again"
	case errors.Is(err, errStalled) && errors.Is(err, context.DeadlineExceeded):
		f.text, f.final = "the answer of "+host+" stopped in its middle: check the network, then try again", true
	case errno.Refused(err):
		f.text = host + " refuses the connection: check the API URL, then try again"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout(), errno.TimedOut(err):
		f.text, f.final = "no answer from "+host+" in the time allowed: check the network, then try again", true
	case isNotHTTP(err):
		f.text, f.final = "what "+host+" answers is not HTTP: check the API URL and its port", true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errno.Reset(err):
		f.text = host + " closed the connection without an answer: try again"
	default:
		f.text = "no answer from " + host + " (" + innermost(err) + "): check the network, then try again"
	}
	return f
}

// isNotHTTP goes by the text: net/http has no type for it.
func isNotHTTP(err error) bool {
	return err != nil && strings.Contains(err.Error(), "malformed HTTP")
}

// innermost is the text below the layers that repeat the method and the URL.
func innermost(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
