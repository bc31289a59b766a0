package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"podbay/doctor"
	"podbay/identity"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
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
		seen.Revoked = fmt.Sprintf("%s, line %d", revoked.File, revoked.Line)
	case errors.As(err, &connect):
		seen.Probe = m.measured(a, connect)
	}
	return m.failure(a, seen, err)
}

func (m *Manager) hostKeyUnknown(a *attempt, err *sshconn.HostKeyUnknownError) error {
	question := &HostKeyUnknown{Pod: a.row, Addr: err.Addr, KeyType: sshkey.TypeName(err.Key), Fingerprint: err.Fingerprint}
	if _, warnings, lookupErr := m.known.Lookup(err.Name); lookupErr == nil && len(warnings) > 0 {
		question.Note = "It may have been known: " + warnings[0]
	}
	return question
}

func (m *Manager) hostKeyChanged(a *attempt, err *sshconn.HostKeyChangedError) error {
	m.mu.Lock()
	memory := m.memory[a.pod.ID]
	m.changed[a.pod.ID] = err.Name
	m.mu.Unlock()
	question := &HostKeyChanged{
		Pod: a.row, Addr: err.Addr, KeyType: sshkey.TypeName(err.Key), Offered: err.Fingerprint,
		StartedAt: a.pod.StartedAt, File: m.known.Path,
	}
	if a.route.Kind == RouteDirect {
		question.SeenAt, question.Started = memory.HostKeySeen, startedSince(memory, a.pod)
	}
	for _, known := range err.Known {
		question.Known = append(question.Known, sshkey.TypeName(known.Key)+" "+known.Fingerprint)
	}
	return question
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

// refusedLogin remembers a refused login and asks the account whether any of the
// offered keys is registered: the commonest cause, and the only one that can be
// known from outside.
func (m *Manager) refusedLogin(ctx context.Context, a *attempt, err *sshconn.AuthError) doctor.Login {
	login := doctor.Login{
		Outcome:  doctor.LoginRefused,
		TooMany:  err.TooMany || len(err.Skipped) > 0,
		Unusable: len(err.Unusable),
		Blocked:  m.blocked(a),
	}
	for _, key := range err.Offered {
		if key.Failed == nil {
			login.Offered++
			login.MoreWanted = login.MoreWanted || key.Taken
			continue
		}
		login.Unusable++
		if login.Blocked == "" {
			login.Blocked = key.Name + ": " + key.Failed.Error()
		}
	}
	login.PasswordOnly = !login.MoreWanted && len(err.Methods) > 0 && !slices.Contains(err.Methods, "publickey")
	if login.Offered == 0 && !login.PasswordOnly {
		login.Outcome = doctor.LoginNoKey
		return login
	}
	now := m.now()
	m.remember(a.pod.ID, func(p *state.PodMemory) {
		noteRefused(p, now, a.pod.StartedAt, login.Offered, a.route.Kind)
	})
	login.Registered = m.anyRegistered(ctx, err.Offered)
	return login
}

// blocked is what is wrong with the first key that was found and cannot be used:
// with one that is registered, or with any when there is no usable one.
func (m *Manager) blocked(a *attempt) string {
	m.mu.Lock()
	registered := m.registered.fingerprints
	m.mu.Unlock()
	for _, id := range a.found.Identities {
		if id.Problem == nil {
			continue
		}
		if len(a.usable) == 0 || id.Public != nil && registered[sshkey.Fingerprint(id.Public)] {
			return id.Problem.Error()
		}
	}
	return ""
}

func (m *Manager) anyRegistered(ctx context.Context, offered []sshconn.Attempt) doctor.Registered {
	client, err := m.api()
	if err != nil {
		return ""
	}
	lines, err := client.SSHKeys(ctx)
	if err != nil {
		m.log.Debug("the registered keys are not known", "error", err)
		return ""
	}
	prints := fingerprints(lines)
	m.mu.Lock()
	m.registered.at, m.registered.fingerprints = m.now(), prints
	m.mu.Unlock()
	for _, attempt := range offered {
		if prints[attempt.Fingerprint] {
			return doctor.RegisteredYes
		}
	}
	return doctor.RegisteredNo
}

// measured takes a failed dial for what it is: a measurement of the port.
func (m *Manager) measured(a *attempt, err *sshconn.ConnectError) doctor.Probe {
	outcomes := []struct {
		kind    error
		outcome sshconn.ProbeOutcome
	}{
		{sshconn.ErrRefused, sshconn.ProbeRefused},
		{sshconn.ErrTimeout, sshconn.ProbeTimeout},
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
	m.mu.Lock()
	facts := m.facts(a.pod, m.now())
	m.mu.Unlock()
	seen.Proxy, seen.Cause = a.route.Kind == RouteProxy, err.Error()
	return &Failure{Pod: a.row, Err: err, Verdict: doctor.JudgeAttempt(facts, seen), Evidence: evidence(a, err)}
}

// evidence lists what was seen, a line a fact.
func evidence(a *attempt, err error) []string {
	var lines []string
	if a.route.Addr != "" {
		lines = append(lines, fmt.Sprintf("route: %s, %s@%s", a.route.Kind, a.route.User, a.route.Addr))
	}
	if a.route.Reason != "" {
		lines = append(lines, "why not direct: "+a.route.Reason)
	}
	lines = append(lines, "failed: "+err.Error())
	var refused *sshconn.AuthError
	if errors.As(err, &refused) {
		for _, attempt := range refused.Offered {
			line := "offered: " + attempt.Name + " " + attempt.Fingerprint
			if attempt.Failed != nil {
				line += ", taken by the server, but it could not sign: " + attempt.Failed.Error()
			}
			lines = append(lines, line)
		}
		for _, name := range refused.Skipped {
			lines = append(lines, "not offered, so as not to exceed the server's limit: "+name)
		}
		if len(refused.Methods) > 0 {
			lines = append(lines, "the server takes: "+strings.Join(refused.Methods, ", "))
		}
		if refused.Banner != "" {
			lines = append(lines, "the server says: "+refused.Banner)
		}
	}
	for _, id := range a.found.Identities {
		if id.Problem != nil {
			lines = append(lines, "not usable: "+id.Problem.Error())
		}
	}
	if a.found.AgentErr != nil {
		lines = append(lines, "ssh-agent: "+a.found.AgentErr.Error())
	}
	lines = append(lines, a.found.Notes...)
	if !a.row.Probed.IsZero() && a.row.ServerVersion != "" {
		lines = append(lines, "last probe: "+a.row.ServerVersion)
	}
	return lines
}
