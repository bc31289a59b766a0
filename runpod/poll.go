package runpod

import (
	"bytes"
	"context"
	"hash/maphash"
	"math/bits"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// polled is what is known of the last list that PollPods read. It holds nothing that
// the answer said but the pods.
type polled struct {
	seed maphash.Seed

	mu      sync.Mutex
	size    int // of the answer, in bytes
	entries []polledEntry
	pods    []*Pod
}

// polledEntry tells whether an entry says the same as before. Of a pod that runs
// RunPod reports measures with each answer, its uptime among them, of which nothing
// is taken: the hash is of all but these numbers.
type polledEntry struct {
	pod   *Pod     // nil when none could be made
	spans []uint32 // how long the texts before, between and behind the numbers are
	hash  uint64   // of them
}

// PollPods is ListPods for a caller that asks again and again. Its pods have no Args
// and no Env, but for a PUBLIC_KEY that holds no key. A pod of which RunPod says the
// same as in the last answer is the same pointer, and where that goes for all of them
// and their order, the slice is the very same too. So neither may be changed.
func (c *Client) PollPods(ctx context.Context) ([]*Pod, error) {
	c.polled.mu.Lock()
	before := c.polled.entries
	known := c.polled.pods
	c.polled.mu.Unlock()
	r := newPollReader(c.polled.seed, before)
	list := &podList[*Pod]{reader: r}
	if err := list.ask(ctx, c); err != nil {
		return nil, err
	}
	c.polled.mu.Lock()
	defer c.polled.mu.Unlock()
	c.polled.size = list.size
	if !r.changed && len(r.entries) == len(before) && known != nil {
		return known, nil
	}
	c.polled.entries, c.polled.pods = r.entries, list.pods
	return list.pods, nil
}

// A list of thousands is megabytes, which would come again and again: it is asked for
// at a rate of listRate bytes a second, but no less often than every longestForSize.
const (
	listRate       = 256 << 10
	longestForSize = 30 * time.Second
)

// interval is how long the size of the last list asks to wait until the next.
func (p *polled) interval() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(time.Duration(p.size)*time.Second/listRate, longestForSize)
}

// podsPath is where the account's pods are listed.
const podsPath = "/v2/pods"

// ask lists the pods of an account.
func (l *podList[P]) ask(ctx context.Context, c *Client) error {
	const op = "list pods"
	err := c.do(ctx, call{
		op: op, method: http.MethodGet, path: podsPath,
		query: url.Values{"includeClusterPods": {"true"}},
	}, l)
	switch {
	case err != nil:
		return err
	case !l.found:
		return c.malformed(op, http.StatusOK, "holds no list of pods")
	case len(l.pods) == 0 && l.entries > 0:
		return c.malformed(op, http.StatusOK, "lists pods without an ID")
	}
	return nil
}

// pollReader makes pods of entries, or finds them among those of the answer before.
type pollReader struct {
	podReader
	seed    maphash.Seed
	before  []polledEntry
	places  map[string]int // where in before, by pod ID; nil until it is asked for
	at      int            // the entry of before that is expected next
	changed bool           // an entry is not what was at its place before
	entries []polledEntry
	ahead   batches // of a first answer, nothing of which is known
}

func newPollReader(seed maphash.Seed, before []polledEntry) *pollReader {
	return &pollReader{seed: seed, before: before, ahead: batches{seed: seed}}
}

func (r *pollReader) begin() {
	r.end()
	r.podReader = newPodReader()
	r.at, r.changed, r.entries = 0, false, make([]polledEntry, 0, len(r.before))
}

func (r *pollReader) end() []*Pod {
	if first := r.ahead.end(); len(first) > 0 {
		r.entries, r.changed = first, true
	}
	pods := make([]*Pod, 0, len(r.entries))
	for i := range r.entries {
		if p := r.entries[i].pod; p != nil {
			pods = append(pods, p)
		}
	}
	return pods
}

func (r *pollReader) entry(a *arriving) (ok bool) {
	if len(r.before) == 0 {
		text, ok := a.next(entryDepth)
		if ok {
			r.ahead.add(text)
		}
		return ok
	}
	if e := r.asBefore(a); e != nil {
		r.changed = r.changed || r.at != len(r.entries)
		r.at++
		r.entries = append(r.entries, *e)
		return true
	}
	e, ok := r.next(a)
	if !ok {
		return false
	}
	r.changed = true
	if i, known := r.place(e.pod); known {
		if was := r.before[i]; was.hash == e.hash && slices.Equal(was.spans, e.spans) { // it stood elsewhere
			e = was
		}
		r.at = i + 1
	}
	r.entries = append(r.entries, e)
	return true
}

