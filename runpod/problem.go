package runpod

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxErrorBody   = 64 << 10
	maxDetailCells = 300 // of one text of an error
	maxErrors      = 20  // of the texts in Error.Errors
	// maxRetryAfter keeps a nonsensical header from overflowing a duration.
	maxRetryAfter = 7 * 24 * time.Hour
)

// refusal turns an answer that is not a success into an *Error. It reads the
// body up to a bound and closes it.
func (c *Client) refusal(op string, resp *http.Response) *Error {
	defer resp.Body.Close()
	e := &Error{Op: op, Status: resp.StatusCode, Kind: kindOf(resp.StatusCode)}
	e.RetryAfter, _ = retryAfter(resp.Header, c.now())
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Err = &fault{text: c.clean(redirectText(resp), maxDetailCells)}
		return e
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	c.readProblem(e, body)
	if e.Title == "" && e.Detail == "" && isWebPage(resp.Header) {
		e.Detail = "the answer is a web page; something between here and RunPod may have sent it"
	}
	return e
}

func kindOf(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ErrInvalid
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusTooManyRequests:
		return ErrRateLimited
	case http.StatusRequestTimeout:
		return ErrUnavailable
	}
	if status >= 500 && status < 600 {
		return ErrUnavailable
	}
	return ErrUnexpected
}

// readProblem takes over what it can read of an RFC 9457 body. The contract
// has strings in errors; others are kept as they were written.
func (c *Client) readProblem(e *Error, body []byte) {
	var p struct {
		Title  string            `json:"title"`
		Detail string            `json:"detail"`
		Errors []json.RawMessage `json:"errors"`
	}
	if !decode(body, &p) {
		return
	}
	e.Title = c.clean(p.Title, maxDetailCells)
	e.Detail = c.clean(p.Detail, maxDetailCells)
	for _, raw := range p.Errors[:min(len(p.Errors), maxErrors)] {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if text = c.clean(text, maxDetailCells); text != "" {
			e.Errors = append(e.Errors, text)
		}
	}
}

func redirectText(resp *http.Response) string {
	target := "another address"
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Host != "" {
		target = to.Host
	}
	return "the API URL redirects to " + target + " (" + strconv.Itoa(resp.StatusCode) + "), " +
		"where podbay does not send the API key: set the API URL to the API's own address"
}

func isWebPage(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (media == "text/html" || media == "application/xhtml+xml")
}

// retryAfter reads Retry-After, in seconds (as RunPod sends it) or as a date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter), true
	}
	return 0, false
}
