package contract

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// checkProblem holds what RFC 9457 says and a schema cannot: the status in the
// body is that of the answer.
func checkProblem(resp *http.Response, body []byte) error {
	if resp.StatusCode < 400 {
		return nil
	}
	var p struct {
		Status int `json:"status"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return fmt.Errorf("problem: %w", err)
	}
	if p.Status != resp.StatusCode {
		return fmt.Errorf("problem: status %d in an answer with status %d", p.Status, resp.StatusCode)
	}
	return nil
}

// Events checks the body of a log stream against the shape that the contract
// describes in words: each event has an id that begins with its ts, and a data
// line with exactly ts, source and line. It reads until r ends; an end in the
// middle of an event is none.
func Events(r io.Reader) error {
	var errs []error
	var event []string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line != "":
			event = append(event, line)
		default:
			errs = append(errs, checkEvent(event))
			event = nil
		}
	}
	return errors.Join(errs...)
}

func checkEvent(lines []string) error {
	fields := map[string]string{}
	for _, line := range lines {
		if strings.HasPrefix(line, ":") {
			continue // a comment: the heartbeat
		}
		name, value, _ := strings.Cut(line, ":")
		if _, twice := fields[name]; twice || name != "id" && name != "data" {
			return fmt.Errorf("event: unexpected line %q", line)
		}
		fields[name] = strings.TrimPrefix(value, " ")
	}
	if len(fields) == 0 {
		return nil
	}
	return checkData(fields["id"], fields["data"])
}

func checkData(id, data string) error {
	var v struct {
		TS     *time.Time `json:"ts"`
		Source *string    `json:"source"`
		Line   *string    `json:"line"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("event: data %q: %w", data, err)
	}
	if v.TS == nil || v.Source == nil || v.Line == nil {
		return fmt.Errorf("event: data %q: want ts, source and line", data)
	}
	if *v.Source != "container" && *v.Source != "system" {
		return fmt.Errorf("event: data %q: source is not in the contract", data)
	}
	ts, _, _ := strings.Cut(id, "/")
	if at, err := time.Parse(time.RFC3339, ts); err != nil || !at.Equal(*v.TS) {
		return fmt.Errorf("event: id %q does not carry the ts of %q", id, data)
	}
	return nil
}
