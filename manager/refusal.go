package manager

import (
	"context"
	"errors"
	"fmt"

	"podbay/doctor"
	"podbay/identity"
	"podbay/sshconn"
)

// refusal turns what Dial returned into a question or a failure.
func (m *Manager) refusal(ctx context.Context, a *attempt, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: connecting was cancelled: %w", a.row.Name, context.Cause(ctx))
	}
	var (
		unknown    *sshconn.HostKeyUnknownError
		changed    *sshconn.HostKeyChangedError
		passphrase *identity.PassphraseError
		refused    *sshconn.AuthError
		connect    *sshconn.ConnectError
		revoked    *sshconn.HostKeyRevokedError
	)
	seen := doctor.Attempt{Addr: a.route.Addr}
	switch {
	case errors.As(err, &unknown):
		return m.hostKeyUnknown(a, unknown)
	case errors.As(err, &changed):
		return m.hostKeyChanged(a, changed)
	case errors.As(err, &passphrase):
		return m.passphraseWanted(a, passphrase)
	case errors.As(err, &refused):
		seen.Login = m.refusedLogin(ctx, a, refused)
	case errors.As(err, &revoked):
		seen.HostKey = doctor.HostKey{Trust: doctor.TrustRevoked, Where: fmt.Sprintf("%s, line %d", revoked.File, revoked.Line)}
	case errors.As(err, &connect):
		seen.Probe = m.measured(a, connect)
		seen.NoAgreement = errors.Is(connect, sshconn.ErrNoAgreement)
	}
	return m.failure(a, seen, err)
}

func (m *Manager) passphraseWanted(a *attempt, err *identity.PassphraseError) error {
	question := &PassphraseWanted{Pod: a.row, Path: err.Path, Name: err.Path, Fingerprint: err.Fingerprint, Wrong: err.Wrong}
	for _, id := range a.usable {
		if id.Path == err.Path {
			question.Name = id.Name()
		}
	}
	return question
}

// measured takes a failed dial for what it is: a measurement of the port.
func (m *Manager) measured(a *attempt, err *sshconn.ConnectError) doctor.Probe {
	outcomes := []struct {
		kind    error
		outcome sshconn.ProbeOutcome
	}{
		{sshconn.ErrRefused, sshconn.ProbeRefused},
		{sshconn.ErrTimeout, sshconn.ProbeTimeout},
		{sshconn.ErrSilent, sshconn.ProbeSilent},
		{sshconn.ErrUnreachable, sshconn.ProbeUnreachable},
		{sshconn.ErrClosed, sshconn.ProbeClosed},
		{sshconn.ErrNotSSH, sshconn.ProbeNotSSH},
	}
	for _, o := range outcomes {
		if !errors.Is(err, o.kind) {
			continue
		}
		if a.route.Kind == RouteDirect {
			m.mu.Lock()
			m.probes[a.pod.ID] = probed{addr: a.route.Addr, started: a.pod.StartedAt, at: m.now(), result: sshconn.ProbeResult{Outcome: o.outcome, Got: err.Got, Err: err}}
			m.mu.Unlock()
		}
		return doctor.Probe{Outcome: doctor.Outcome(o.outcome), Got: err.Got}
	}
	return doctor.Probe{}
}

// failure gives a failed attempt its verdict and its evidence.
func (m *Manager) failure(a *attempt, seen doctor.Attempt, err error) *Failure {
	seen.Proxy, seen.NoDirect, seen.Cause = a.route.Kind == RouteProxy, a.pod.SSH.Direct == nil, err.Error()
	m.meet(a.pod, a.route.Kind, func(s *met) {
		s.hostKey, s.login, s.session, s.attempt = seen.HostKey, seen.Login, doctor.Session{}, doctor.Attempt{}
		if seen.HostKey.Trust == "" && seen.Login.Outcome == "" && (seen.Proxy || seen.Probe.Outcome == "") {
			s.attempt = seen
		}
	})
	m.mu.Lock()
	facts := m.facts(a.pod, m.now())
	m.mu.Unlock()
	if seen.Login.PublicKey == "" {
		seen.Login.PublicKey = facts.Login.PublicKey
	}
	all := doctor.Examine(facts.After(seen))
	return &Failure{Pod: a.row, Err: err, Verdict: all[0], Also: all[1:], Evidence: m.evidence(a, seen.Login, err)}
}
