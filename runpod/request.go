package runpod

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxBody bounds every answer that is read as a whole. A pod takes one KiB, with a
// large environment a few, so that ten thousand of them fit.
const maxBody = 32 << 20

// CallTimeout bounds every call as a whole, and of Logs the opening: the attempts,
// the waits between them and the answer's body included, so that a server that
// stops in the middle of an answer holds nobody up. A caller's context may allow
// less.
const CallTimeout = 30 * time.Second

// call is one request of the contract.
type call struct {
	op     string // for messages: "list pods"
	method string
	path   string // escaped
	query  url.Values
	in     any    // JSON body; nil means none
	accept string // "" means JSON
}

// answer is a success whose body was read to its end.
type answer struct {
	status int
	header http.Header
	blank  bool // there was nothing in the body
	valid  bool // it was JSON
}

// streamed is what is read while it arrives. It is read anew when the call is
// repeated. err is the body's, whatever it held until then.
type streamed interface {
	read(body io.Reader) (valid, blank bool, err error)
}

// do sends a call and reads its answer into out, which may be nil for an answer
// without a body. It takes at most CallTimeout.
func (c *Client) do(ctx context.Context, cl call, out any) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	var ans answer
	resp, err := c.send(ctx, cl, func(resp *http.Response) (err error) {
		defer resp.Body.Close()
		ans = answer{status: resp.StatusCode, header: resp.Header}
		body := &limited{ctx: ctx, from: resp.Body, left: maxBody}
		if list, ok := out.(streamed); ok {
			ans.valid, ans.blank, err = list.read(body)
			return err
		}
		text, err := readBody(body, resp.ContentLength)
		if err == nil {
			ans.blank = len(bytes.TrimSpace(text)) == 0
			ans.valid = out == nil || decode(text, out)
		}
		return err
	})
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Kind == ErrMalformed {
			e.Status = ans.status
		}
		return err
	}
	if !isSuccess(resp.StatusCode) {
		return c.refusal(cl.op, resp)
	}
	if out == nil {
		return nil
	}
	return c.judgeAnswer(cl.op, ans)
}

// send sends a call, repeats it where that is safe, and returns the answer,
// which need not be a success. onSuccess is given each answer that is one; its
// error makes the attempt a failure.
func (c *Client) send(ctx context.Context, cl call, onSuccess retryablehttp.ResponseHandlerFunc) (*http.Response, error) {
	req, err := c.newRequest(ctx, cl)
	if err != nil {
		return nil, &Error{Op: cl.op, Kind: ErrInvalid, Err: &fault{text: "the request cannot be made: " + c.clean(innermost(err), maxDetailCells)}}
	}
	if onSuccess != nil {
		req.SetResponseHandler(func(resp *http.Response) error {
			if !isSuccess(resp.StatusCode) {
				return nil
			}
			return onSuccess(resp)
		})
	}
	resp, err := c.retrier(cl.method == http.MethodGet).Do(req)
	if err != nil {
		return nil, c.noAnswer(cl.op, cl.method, err)
	}
	return resp, nil
}

func (c *Client) newRequest(ctx context.Context, cl call) (*retryablehttp.Request, error) {
	var body []byte
	if cl.in != nil {
		var err error
		if body, err = json.Marshal(cl.in); err != nil {
			return nil, err
		}
	}
	target := c.base + cl.path
	if len(cl.query) > 0 {
		target += "?" + cl.query.Encode()
	}
	var raw any // a nil []byte in it would be sent as an empty body
	if body != nil {
		raw = body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, cl.method, target, raw)
	if err != nil {
		return nil, err
	}
	c.authorize(req.Header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json, application/problem+json")
	if cl.accept != "" {
		req.Header.Set("Accept", cl.accept+", application/problem+json")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }

// limited is an answer's body up to maxBody. Its errors say in whose way it was.
type limited struct {
	ctx  context.Context
	from io.Reader
	left int
}

func (b *limited) Read(p []byte) (int, error) {
	n, err := b.from.Read(p[:min(len(p), b.left+1)])
	b.left -= n
	switch {
	case b.left < 0:
		return 0, errTooLarge
	case err == nil || err == io.EOF:
		return n, err
	case b.ctx.Err() != nil:
		return n, fmt.Errorf("%w: %w", errStalled, b.ctx.Err())
	}
	return n, fmt.Errorf("%w: %w", errCut, err)
}

// readBody reads an answer of as many bytes as its header says; -1 for not said.
func readBody(body *limited, length int64) ([]byte, error) {
	var buf bytes.Buffer
	if length > 0 && length <= maxBody {
		buf.Grow(int(length) + bytes.MinRead) // growing copies, and leaves twice the answer behind
	}
	_, err := buf.ReadFrom(body)
	return buf.Bytes(), err
}

// judgeAnswer says what is wrong with an answer that was read.
func (c *Client) judgeAnswer(op string, ans answer) error {
	what := ""
	switch {
	case ans.blank:
		what = "is empty"
	case isWebPage(ans.header):
		what = "is a web page"
	case !ans.valid:
		what = "is not the JSON that was expected"
	default:
		return nil
	}
	return c.malformed(op, ans.status, what)
}

func (c *Client) malformed(op string, status int, what string) *Error {
	return &Error{Op: op, Kind: ErrMalformed, Status: status, Err: &fault{
		text: "the answer of " + c.host + " " + what + ": check the API URL and any proxy in between",
	}}
}

// decode reads JSON into out and reports whether it was JSON. A value of
// another type than out has leaves its field empty, and the others are read:
// one field that changes its type must not hide a pod.
func decode(data []byte, out any) bool { return ofAnyType(json.Unmarshal(data, out)) }

// ofAnyType tells whether what was read was JSON, of whatever type.
func ofAnyType(err error) bool {
	var other *json.UnmarshalTypeError
	return err == nil || errors.As(err, &other)
}
