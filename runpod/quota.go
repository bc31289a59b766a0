package runpod

import (
	"net/http"
	"sync"
	"time"

	"github.com/dunglas/httpsfv"
)

const (
	// maxWindows bounds what one header can make podbay remember; the API has three.
	maxWindows = 16
	// maxWindow is the longest that a window is believed to last.
	maxWindow = 7 * 24 * time.Hour
)

// window is one quota of the RateLimit header: `"minute";r=48;t=12`.
type window struct {
	name      string
	remaining int64     // requests left
	resets    time.Time // when it starts anew
}

// quota is what the last answers said of the account's limits.
type quota struct {
	now func() time.Time

	mu      sync.Mutex
	windows []window
	blocked time.Time // until when the server asked to be left alone
}

// note takes over the quota of an answer. An answer without a readable header
// changes nothing: quotas are of the account, and the last known one holds. So are
// limits that are met; that a server is unavailable is of the call alone. A list that
// was given ends both.
func (q *quota) note(resp *http.Response, list bool) {
	now := q.now()
	windows := parseRateLimit(resp.Header.Values("RateLimit"), now)
	wait, asked := retryAfter(resp.Header, now)
	q.mu.Lock()
	defer q.mu.Unlock()
	if windows != nil {
		q.windows = windows
	}
	switch busy := resp.StatusCode == http.StatusTooManyRequests || list && resp.StatusCode == http.StatusServiceUnavailable; {
	case busy && asked && now.Add(wait).After(q.blocked):
		q.blocked = now.Add(wait)
	case list && resp.StatusCode == http.StatusOK:
		q.blocked = time.Time{}
	}
}

func (q *quota) pollInterval(want time.Duration) time.Duration {
	now := q.now()
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := max(want, q.blocked.Sub(now))
	for _, w := range q.windows {
		wait = max(wait, w.interval(now))
	}
	return wait
}

// interval is the time between polls with which four fifths of what remains
// last until the window starts anew, and never more than until then.
func (w window) interval(now time.Time) time.Duration {
	left := w.resets.Sub(now)
	if left <= 0 {
		return 0
	}
	usable := float64(w.remaining) * 4 / 5
	if usable <= 1 {
		return left
	}
	return time.Duration(float64(left) / usable)
}

// parseRateLimit reads the structured field RateLimit: a list of strings with
// r, the requests left, and t, the seconds until the window starts anew.
// Members of another shape are skipped; nil means that nothing was readable.
func parseRateLimit(values []string, now time.Time) []window {
	if len(values) == 0 {
		return nil
	}
	list, err := httpsfv.UnmarshalList(values)
	if err != nil {
		return nil
	}
	var windows []window
	for _, member := range list[:min(len(list), maxWindows)] {
		item, ok := member.(httpsfv.Item)
		if !ok {
			continue
		}
		name, ok := item.Value.(string)
		remaining, hasR := integer(item.Params, "r")
		seconds, hasT := integer(item.Params, "t")
		if !ok || !hasR || !hasT || remaining < 0 || seconds < 0 {
			continue
		}
		left := time.Duration(min(seconds, int64(maxWindow/time.Second))) * time.Second
		windows = append(windows, window{name: name, remaining: remaining, resets: now.Add(left)})
	}
	return windows
}

func integer(params *httpsfv.Params, name string) (int64, bool) {
	if params == nil {
		return 0, false
	}
	value, _ := params.Get(name)
	n, ok := value.(int64)
	return n, ok
}
