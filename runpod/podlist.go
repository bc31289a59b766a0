package runpod

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"sync"
)

// podList is the answer that lists pods. A list of thousands takes some megabytes,
// and encoding/json passes over an array of unread entries five times; here it is
// cut up in one pass and the entries are read side by side.
type podList struct {
	found   bool // there is a list
	entries int
	pods    []Pod
}

// decode reports whether data is JSON.
func (l *podList) decode(data []byte) bool {
	from, ok := valueOf(data, "pods")
	if !ok || from == len(data) || data[from] != '[' {
		return json.Valid(data)
	}
	entries, length, ok := splitArray(data[from:])
	around := bytes.Join([][]byte{data[:from], data[from+length:]}, []byte("[]"))
	if !ok || !json.Valid(around) {
		return false
	}
	l.found, l.entries, l.pods = true, len(entries), decodePods(entries)
	return true
}

// valueOf returns where in an object the value of a member begins.
func valueOf(data []byte, name string) (at int, ok bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return 0, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return 0, false
		}
		if text, _ := key.(string); strings.EqualFold(text, name) { // as json.Unmarshal does
			from := int(d.InputOffset())
			rest := bytes.TrimLeft(data[from:], " \t\r\n:")
			return len(data) - len(rest), true
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return 0, false
		}
	}
	return 0, false
}

// splitArray cuts the array that data begins with into its elements and returns
// its length in bytes. The elements may be anything between the commas: who decodes them
// finds out whether they are JSON.
func splitArray(data []byte) (elements [][]byte, length int, ok bool) {
	elements = [][]byte{}
	from, depth := 1, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			end := stringEnd(data[i+1:])
			if end < 0 {
				return nil, 0, false
			}
			i += 1 + end
		case '[', '{':
			depth++
		case ',':
			if depth == 1 {
				elements = append(elements, data[from:i])
				from = i + 1
			}
		case ']', '}':
			if depth--; depth > 0 {
				continue
			}
			if last := data[from:i]; len(elements) > 0 || len(bytes.TrimSpace(last)) > 0 {
				elements = append(elements, last)
			}
			return elements, i + 1, data[i] == ']'
		}
	}
	return nil, 0, false
}

// stringEnd is the place of the quote that ends a string; -1 when there is none.
func stringEnd(s []byte) int {
	for from := 0; ; {
		quote := bytes.IndexByte(s[from:], '"')
		if quote < 0 {
			return -1
		}
		quote += from
		escapes := 0
		for quote-escapes > 0 && s[quote-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return quote
		}
		from = quote + 1
	}
}

// chunk is how many entries are read before the next are taken.
const chunk = 64

// decodePods reads each entry for itself, so that a bad one costs no other.
func decodePods(entries [][]byte) []Pod {
	parts := make([][]Pod, (len(entries)+chunk-1)/chunk)
	next := make(chan int, len(parts))
	for i := range parts {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		workers.Go(func() {
			same := sharedTexts{}
			for i := range next {
				from := i * chunk
				parts[i] = decodeChunk(entries[from:min(from+chunk, len(entries))], same)
			}
		})
	}
	workers.Wait()
	pods := make([]Pod, 0, len(entries))
	for _, part := range parts {
		pods = append(pods, part...)
	}
	return pods
}

func decodeChunk(entries [][]byte, same sharedTexts) []Pod {
	pods := make([]Pod, 0, len(entries))
	for _, entry := range entries {
		var wire podWire
		if !decode(entry, &wire) {
			continue
		}
		if pod, ok := wire.pod(); ok {
			same.share(&pod)
			pods = append(pods, pod)
		}
	}
	return pods
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
