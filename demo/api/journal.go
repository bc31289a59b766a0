package api

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const maxCalls = 10000

// Call is one request that came, and how it was answered. It has no headers: the
// key is not in it.
type Call struct {
	Time    time.Time
	Method  string
	Path    string // as sent, without the query
	Query   string
	Status  int  // 0: no answer was begun
	Faulted bool // a Fault had its way with it
}

// Route names calls: a method and a path in which * stands for one segment and,
// as the last one, ** for whatever follows ("/v2/pods/*/logs", "/v2/**"). ""
// means any.
type Route struct {
	Method string
	Path   string
}

// matches reports whether a call with this method and path is meant.
func (r Route) matches(method, path string) bool {
	if r.Method != "" && r.Method != method {
		return false
	}
	return r.Path == "" || matchPath(strings.Split(r.Path, "/"), strings.Split(path, "/"))
}

func matchPath(pattern, path []string) bool {
	for i, want := range pattern {
		switch {
		case i >= len(path):
			return false
		case want == "**" && i == len(pattern)-1:
			return true
		case want != "*" && want != path[i]:
			return false
		}
	}
	return len(pattern) == len(path)
}

// record adds a call to the journal.
func (s *Server) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if len(s.calls) >= 2*maxCalls {
		s.calls = slices.Clone(s.calls[len(s.calls)-maxCalls:])
	}
}

// Calls returns the latest calls that were answered or given up, oldest first,
// at most 10,000.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls[max(0, len(s.calls)-maxCalls):])
}

// expected reports whether Options.Expected names the call, and ticks it off.
func (s *Server) expected(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := len(s.opts.Expected) == 0
	for i, route := range s.opts.Expected {
		if route.matches(r.Method, r.URL.EscapedPath()) {
			s.met[i], ok = true, true
		}
	}
	return ok
}

// Unmet returns the routes of Options.Expected that no call has matched.
func (s *Server) Unmet() []Route {
	s.mu.Lock()
	defer s.mu.Unlock()
	var unmet []Route
	for i, route := range s.opts.Expected {
		if !s.met[i] {
			unmet = append(unmet, route)
		}
	}
	return unmet
}

// alarm tells Options.Unexpected, if anyone, of a call nobody meant to come.
func (s *Server) alarm(c Call) {
	if s.opts.Unexpected != nil {
		s.opts.Unexpected(c)
	}
}
