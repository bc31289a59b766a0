package api

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is a call by an authenticated client.
type request struct {
	*http.Request
	id string // of the pod, on paths that have one
}

// handler answers a request, or returns a problem.
type handler func(*Server, http.ResponseWriter, request) error

// operation is a handler and the scope that it wants of a key.
type operation struct {
	scope  Scope
	handle handler
}

// route finds the operations of a path by their method.
func route(path string) (operations map[string]operation, id string) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(segments) < 2 || segments[0] != "v2" {
		return nil, ""
	}
	switch rest := segments[1:]; {
	case len(rest) == 2 && rest[0] == "account" && rest[1] == "ssh-keys":
		return map[string]operation{
			http.MethodGet: {ScopeKeysRead, (*Server).getKeys},
			http.MethodPut: {ScopeKeysWrite, (*Server).putKeys},
		}, ""
	case rest[0] == "pods":
		return podRoute(rest[1:])
	}
	return nil, ""
}

func podRoute(rest []string) (operations map[string]operation, id string) {
	if len(rest) == 0 {
		return map[string]operation{
			http.MethodGet:  {ScopePodsRead, (*Server).listPods},
			http.MethodPost: {ScopePodsWrite, (*Server).createPod},
		}, ""
	}
	id, err := url.PathUnescape(rest[0])
	switch {
	case err != nil || id == "":
		return nil, ""
	case len(rest) == 1:
		return map[string]operation{
			http.MethodGet:    {ScopePodsRead, (*Server).getPod},
			http.MethodPatch:  {ScopePodsWrite, (*Server).patchPod},
			http.MethodDelete: {ScopePodsWrite, (*Server).deletePod},
		}, id
	case len(rest) == 2 && rest[1] == "action":
		return map[string]operation{http.MethodPost: {ScopePodsWrite, (*Server).actOnPod}}, id
	case len(rest) == 2 && rest[1] == "logs":
		return map[string]operation{http.MethodGet: {ScopePodsRead, (*Server).streamLogs}}, id
	}
	return nil, ""
}

// ServeHTTP answers one request. It panics with [http.ErrAbortHandler] where a
// [Fault] breaks the connection.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		writeProblem(rw, refuse(http.StatusServiceUnavailable, "the server is closed"))
		return
	}
	defer s.inflight.Done()
	w := &answer{ResponseWriter: rw}
	call := Call{Time: s.opts.Now(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	defer func() {
		call.Status = w.status
		s.record(call)
	}()
	if !s.expected(r) {
		s.alarm(call)
		writeProblem(w, refuse(http.StatusNotImplemented, "unexpected call: %s %s", call.Method, call.Path))
		return
	}
	if f, ok := s.faultFor(r); ok {
		call.Faulted = true
		if !s.inject(w, r, f) {
			return
		}
	}
	s.serve(w, r, call)
}

// serve answers as RunPod does: who is it, how often, what, and may they.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, call Call) {
	key, ok := s.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeProblem(w, refuse(http.StatusUnauthorized, "missing or invalid API key"))
		return
	}
	now := s.opts.Now()
	exceeded, err := s.charge(w.Header(), now)
	if err == nil && exceeded != nil {
		err = tooMany(w.Header(), exceeded, now)
	}
	if err == nil {
		err = s.dispatch(w, r, key, call)
	}
	var p problem
	switch {
	case errors.As(err, &p):
		writeProblem(w, p)
	case err != nil:
		writeProblem(w, refuse(http.StatusInternalServerError, "%v", err))
	}
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, key hashedKey, call Call) error {
	operations, id := route(r.URL.EscapedPath())
	if operations == nil {
		s.alarm(call)
		return refuse(http.StatusNotFound, "no such endpoint")
	}
	op, ok := operations[r.Method]
	if !ok {
		s.alarm(call)
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(operations)), ", "))
		return refuse(http.StatusMethodNotAllowed, "method %s is not supported here", r.Method)
	}
	if !key.may(op.scope) {
		return refuse(http.StatusForbidden, "the API key lacks access to %s", op.scope)
	}
	return op.handle(s, w, request{Request: r, id: id})
}