// asBefore moves behind the next entry if it is the one that is expected.
func (r *pollReader) asBefore(a *arriving) *polledEntry {
	if r.at >= len(r.before) {
		return nil
	}
	e := &r.before[r.at]
	for {
		n, there := e.in(a.text[a.at:], r.seed)
		switch {
		case there == whole:
			a.at += n
			return e
		case there == broken || !a.more():
			return nil
		}
	}
}

// place is where a pod was in the answer before.
func (r *pollReader) place(p *Pod) (i int, known bool) {
	if p == nil {
		return 0, false
	}
	if r.at < len(r.before) && r.before[r.at].pod != nil && r.before[r.at].pod.ID == p.ID {
		return r.at, true
	}
	if r.places == nil {
		r.places = make(map[string]int, len(r.before))
		for i := range r.before {
			if r.before[i].pod != nil {
				r.places[r.before[i].pod.ID] = i
			}
		}
	}
	i, known = r.places[p.ID]
	return i, known
}

// next moves behind an entry and makes a pod of it.
func (r *pollReader) next(a *arriving) (e polledEntry, ok bool) {
	var raw [podMemberCount][]byte
	names, plain := podNames(), false
	text, ok := a.nextBy(func() (e extent) {
		clear(raw[:])
		e, plain = a.members(entryDepth, names[:], raw[:])
		return e
	})
	if !ok {
		return polledEntry{}, false
	}
	return r.polled(text, &raw, plain, r.seed), true
}

// polled makes a pod of an entry whose members were found, if it is plain.
func (r *podReader) polled(text []byte, raw *[podMemberCount][]byte, plain bool, seed maphash.Seed) (e polledEntry) {
	from := len(r.spans)
	if plain {
		e.pod = r.pod(raw)
		r.spans = appendMeasures(r.spans, text, raw[memberRuntime])
	} else {
		if pod, usable := plainPod(text); usable {
			pod.Env, pod.EnvWhole, pod.Args = keylessOf(pod.Env), false, ""
			e.pod = &pod
		}
		r.spans = append(r.spans, uint32(len(text)))
	}
	e.spans = r.spans[from:len(r.spans):len(r.spans)]
	_, e.hash, _ = hashSpans(text, e.spans, seed)
	return e
}

// in tells whether text begins with the entry, but for its measures, and how long it
// is there.
func (e *polledEntry) in(text []byte, seed maphash.Seed) (n int, there extent) {
	n, hash, there := hashSpans(text, e.spans, seed)
	if there == whole && hash != e.hash {
		return 0, broken
	}
	return n, there
}

// hashSpans hashes what text begins with: spans, with a number between each two. It is
// whole, and n bytes long, when these numbers are there. That what stands between the
// numbers is the same makes it the same JSON: a number in the place of a number.
func hashSpans(text []byte, spans []uint32, seed maphash.Seed) (n int, hash uint64, there extent) {
	for i, span := range spans {
		if i > 0 {
			number := numberLen(text[n:])
			if number <= 0 {
				return 0, 0, broken
			}
			n += number
		}
		if len(text)-n < int(span) {
			return 0, 0, short
		}
		hash = bits.RotateLeft64(hash, 1) ^ maphash.Bytes(seed, text[n:n+int(span)])
		n += int(span)
	}
	return n, hash, whole
}

// appendMeasures appends the spans of an entry: its numbers are those in runtime, a
// part of it, but for its ports.
func appendMeasures(spans []uint32, entry, runtime []byte) []uint32 {
	done := 0
	members := scan{text: runtime}
	if len(runtime) > 0 && runtime[0] == '{' {
		members.object(entryDepth+1, func(name, value []byte) {
			if !holdsMeasures(name) {
				return
			}
			begin := cap(entry) - cap(value) // both are parts of one text
			for i := 0; i < len(value); i++ {
				switch c := value[i]; {
				case c == '"':
					text := scan{text: value, at: i}
					text.str()
					i = text.at - 1
				case c == '-' || c >= '0' && c <= '9':
					spans = append(spans, uint32(begin+i-done))
					i += numberLen(value[i:])
					done = begin + i
					i--
				}
			}
		})
	}
	return append(spans, uint32(len(entry)-done))
}

// holdsMeasures tells whether a member of runtime holds nothing but measures: nothing
// that encoding/json would take for the ports.
func holdsMeasures(name []byte) bool {
	return !bytes.ContainsRune(name, '\\') && !strings.EqualFold(string(name), "ports")
}
