package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The transitions that can be asked of a pod.
const (
	actionStart     = "start"
	actionStop      = "stop"
	actionRestart   = "restart"
	actionTerminate = "terminate"
)

// allowed is what may be done to the pod now.
func (p *pod) allowed() []string {
	return slices.DeleteFunc(allowed(p.status), func(action string) bool { return action == actionStart && p.spec.NoStart })
}

// allowed is the contract's table: the actions of each status.
func allowed(status string) []string {
	switch status {
	case StatusRunning:
		return []string{actionStop, actionRestart, actionTerminate}
	case StatusExited, StatusError:
		return []string{actionStart, actionTerminate}
	case StatusProvisioning, StatusStarting:
		return []string{actionStop, actionTerminate}
	}
	return []string{}
}

// act carries out an action that is allowed, apart from terminate.
func (p *pod) act(action string, now time.Time) {
	switch action {
	case actionStart:
		p.provision(now)
	case actionRestart:
		p.starting(now)
	case actionStop:
		p.rest(StatusExited, now)
	}
}

func (p *pod) provision(now time.Time) {
	p.status = StatusProvisioning
	p.due = after(now, p.spec.Provisioning)
	p.startedAt = time.Time{}
	p.log.add(now, sourceSystem, "waiting for a machine")
}

func (p *pod) starting(now time.Time) {
	p.status = StatusStarting
	p.due = after(now, p.spec.Starting)
	p.startedAt = time.Time{}
	p.log.add(now, sourceSystem, "create container "+p.spec.Image)
	p.log.add(now, sourceSystem, p.spec.Image+" Pulling from "+strings.SplitN(p.spec.Image, ":", 2)[0])
}

// rest puts the pod into a status that no time ends.
func (p *pod) rest(status string, now time.Time) {
	p.status, p.due = status, time.Time{}
	p.log.add(now, sourceSystem, "stop container")
}

func (p *pod) force(status string, now time.Time) {
	switch status {
	case StatusProvisioning:
		p.provision(now)
	case StatusStarting:
		p.machine = true
		p.starting(now)
	case StatusRunning:
		p.machine = true
		p.starting(now)
		p.due = now
	default:
		p.rest(status, now)
	}
}

// retire ends the pod for good, with those who follow its log.
func (p *pod) retire() {
	p.status, p.due = StatusTerminated, time.Time{}
	p.log.end()
}

// after is zero, "never", for a negative duration.
func after(t time.Time, d time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return t.Add(d)
}

// drop takes a pod out of the account. The caller holds mu.
func (s *Server) drop(p *pod) {
	p.retire()
	delete(s.pods, p.spec.ID)
	s.order = slices.DeleteFunc(s.order, func(o *pod) bool { return o == p })
	s.gone = append(s.gone, p)
}

// settle carries out what is due on every pod by now. The caller holds work, and
// not mu.
func (s *Server) settle() {
	now := s.opts.Now()
	s.mu.Lock()
	pods := append(slices.Clone(s.gone), s.order...)
	s.gone = nil
	s.mu.Unlock()
	for _, p := range pods {
		for s.step(p, now) {
		}
	}
}

// step carries out one thing that is due on p, and reports whether there was one.
// The Host is called without mu; work keeps the pod from changing meanwhile.
func (s *Server) step(p *pod, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := !p.due.IsZero() && !p.due.After(now)
	switch {
	case p.container && p.status != StatusRunning:
		p.container = false
		p.previous, p.public = p.public, Address{}
		s.unlocked(func() { s.host.Stop(p.spec.ID) })
	case p.status == StatusProvisioning && due:
		p.machine = true
		p.log.add(p.due, sourceSystem, "machine assigned in "+p.spec.DataCenterID)
		p.starting(p.due)
	case p.status == StatusStarting && due && p.spec.FailStart:
		p.log.add(p.due, sourceSystem, "error: container exited during its start")
		p.status, p.due = StatusError, time.Time{}
	case p.status == StatusStarting && due:
		s.run(p)
	default:
		return false
	}
	return true
}

// unlocked calls f without mu.
func (s *Server) unlocked(f func()) {
	s.mu.Unlock()
	defer s.mu.Lock()
	f()
}

// run gives p its next container. The caller holds work and mu.
func (s *Server) run(p *pod) {
	at := p.due
	if p.global != nil {
		p.spec.GlobalIP = globalIP(*p.global, p.spec.ID)
		p.global = nil
	}
	p.generation++
	p.log.add(at, sourceSystem, "start container for "+p.spec.Image+": begin")
	c := p.describe()
	var e Endpoints
	var err error
	s.unlocked(func() { e, err = s.host.Start(s.ctx, c) })
	if err != nil {
		p.status, p.due = StatusError, time.Time{}
		p.log.add(at, sourceSystem, fmt.Sprintf("error: start container: %v", err))
		return
	}
	p.container, p.status, p.due, p.startedAt = true, StatusRunning, time.Time{}, at
	p.public = e.Direct
	p.tcp = s.mapPorts(p.spec.Ports)
	p.log.boot(at, p.spec, c, e.HostKeys)
}

func (p *pod) describe() Container {
	env := p.containerEnv()
	c := Container{
		PodID:      p.spec.ID,
		Generation: p.generation,
		Env:        env,
		Ports:      slices.Clone(p.spec.Ports),
		ProxyUser:  p.proxyUser(),
		SSHD:       !p.spec.NoSSHD && env[publicKey] != "",
	}
	if env[publicKey] != "" {
		c.AuthorizedKeys = strings.Split(env[publicKey], "\n")
	}
	return c
}

// mapPorts makes up a public port for each exposed TCP port but 22, whose the
// Host knows. The caller holds mu.
func (s *Server) mapPorts(ports []string) map[int]int {
	mapped := map[int]int{}
	for _, port := range ports {
		number, kind, _ := strings.Cut(port, "/")
		n, err := strconv.Atoi(number)
		if err != nil || kind != "tcp" || port == sshPort {
			continue
		}
		mapped[n] = s.newPort()
	}
	return mapped
}

func (s *Server) newPort() int {
	s.nextPort++
	if s.nextPort > 65535 {
		s.nextPort = firstPort
	}
	return s.nextPort
}
