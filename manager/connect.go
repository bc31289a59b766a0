package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
)

// listedAgain is how old the last list may be for its addresses to be dialed
// without asking RunPod anew: they change at every start of a pod.
const listedAgain = 15 * time.Second

// Connect dials, checks the host key and authenticates. It returns
// [*HostKeyUnknown], [*HostKeyChanged], [*PassphraseWanted] or [*Failure], or an
// error that wraps ctx's when it was cancelled. The Session must be run or
// discarded; it does not end with ctx.
func (m *Manager) Connect(ctx context.Context, req ConnectRequest) (*Session, error) {
	a, err := m.prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	conn, err := m.dial(ctx, a)
	if err != nil {
		return nil, m.refusal(ctx, a, err)
	}
	m.loggedIn(a, conn.Info())
	return &Session{m: m, conn: conn, pod: a.row, route: a.route}, nil
}

func (m *Manager) dial(ctx context.Context, a *attempt) (*sshconn.Conn, error) {
	a.progress("connecting to " + a.route.Addr)
	return sshconn.Dial(ctx, sshconn.Options{
		Addr:          a.route.Addr,
		User:          a.user,
		HostKeyName:   a.hostKeyName,
		HostKeys:      m.known,
		AcceptHostKey: a.req.AcceptHostKey,
		Keys:          m.offer(a),
		Timeout:       m.opts.Settings.Connect,
		Logger:        m.log,
	})
}

// attempt is one Connect on its way.
type attempt struct {
	req         ConnectRequest
	pod         runpod.Pod
	row         Pod
	route       Route
	user        string
	hostKeyName string
	found       identity.Set
	usable      []identity.Identity
	progress    func(string)
}

// prepare finds the pod's present address and the keys to offer.
func (m *Manager) prepare(ctx context.Context, req ConnectRequest) (*attempt, error) {
	a := newAttempt(req)
	if err := m.locate(ctx, a); err != nil {
		return nil, err
	}
	if err := m.findKeys(ctx, a); err != nil {
		return nil, err
	}
	return a, nil
}

func newAttempt(req ConnectRequest) *attempt {
	a := &attempt{req: req, progress: req.Progress}
	if a.progress == nil {
		a.progress = func(string) {}
	}
	return a
}

// findKeys takes the endpoint of the attempt's route, and the keys to offer to it.
func (m *Manager) findKeys(ctx context.Context, a *attempt) error {
	if a.route.Kind == RouteNone {
		return m.failure(a, doctor.Attempt{}, errors.New(a.route.Reason))
	}
	endpoint := a.pod.SSH.Direct
	if a.route.Kind == RouteProxy {
		endpoint = a.pod.SSH.Proxy
	}
	a.user = endpoint.Username
	name, err := hostKeyName(a.route.Kind, a.pod.ID, *endpoint)
	if err != nil {
		return m.failure(a, doctor.Attempt{}, err)
	}
	a.hostKeyName = name

	a.progress("looking for keys")
	a.found, err = m.finder.Find(ctx, identity.Query{Host: endpoint.Host, User: endpoint.Username})
	if err != nil {
		return err
	}
	if a.found.Unsupported != "" {
		return m.failure(a, doctor.Attempt{Unsupported: a.found.Unsupported}, errors.New("~/.ssh/config asks for "+a.found.Unsupported))
	}
	for i, id := range a.found.Identities {
		if id.Problem == nil && id.Public == nil {
			// A server is asked about the public half before the private one is opened.
			a.found.Identities[i].Problem = fmt.Errorf("%s is encrypted in a form that hides its public half: make %s.pub with ssh-keygen -y", id.Name(), id.Name())
			continue
		}
		if id.Problem == nil {
			a.usable = append(a.usable, id)
		}
	}
	if len(a.usable) == 0 {
		login := doctor.Login{Outcome: doctor.LoginNoKey, Unusable: len(a.found.Identities)}
		return m.failure(a, doctor.Attempt{Login: login}, errors.New("there is no usable key"))
	}
	return nil
}

