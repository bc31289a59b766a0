package contract

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Transport validates every exchange that goes through it.
type Transport struct {
	Validator *Validator
	Base      http.RoundTripper
	// Report is told of every violation. It may be called by several goroutines.
	Report func(error)
	// Deviates says that an answer leaves the contract on purpose; its body is
	// then not touched. Nil: none does.
	Deviates func(*http.Response) bool
	// Probing allows requests that the contract refuses, as long as they are
	// answered with a 4xx; a 422 is then allowed for nothing else.
	Probing bool
}

// RoundTrip validates the request and, unless it deviates, the answer: a log
// stream while it is read, anything else before it is returned.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	out := r.Clone(r.Context())
	if r.Body != nil {
		out.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := t.Base.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	t.checkRequest(r, sent, resp.StatusCode)
	if t.Deviates != nil && t.Deviates(resp) {
		return resp, nil
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		t.report(t.Validator.Response(r, resp, nil))
		resp.Body = newTee(resp.Body, t.report)
		return resp, nil
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("contract: read the answer: %w", err)
	}
	t.report(t.Validator.Response(r, resp, got))
	resp.Body = io.NopCloser(bytes.NewReader(got))
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the transport below.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) checkRequest(r *http.Request, body []byte, status int) {
	err := t.Validator.Request(r, body)
	switch {
	case !t.Probing:
		t.report(err)
	case err != nil && (status < 400 || status > 499):
		t.report(fmt.Errorf("answered %d, although: %w", status, err))
	case err == nil && status == http.StatusUnprocessableEntity:
		t.report(fmt.Errorf("%s %s: answered 422, although the contract allows the request %s", r.Method, r.URL, body))
	}
}

func (t *Transport) report(err error) {
	if err != nil {
		t.Report(err)
	}
}

// tee hands a stream's bytes to Events as they are read. Close waits for its
// verdict.
type tee struct {
	io.Reader
	body io.Closer
	pipe *io.PipeWriter
	done chan struct{}
	once sync.Once
}

func newTee(body io.ReadCloser, report func(error)) io.ReadCloser {
	pr, pw := io.Pipe()
	t := &tee{Reader: io.TeeReader(body, pw), body: body, pipe: pw, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		err := Events(pr)
		_, _ = io.Copy(io.Discard, pr) // a reader that stopped must not stop the stream
		report(err)
	}()
	return t
}

func (t *tee) Close() error {
	err := t.body.Close()
	t.once.Do(func() { _ = t.pipe.Close() })
	<-t.done
	return err
}
