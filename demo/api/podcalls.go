package api

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
)

// errMember words the contract's 409 for pods of a cluster.
var errMember = refuse(http.StatusConflict, "pod belongs to a cluster and cannot be modified via the pod endpoints")

var errPodNotFound = refuse(http.StatusNotFound, "pod not found")

func (s *Server) listPods(w http.ResponseWriter, r request) error {
	members := false
	if v := r.URL.Query().Get("includeClusterPods"); v != "" {
		var err error
		if members, err = strconv.ParseBool(v); err != nil {
			return invalid([]string{"query.includeClusterPods: got " + strconv.Quote(v) + ", want boolean"})
		}
	}
	s.Advance()
	list := struct {
		Pods []any `json:"pods"`
	}{Pods: []any{}}
	s.mu.Lock()
	for _, p := range s.order {
		if members || p.spec.Cluster == nil {
			list.Pods = append(list.Pods, s.wire(p))
			markFuture(w, p)
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, list)
	return nil
}

func markFuture(w http.ResponseWriter, p *pod) {
	if p.spec.Future && w.Header().Get(DeviationHeader) == "" {
		w.Header().Set(DeviationHeader, "future")
	}
}

func (s *Server) getPod(w http.ResponseWriter, r request) error {
	s.Advance()
	return s.answerPod(w, http.StatusOK, r.id)
}

func (s *Server) answerPod(w http.ResponseWriter, status int, id string) error {
	s.mu.Lock()
	p, ok := s.pods[id]
	if !ok {
		s.mu.Unlock()
		return errPodNotFound
	}
	v := s.wire(p)
	markFuture(w, p)
	s.mu.Unlock()
	writeJSON(w, status, v)
	return nil
}

func (s *Server) deletePod(w http.ResponseWriter, r request) error {
	err := s.change(r.id, func(p *pod) error {
		if p.spec.Cluster != nil {
			return refuse(http.StatusConflict, "pod belongs to a cluster and cannot be terminated via the pod endpoints")
		}
		s.drop(p)
		return nil
	})
	if err != nil {
		return notFound(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// notFound puts errNoPod in the API's words.
func notFound(err error) error {
	if errors.Is(err, errNoPod) {
		return errPodNotFound
	}
	return err
}

func (s *Server) actOnPod(w http.ResponseWriter, r request) error {
	o, err := readObject(w, r.Request, "action")
	if err != nil {
		return err
	}
	action := ""
	o.require("action")
	o.text("action", &action)
	if action != "" && !slices.Contains([]string{actionStart, actionStop, actionRestart, actionTerminate}, action) {
		o.failf("action", "value must be one of 'start', 'stop', 'restart', 'terminate'")
	}
	if err := o.err(); err != nil {
		return err
	}
	err = s.change(r.id, func(p *pod) error {
		if err := p.mayAct(action); err != nil {
			return err
		}
		if action == actionTerminate {
			s.drop(p)
		} else {
			p.act(action, s.opts.Now())
		}
		return nil
	})
	switch {
	case err != nil:
		return notFound(err)
	case action == actionTerminate:
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.answerPod(w, http.StatusOK, r.id)
}

func (p *pod) mayAct(action string) error {
	switch {
	case p.spec.Cluster != nil:
		return errMember
	case !slices.Contains(p.allowed(), action):
		return refuse(http.StatusConflict, "action %q is not valid for a pod that is %s", action, p.status)
	case p.spec.Locked && (action == actionStop || action == actionRestart):
		return refuse(http.StatusConflict, "pod is locked: it cannot be stopped or reset")
	}
	return nil
}
