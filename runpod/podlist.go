package runpod

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// podList is the answer that lists pods. Each entry is read for itself, so that a
// bad one costs no other, and in one pass: a list of thousands takes some
// megabytes, over which an array of json.RawMessage would need five.
type podList struct {
	found   bool // there is a list
	entries int
	pods    []Pod
}

// decode reports whether data is JSON.
func (l *podList) decode(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return json.Valid(data)
	}
	same := sharedTexts{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		if text, _ := name.(string); strings.EqualFold(text, "pods") { // as json.Unmarshal does; the last one counts
			*l = podList{}
			if !l.read(d, same) {
				return false
			}
			continue
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	if _, err := d.Token(); err != nil {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

// read reads the member that holds the list.
func (l *podList) read(d *json.Decoder, same sharedTexts) (valid bool) {
	open, err := d.Token()
	switch {
	case err != nil:
		return false
	case open == json.Delim('{'):
		return skipTo(d)
	case open != json.Delim('['):
		return true // null, a text, a number
	}
	l.found, l.pods = true, []Pod{}
	for d.More() {
		var wire podWire
		if !ofAnyType(d.Decode(&wire)) {
			return false
		}
		l.entries++
		if pod, ok := wire.pod(); ok {
			same.share(&pod)
			l.pods = append(l.pods, pod)
		}
	}
	_, err = d.Token()
	return err == nil
}

// skipTo reads to the end of the object that was opened.
func skipTo(d *json.Decoder) (valid bool) {
	for depth := 1; depth > 0; {
		token, err := d.Token()
		switch {
		case err != nil:
			return false
		case token == json.Delim('{'), token == json.Delim('['):
			depth++
		case token == json.Delim('}'), token == json.Delim(']'):
			depth--
		}
	}
	return true
}

// sharedTexts holds texts that many pods have, so that each is kept once.
type sharedTexts map[string]string

func (t sharedTexts) share(p *Pod) {
	p.Status, p.Cloud = Status(t.one(string(p.Status))), Cloud(t.one(string(p.Cloud)))
	p.Image, p.DataCenterID, p.CUDAVersion, p.TemplateID = t.one(p.Image), t.one(p.DataCenterID), t.one(p.CUDAVersion), t.one(p.TemplateID)
	for i, port := range p.Ports {
		p.Ports[i] = t.one(port)
	}
	for i, action := range p.Actions {
		p.Actions[i] = Action(t.one(string(action)))
	}
	if p.GPU != nil {
		p.GPU.ID = t.one(p.GPU.ID)
	}
	for _, e := range []*Endpoint{p.SSH.Direct, p.SSH.Proxy} {
		if e != nil {
			e.Username = t.one(e.Username)
			e.Host = t.one(e.Host)
		}
	}
}

func (t sharedTexts) one(s string) string {
	if known, ok := t[s]; ok {
		return known
	}
	if len(t) < 1024 {
		t[s] = s
	}
	return s
}
