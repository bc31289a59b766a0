package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/dunglas/httpsfv"
)

// window counts one Quota.
type window struct {
	Quota
	used int
	ends time.Time
}

func newWindows(quotas []Quota) []window {
	windows := make([]window, len(quotas))
	for i, q := range quotas {
		windows[i] = window{Quota: q}
	}
	return windows
}

// reset is how many seconds are left of the window, rounded up.
func (w *window) reset(now time.Time) int64 {
	return int64((w.ends.Sub(now) + time.Second - 1) / time.Second)
}

// charge counts one request and describes the quotas in h. It reports the window
// that has nothing left for it; a refused request is not counted.
func (s *Server) charge(h http.Header, now time.Time) (exceeded *window, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.windows {
		w := &s.windows[i]
		if !now.Before(w.ends) {
			w.used, w.ends = 0, now.Add(w.Window)
		}
		if w.used >= w.Limit && (exceeded == nil || w.ends.After(exceeded.ends)) {
			exceeded = w
		}
	}
	if exceeded == nil {
		for i := range s.windows {
			s.windows[i].used++
		}
	}
	return exceeded, describe(h, s.windows, now)
}

// describe writes the RateLimit and RateLimit-Policy headers (RFC 9651 lists).
func describe(h http.Header, windows []window, now time.Time) error {
	if len(windows) == 0 {
		return nil
	}
	var state, policy httpsfv.List
	for i := range windows {
		w := &windows[i]
		live := httpsfv.NewItem(w.Name)
		live.Params.Add("r", int64(w.Limit-w.used))
		live.Params.Add("t", w.reset(now))
		state = append(state, live)
		static := httpsfv.NewItem(w.Name)
		static.Params.Add("q", int64(w.Limit))
		static.Params.Add("w", int64(w.Window/time.Second))
		policy = append(policy, static)
	}
	for name, list := range map[string]httpsfv.List{"RateLimit": state, "RateLimit-Policy": policy} {
		value, err := httpsfv.Marshal(list)
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		h.Set(name, value)
	}
	return nil
}

func tooMany(h http.Header, w *window, now time.Time) problem {
	wait := w.reset(now)
	h.Set("Retry-After", strconv.FormatInt(wait, 10))
	return problem{Title: "Too Many Requests", Status: http.StatusTooManyRequests,
		Detail: fmt.Sprintf("rate limit of %d requests per %s exceeded, retry in %d seconds", w.Limit, w.Name, wait)}
}
