package manager

import (
	"errors"
	"slices"
	"strings"

	"podbay/attach"
	"podbay/cleantext"
	"podbay/doctor"
	"podbay/runpod"
)

// judgeSession keeps what the end of a session says of the pod, and gives it a
// verdict; its ID is "" when nothing was wrong.
func (s *Session) judgeSession(r attach.Result) doctor.Verdict {
	fact := sessionFact(r, s.route.Kind)
	kept := fact
	if fact.End == "" || fact.End == doctor.EndDropped {
		kept = doctor.Session{} // it is over, and stands in nobody's way
	}
	s.m.meet(runpod.Pod{ID: s.pod.ID, StartedAt: s.pod.StartedAt}, s.route.Kind, func(seen *met) { seen.session = kept })
	if fact.End == "" {
		return doctor.Verdict{}
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	pod, ok := s.m.pod(s.pod.ID)
	if !ok {
		return doctor.Verdict{} // it is gone, and so is what was wrong with it
	}
	facts := s.m.facts(pod, s.m.now())
	if s.route.Kind == RouteProxy {
		facts.DirectAddr, facts.Probe = "", doctor.Probe{}
	}
	return doctor.JudgeSession(facts, fact)
}

// sessionFact is how a session ended, as far as that says something of the pod.
func sessionFact(r attach.Result, via RouteKind) doctor.Session {
	fact := doctor.Session{Proxy: via == RouteProxy, Lasted: r.Duration, Typed: r.Typed, Status: r.Status, Signal: r.Signal}
	if r.Cause != nil {
		fact.Cause = cleantext.Line(r.Cause.Error(), 2*maxField)
	}
	fact.Said, fact.Full = said(r.Greeting)
	switch r.End {
	case attach.EndExit:
		fact.End = doctor.EndExit
	case attach.EndDropped, attach.EndGivenUp:
		fact.End = doctor.EndDropped
	case attach.EndNoPTY:
		fact.End = doctor.EndNoPTY
	case attach.EndNoShell:
		fact.End = doctor.EndNoShell
		var late *attach.OpenTimeoutError
		if errors.As(r.Cause, &late) {
			fact.End, fact.Lasted = doctor.EndLateShell, late.After
		}
	}
	return fact
}

// said is the last line that a session printed by itself, and whether one of its
// lines says that a disk is full (ENOSPC and EDQUOT, as libc words them).
func said(greeting string) (last string, full bool) {
	const lines = 40
	for _, line := range slices.Backward(cleantext.Block(greeting, lines, maxField)) {
		if last == "" {
			last = strings.TrimSpace(line)
		}
		full = full || strings.Contains(line, "No space left on device") || strings.Contains(line, "Disk quota exceeded")
	}
	return last, full
}
