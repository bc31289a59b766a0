package api

import (
	"fmt"
	"slices"
)

// AddPod puts a pod into the account.
func (s *Server) AddPod(spec PodSpec) error {
	if err := s.add(spec); err != nil {
		return err
	}
	s.Advance()
	return nil
}

// RemovePod terminates a pod, whatever state it is in. It reports whether there
// was one.
func (s *Server) RemovePod(id string) bool {
	return s.change(id, func(p *pod) error { s.drop(p); return nil }) == nil
}

// SetStatus puts a pod into a state, as RunPod's own doing would: RUNNING gives it
// a new container, anything else ends the one it has.
func (s *Server) SetStatus(id, status string) error {
	return s.change(id, func(p *pod) error { p.force(status, s.opts.Now()); return nil })
}

// Recreate replaces the container of a running pod at once, as a host
// maintenance would: new public port, new host keys.
func (s *Server) Recreate(id string) error {
	return s.change(id, func(p *pod) error {
		if p.status != StatusRunning {
			return fmt.Errorf("demo api: recreate %s: it is %s, not RUNNING", id, p.status)
		}
		p.force(StatusRunning, s.opts.Now())
		return nil
	})
}

// Change changes the configuration of a pod in place, as RunPod's own doing would:
// its container stays as it is.
func (s *Server) Change(id string, f func(*PodSpec)) error {
	return s.change(id, func(p *pod) error { f(&p.spec); return nil })
}

// SetFuture switches a pod's PodSpec.Future.
func (s *Server) SetFuture(id string, on bool) error {
	return s.Change(id, func(spec *PodSpec) { spec.Future = on })
}

// Advance brings every pod up to the present of the clock. Requests do it by
// themselves; it is for one who waits for a Host's containers.
func (s *Server) Advance() {
	s.work.Lock()
	defer s.work.Unlock()
	s.settle()
}

// change brings the pods up to the present, changes one of them, and carries out
// what follows from that.
func (s *Server) change(id string, f func(*pod) error) error {
	s.work.Lock()
	defer s.work.Unlock()
	s.settle()
	if err := s.changeOne(id, f); err != nil {
		return err
	}
	s.settle()
	return nil
}

func (s *Server) changeOne(id string, f func(*pod) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pods[id]
	if !ok {
		return errNoPod
	}
	return f(p)
}

// Log appends a line to a pod's log, now. source is "container" or "system".
func (s *Server) Log(id, source, line string) error {
	if source != sourceContainer && source != sourceSystem {
		return fmt.Errorf("demo api: log of %s: no source %q: want container or system", id, source)
	}
	return s.changeOne(id, func(p *pod) error { p.log.add(s.opts.Now(), source, line); return nil })
}

// SSHKeys returns the account's registered lines.
func (s *Server) SSHKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sshKeys)
}

// SetSSHKeys registers lines without a check, as RunPod's web page does.
func (s *Server) SetSSHKeys(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sshKeys = slices.Clone(lines)
}
