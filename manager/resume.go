package manager

import (
	"context"
	"errors"
	"fmt"

	"podbay/attach"
	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
)

// redial makes a new line after a lost one: the pod's address is asked for anew, the
// host key is checked and keys are offered as in Connect. It asks nobody: what is a
// question there is news here, and ends the wait.
func (s *Session) redial(ctx context.Context, lost attach.Loss) (attach.Link, error) {
	a := newAttempt(ConnectRequest{PodID: s.pod.ID, Via: s.req.Via})
	if s.plan.kept != nil {
		a.req.Via = RouteDirect // the shell is in the pod's own tmux
	}
	if err := s.m.relocate(ctx, a); err != nil {
		return attach.Link{}, err
	}
	if err := s.m.findKeys(ctx, a); err != nil {
		return attach.Link{}, final(err)
	}
	conn, err := s.m.dial(ctx, a)
	if err != nil {
		return attach.Link{}, orLater(s.m.refusal(ctx, a, err))
	}
	s.m.loggedIn(a, conn.Info())
	next, note, err := s.followed(ctx, a, conn, lost)
	if err != nil {
		_ = conn.Close()
		return attach.Link{}, err
	}
	brief := ""
	if s.plan.kept != next.kept || lost.InDoubt > 0 || a.notice != "" {
		brief = joined("; ", note, a.notice)
	}
	s.conn, s.pod, s.route, s.plan = conn, a.row, a.route, next
	link := s.link(joined("; ", note, a.notice), brief)
	if a.notice != "" {
		link.Said = func() { s.m.toldHostKey(a.pod.ID) }
	}
	return link, nil
}

// followed decides which shell the new line is for, and what is said of it.
func (s *Session) followed(ctx context.Context, a *attempt, conn *sshconn.Conn, lost attach.Loss) (plan, string, error) {
	note := "back after " + doctor.Age(s.m.now().Sub(lost.At))
	if lost.InDoubt > 0 {
		note += fmt.Sprintf("; what was typed last may be lost (bytes: %d)", lost.InDoubt)
	}
	if s.plan.kept == nil {
		return s.plan, "this is a fresh shell: what ran in the one before is not in it. " + sentence(s.plan.reason), nil
	}
	before := s.plan.kept
	seen, _, err := s.m.lookAt(ctx, a.pod.ID, conn, false, before)
	if err != nil && conn.Err() == nil && errors.Is(err, sshconn.ErrNoShell) {
		before.release()
		return plan{reason: notToBeAsked}, "the shell that was kept cannot be come to; this is a fresh one. " + sentence(notToBeAsked), nil
	}
	if err != nil {
		return plan{}, "", err
	}
	if _, ended := seen.ended[before.name]; ended || seen.lives[before.name] {
		return plan{kept: before, back: true}, note, nil
	}
	gone := "the shell that was kept is gone"
	drop := s.m.forget
	if !seen.gone[before.name] {
		gone, drop = "the pod does not say what became of the shell that was kept", (*keptShell).release
	}
	gone += "; this is a fresh one, " + note
	seen, fresh, err := s.m.lookAt(ctx, a.pod.ID, conn, true)
	if err != nil {
		return plan{}, "", err
	}
	drop(before)
	switch {
	case fresh != nil:
		return plan{kept: fresh}, gone, nil
	case !seen.tmux:
		return plan{reason: notByPod}, gone, nil
	}
	return plan{reason: notStarted(seen)}, gone, nil
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return text + "."
}

// relocate asks RunPod where the pod is now. When RunPod cannot be asked, the last
// address is tried: whoever answers there must show the pod's host key.
func (m *Manager) relocate(ctx context.Context, a *attempt) error {
	a.anew = true
	err := m.locate(ctx, a)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, runpod.ErrNotFound) {
		return &attach.FinalError{Err: errors.New("RunPod knows the pod no more: it was terminated")}
	}
	if err != nil {
		m.log.Debug("the pod's address could not be asked for", "pod", a.req.PodID, "error", err)
		a.anew, a.remembered = false, true
		if err := m.locate(ctx, a); err != nil {
			return err
		}
	}
	if a.route.Kind != RouteNone {
		return nil
	}
	switch a.pod.Status {
	case runpod.StatusExited, runpod.StatusTerminated, runpod.StatusError:
		return &attach.FinalError{Err: errors.New(goneSentence(a))}
	}
	return fmt.Errorf("the pod is %s: %s", a.row.Status, a.route.Reason)
}

// goneSentence says why a pod has no shell any more.
func goneSentence(a *attempt) string {
	what := map[runpod.Status]string{
		runpod.StatusExited:     "the pod was stopped",
		runpod.StatusTerminated: "the pod was terminated",
		runpod.StatusError:      "the pod's container failed",
	}[a.pod.Status]
	return what + ". " + a.row.Verdict.Sentence
}

// final makes an error end the wait.
func final(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &attach.FinalError{Err: err}
}

// orLater tells a line that may come about later from one that will not. What has to
// be asked or said of a host key, a login or a passphrase ends the wait.
func orLater(err error) error {
	var (
		failure *Failure
		connect *sshconn.ConnectError
	)
	if errors.As(err, &failure) && errors.As(failure.Err, &connect) && !errors.Is(connect, sshconn.ErrNoAgreement) {
		return connect
	}
	return final(err)
}