// locate learns where the pod is now.
func (m *Manager) locate(ctx context.Context, a *attempt) error {
	m.mu.Lock()
	pod, known := m.pods[a.req.PodID]
	fresh := known && m.now().Sub(m.listed) < listedAgain
	m.mu.Unlock()
	if !fresh {
		client, err := m.api()
		if err != nil {
			return err
		}
		a.progress("asking RunPod for the pod's address")
		asked, err := client.GetPod(ctx, a.req.PodID)
		if err != nil {
			return m.callError(err)
		}
		pod = *asked
		pod.Env, pod.Args = nil, ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pods[pod.ID] = pod
	a.pod, a.row, a.route = pod, m.row(pod), route(pod, a.req.Via)
	a.row.Route = a.route
	return nil
}

// hostKeyName is the name under which the far side's key is kept: a pod's by its
// ID, since addresses are handed on; the proxy's by its host.
func hostKeyName(kind RouteKind, podID string, e runpod.Endpoint) (string, error) {
	if kind == RouteDirect {
		return sshconn.HostKeyName(podID)
	}
	if e.Port == 22 {
		return e.Host, nil
	}
	return fmt.Sprintf("[%s]:%d", e.Host, e.Port), nil
}

// offer puts the likely key first: the one that this pod took before, then those
// that are registered on the account.
func (m *Manager) offer(a *attempt) []sshconn.Key {
	m.mu.Lock()
	last, registered := m.memory[a.pod.ID].LastKey, m.registered.fingerprints
	m.mu.Unlock()
	rank := func(id identity.Identity) int {
		switch print := sshkey.Fingerprint(id.Public); {
		case print == last:
			return 0
		case registered[print]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(a.usable, func(x, y identity.Identity) int { return rank(x) - rank(y) })
	keys := make([]sshconn.Key, 0, len(a.usable))
	for _, id := range a.usable {
		keys = append(keys, sshconn.Key{
			Public: id.Public,
			Name:   id.Name(),
			Signer: func(ctx context.Context) (ssh.Signer, error) {
				return m.finder.Signer(ctx, id, a.req.Passphrases[id.Path])
			},
		})
	}
	return keys
}

// loggedIn keeps what a login that succeeded teaches.
func (m *Manager) loggedIn(a *attempt, info sshconn.Info) {
	now := m.now()
	m.remember(a.pod.ID, func(p *state.PodMemory) {
		p.LastKey, p.LoginAccepted = info.IdentityKey, now
		if p.RefusedVia == string(a.route.Kind) {
			p.LoginRefused, p.RefusedKeys, p.RefusedVia = time.Time{}, 0, ""
		}
		if a.route.Kind == RouteDirect && (a.req.AcceptHostKey != "" || p.HostKeySeen.IsZero()) {
			p.HostKeySeen, p.StartedAt = now, a.pod.StartedAt
		}
	})
	if a.route.Kind != RouteDirect {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if probe, ok := m.probes[a.pod.ID]; !ok || probe.result.Outcome != sshconn.ProbeBanner {
		delete(m.probes, a.pod.ID)
	}
}

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
	)
	seen := doctor.Attempt{Addr: a.route.Addr}
	switch {
	case errors.As(err, &unknown):
		return &HostKeyUnknown{Pod: a.row, Addr: unknown.Addr, KeyType: sshkey.TypeName(unknown.Key), Fingerprint: unknown.Fingerprint}
	case errors.As(err, &changed):
		return m.hostKeyChanged(a, changed)
	case errors.As(err, &passphrase):
		return m.passphraseWanted(a, passphrase)
	case errors.As(err, &refused):
		seen.Login = m.refusedLogin(ctx, a, refused)
	case errors.As(err, &connect):
		seen.Probe = m.measured(a, connect)
	}
	return m.failure(a, seen, err)
}

func (m *Manager) hostKeyChanged(a *attempt, err *sshconn.HostKeyChangedError) error {
	m.mu.Lock()
	seen := m.memory[a.pod.ID].HostKeySeen
	m.changed[a.pod.ID] = err.Name
	m.mu.Unlock()
	question := &HostKeyChanged{
		Pod: a.row, Addr: err.Addr, KeyType: sshkey.TypeName(err.Key), Offered: err.Fingerprint,
		StartedAt: a.pod.StartedAt, File: m.known.Path,
	}
	if a.route.Kind == RouteDirect {
		question.SeenAt = seen
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
		Outcome:      doctor.LoginRefused,
		Offered:      len(err.Offered),
		TooMany:      err.TooMany || len(err.Skipped) > 0,
		PasswordOnly: len(err.Methods) > 0 && !slices.Contains(err.Methods, "publickey"),
	}
	if login.Offered == 0 && !login.PasswordOnly {
		login.Outcome = doctor.LoginNoKey
		return login
	}
	now := m.now()
	m.remember(a.pod.ID, func(p *state.PodMemory) {
		p.LoginRefused, p.RefusedKeys, p.RefusedVia = now, login.Offered, string(a.route.Kind)
	})
	login.Registered = m.anyRegistered(ctx, err.Offered)
	return login
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
	m.registered = registeredKeys{at: m.now(), fingerprints: prints}
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
			m.probes[a.pod.ID] = probed{addr: a.route.Addr, at: m.now(), result: sshconn.ProbeResult{Outcome: o.outcome, Got: err.Got, Err: err}}
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
			lines = append(lines, "offered: "+attempt.Name+" "+attempt.Fingerprint)
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

// ForgetHostKey removes the known host key that the last connection to the pod
// found changed, so that the next connection asks about the key that it finds.
func (m *Manager) ForgetHostKey(_ context.Context, podID string) error {
	m.mu.Lock()
	name, ok := m.changed[podID]
	m.mu.Unlock()
	if !ok {
		return fmt.Errorf("no changed host key was seen on pod %s: connect to it first", podID)
	}
	if _, err := m.known.Forget(name); err != nil {
		return fmt.Errorf("cannot forget the host key of %s: %w", name, err)
	}
	m.remember(podID, func(p *state.PodMemory) { p.HostKeySeen, p.StartedAt = time.Time{}, time.Time{} })
	m.mu.Lock()
	delete(m.changed, podID)
	m.mu.Unlock()
	return nil
}

// TrustHostKey keeps key as the pod's, as though it had been accepted on an
// earlier visit.
func (m *Manager) TrustHostKey(podID string, key ssh.PublicKey) error {
	name, err := sshconn.HostKeyName(podID)
	if err != nil {
		return err
	}
	return m.known.Add(name, key)
}
