package runpod

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tmaxmax/go-sse"

	"podbay/cleantext"
)

// LogSource selects a log.
type LogSource string

// The sources of the contract. "" means both.
const (
	LogContainer LogSource = "container"
	LogSystem    LogSource = "system"
)

// LogOptions selects what Logs streams.
type LogOptions struct {
	Source LogSource
	Tail   int       // history lines, 0 to MaxLogTail; not sent when Since is set
	Since  time.Time // zero: not sent; rounded down to the second
}

// MaxLogTail is the most history lines that the API gives.
const MaxLogTail = 5000

// LogLine is one line of a pod's log. Line is cleaned of control sequences and
// cut to cleantext.DefaultCells, and still hostile text: any program in the
// container can write it, and it may hold secrets.
type LogLine struct {
	Time   time.Time // zero when the API's was not readable
	Source LogSource
	Line   string
}

const (
	eventStream = "text/event-stream"
	// maxEvent bounds one event. Container runtimes cut lines at 16 KiB, which
	// JSON can make six times as long.
	maxEvent = 256 << 10
)

// Logs streams a pod's log as Server-Sent Events until ctx ends, the server
// ends the stream, or the caller stops ranging. An error is yielded once, last:
// also that ctx ended, so that a log read to its end can be told from one that
// was not. How long a silent stream is waited for is ctx's to say. An entry of
// several lines is yielded as several; an event that the server did not finish
// is dropped.
func (c *Client) Logs(ctx context.Context, id string, opts LogOptions) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		for entry, err := range c.logEntries(ctx, id, opts, noLimit) {
			if err != nil {
				yield(LogLine{}, err)
				return
			}
			for _, line := range entry.lines() {
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

// logEntry is an event of a log. Its text is not cleaned.
type logEntry struct {
	time   time.Time // zero when the API's was not readable
	source LogSource
	text   string
}

func (e logEntry) lines() []LogLine {
	line := LogLine{Time: e.time, Source: e.source}
	parts := cleantext.Block(e.text, 0, 0)
	if len(parts) == 0 {
		return []LogLine{line}
	}
	lines := make([]LogLine, len(parts))
	for i, part := range parts {
		line.Line = part
		lines[i] = line
	}
	return lines
}

const noLimit = math.MaxInt64

// errLogLimit ends a log of which as much was read as may be.
var errLogLimit = errors.New("the log is longer than it is read")

// bounded is a reader that fails with errLogLimit after so many bytes.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLogLimit
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// logEntries streams a log as Logs does, up to limit bytes of the answer.
func (c *Client) logEntries(ctx context.Context, id string, opts LogOptions, limit int64) iter.Seq2[logEntry, error] {
	return func(yield func(logEntry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		body, err := c.openLog(ctx, cancel, id, opts)
		if err != nil {
			yield(logEntry{}, err)
			return
		}
		defer body.Close()
		op := logOp(id)
		for event, err := range sse.Read(&bounded{body, limit}, &sse.ReadConfig{MaxEventSize: maxEvent}) {
			if err != nil {
				yield(logEntry{}, c.streamEnd(ctx, op, err))
				return
			}
			entry, ok, valid := decodeEvent(event.Data)
			if !valid {
				yield(logEntry{}, c.malformed(op, http.StatusOK, "has an event that is not the JSON that was expected"))
				return
			}
			if ok && !yield(entry, nil) {
				return
			}
		}
	}
}

func logOp(id string) string { return "read the log of pod " + shown(id) }

// openLog opens the stream. It takes at most CallTimeout, which it keeps to by
// cancel, that ends ctx: the stream itself has no bound.
func (c *Client) openLog(ctx context.Context, cancel context.CancelFunc, id string, opts LogOptions) (io.ReadCloser, error) {
	op := logOp(id)
	path, err := podPath("read a pod's log", id)
	if err != nil {
		return nil, err
	}
	query, err := opts.query(op)
	if err != nil {
		return nil, err
	}
	bound := time.AfterFunc(CallTimeout, cancel)
	defer bound.Stop()
	resp, err := c.send(ctx, call{
		op: op, method: http.MethodGet, path: path + "/logs", query: query, accept: eventStream,
	}, nil)
	if err != nil && !bound.Stop() {
		return nil, c.noAnswer(op, http.MethodGet, context.DeadlineExceeded)
	}
	if err != nil {
		return nil, err
	}
	if !isSuccess(resp.StatusCode) {
		return nil, c.refusal(op, resp)
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || media != eventStream {
		resp.Body.Close()
		return nil, c.malformed(op, resp.StatusCode, "is not an event stream")
	}
	return resp.Body, nil
}

func (o LogOptions) query(op string) (url.Values, error) {
	q := url.Values{}
	switch o.Source {
	case "":
	case LogContainer, LogSystem:
		q.Set("source", string(o.Source))
	default:
		return nil, invalid(op, "there is no log source "+quote(string(o.Source)))
	}
	if !o.Since.IsZero() {
		q.Set("since", o.Since.UTC().Format(time.RFC3339))
		return q, nil
	}
	if o.Tail < 0 || o.Tail > MaxLogTail {
		return nil, invalid(op, "the number of lines must be from 0 to "+strconv.Itoa(MaxLogTail))
	}
	q.Set("tail", strconv.Itoa(o.Tail))
	return q, nil
}

// streamEnd explains why a stream ended before the server ended it.
func (c *Client) streamEnd(ctx context.Context, op string, err error) error {
	switch {
	case errors.Is(err, errLogLimit):
		return err
	case errors.Is(err, bufio.ErrTooLong):
		return c.malformed(op, http.StatusOK, "has an event that is too large")
	case ctx.Err() != nil:
		return c.noAnswer(op, http.MethodGet, ctx.Err())
	default:
		return &Error{Op: op, Kind: ErrUnavailable, Err: &fault{text: "the stream was cut off: try again", err: errCut}}
	}
}

// decodeEvent reads the data of an event. Events without a line, which the
// contract does not have today, are not ok; what is not JSON is not valid.
func decodeEvent(data string) (entry logEntry, ok, valid bool) {
	var event struct {
		Time   string    `json:"ts"`
		Source LogSource `json:"source"`
		Line   *string   `json:"line"`
	}
	if data == "" {
		return logEntry{}, false, true
	}
	if !decode([]byte(data), &event) {
		return logEntry{}, false, false
	}
	if event.Line == nil {
		return logEntry{}, false, true
	}
	return logEntry{time: instant(event.Time), source: LogSource(text(string(event.Source))), text: *event.Line}, true, true
}
