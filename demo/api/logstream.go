package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	defaultTail = 100
	maxTail     = 5000
)

// logQuery is what a client asked of a log.
type logQuery struct {
	source string // "": both
	tail   int
	since  time.Time // zero: tail counts
	after  int       // the number of a Last-Event-ID; 0: it had none
}

// readLogQuery follows the contract's precedence: Last-Event-ID, since, tail.
func readLogQuery(r *http.Request) (logQuery, error) {
	q := logQuery{source: r.URL.Query().Get("source"), tail: defaultTail}
	var failures []string
	if q.source != "" && q.source != sourceContainer && q.source != sourceSystem {
		failures = append(failures, "query.source: value must be one of 'container', 'system'")
	}
	if v := r.URL.Query().Get("tail"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > maxTail {
			failures = append(failures, fmt.Sprintf("query.tail: want an integer from 0 to %d", maxTail))
		}
		q.tail = n
	}
	var err error
	if v := r.URL.Query().Get("since"); v != "" {
		if q.since, err = time.Parse(time.RFC3339, v); err != nil {
			failures = append(failures, "query.since: want an RFC 3339 timestamp")
		}
	}
	if v := r.Header.Get("Last-Event-ID"); v != "" {
		ts, number, numbered := strings.Cut(v, "/")
		q.since, err = time.Parse(time.RFC3339, ts)
		if err == nil && numbered {
			q.after, err = strconv.Atoi(number)
		}
		if err != nil {
			failures = append(failures, "header.Last-Event-ID: want an id that this endpoint sent")
		}
	}
	if len(failures) > 0 {
		return q, invalid(failures)
	}
	return q, nil
}

// start returns the number after which the lines that q asks for come.
//
// A bare timestamp includes the lines of that very moment. So does the id of a
// line that this log does not have (any more): repeating is better than losing.
func (q logQuery) start(l *podLog) int {
	switch {
	case q.after > 0 && q.after <= l.last && l.has(q.after, q.since):
		return q.after
	case !q.since.IsZero():
		return l.since(q.since)
	}
	return l.tail(q.tail, q.source)
}

// streamLogs sends the log as Server-Sent Events until the client leaves, the pod
// is terminated or the server closes.
func (s *Server) streamLogs(w http.ResponseWriter, r request) error {
	q, err := readLogQuery(r.Request)
	if err != nil {
		return err
	}
	s.Advance()
	s.mu.Lock()
	p, ok := s.pods[r.id]
	if !ok {
		s.mu.Unlock()
		return errPodNotFound
	}
	cursor := q.start(&p.log)
	s.mu.Unlock()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("Connection", "keep-alive")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.follow(w, r.Request, p, q.source, cursor)
	return nil
}

func (s *Server) follow(w http.ResponseWriter, r *http.Request, p *pod, source string, cursor int) {
	out := http.NewResponseController(w)
	poll := time.NewTicker(s.opts.LogPoll)
	defer poll.Stop()
	heartbeat := time.NewTicker(s.opts.Heartbeat)
	defer heartbeat.Stop()
	for {
		s.mu.Lock()
		lines := p.log.from(cursor, source)
		cursor = p.log.last
		ended, changed := p.log.ended, p.log.wait()
		s.mu.Unlock()
		if writeEvents(w, lines) != nil || out.Flush() != nil || ended {
			return
		}
		select {
		case <-changed:
		case <-poll.C:
			s.Advance()
		case <-heartbeat.C:
			if _, err := fmt.Fprint(w, ": heartbeat\n\n"); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
	}
}

func writeEvents(w http.ResponseWriter, lines []logEntry) error {
	for _, e := range lines {
		ts := e.ts.Format(time.RFC3339Nano)
		data, err := json.Marshal(struct {
			TS     string `json:"ts"`
			Source string `json:"source"`
			Line   string `json:"line"`
		}{ts, e.source, e.line})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "id: %s/%012d\ndata: %s\n\n", ts, e.n, data); err != nil {
			return err
		}
	}
	return nil
}
