package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	for {
		l, err := m.line(ctx, req)
		if err != nil {
			return nil, err
		}
		plan, err := m.planShell(ctx, l.attempt, l.conn, l.shell)
		var wanted *KeepWanted
		switch {
		case err == nil:
			return &Session{m: m, req: ConnectRequest{PodID: req.PodID, Via: req.Via}, conn: l.conn, pod: l.row, route: l.route, plan: plan, cameBack: plan.back, notice: l.notice}, nil
		case errors.As(err, &wanted):
			m.kept.put(&keptConn{conn: l.conn, pod: l.row, route: l.route, why: keptWarm})
			return nil, err
		}
		_ = l.conn.Close()
		if !l.kept || ctx.Err() != nil {
			return nil, m.refusal(ctx, l.attempt, err)
		}
		m.log.Debug("a kept connection was dead", "pod", req.PodID, "error", err)
	}
}

// podLine is an authenticated connection to a pod.
type podLine struct {
	*attempt
	conn  *sshconn.Conn
	kept  bool       // it was there before
	shell *keptShell // that was left on the pod; nil for none
}

// line returns the connection that is kept of the pod, if it lives and goes the way
// that is asked for, else a new one.
func (m *Manager) line(ctx context.Context, req ConnectRequest) (podLine, error) {
	l := podLine{attempt: newAttempt(req)}
	m.aheads.wait(ctx, l.attempt)
	before, shell := m.kept.take(req.PodID)
	l.shell = shell
	switch {
	case before != nil && (req.Via == "" || req.Via == before.route.Kind):
		m.mu.Lock()
		l.pod, _ = m.pod(req.PodID)
		m.mu.Unlock()
		l.pod.ID = req.PodID // also when it is not listed any more
		l.row, l.route, l.conn, l.kept = before.pod, before.route, before.conn, true
		if l.route.Kind == RouteDirect {
			l.notice = m.untoldHostKey(req.PodID)
		}
		return l, nil
	case before != nil:
		_ = before.conn.Close()
	}
	a, err := m.prepare(ctx, req)
	if err == nil {
		l.attempt = a
		if l.conn, err = m.dial(ctx, a); err != nil {
			err = m.refusal(ctx, a, err)
		}
	}
	if err != nil {
		l.shell.release()
		return l, err
	}
	m.loggedIn(a, l.conn.Info())
	return l, nil
}

// dial connects, and once more when a host key showed that the pod has moved: its
// last address is another pod's by now.
func (m *Manager) dial(ctx context.Context, a *attempt) (*sshconn.Conn, error) {
	conn, err := m.dialOnce(ctx, a)
	if !isHostKey(err) || !a.moved || a.pod.SSH.Direct == nil {
		return conn, err
	}
	a.moved = false
	a.route, a.user = route(a.pod, a.req.Via), a.pod.SSH.Direct.Username
	a.row.Route = a.route
	return m.dialOnce(ctx, a)
}

func (m *Manager) dialOnce(ctx context.Context, a *attempt) (*sshconn.Conn, error) {
	a.progress("connecting to " + a.route.Addr)
	opts := m.dialOptions(a)
	opts.AcceptHostKey, opts.Evidence, opts.JudgeOnly = a.req.AcceptHostKey, m.askLog(a), a.judges
	opts.Keys, opts.Timeout = m.offer(a), m.opts.Settings.Connect
	return sshconn.Dial(ctx, opts)
}

// dialOptions is what every connection to a pod has in common: whom to dial, and by
// which files its host key is judged. What may be asked is not in it.
func (m *Manager) dialOptions(a *attempt) sshconn.Options {
	return sshconn.Options{
		Addr:         a.route.Addr,
		User:         a.user,
		HostKeyName:  a.hostKeyName,
		HostKeys:     m.known,
		UserHostKeys: m.userHosts(),
		Trusted:      func(key ssh.PublicKey, why sshconn.Trust, unkept error) { m.takenHostKey(a, key, why, unkept) },
		Logger:       m.log,
	}
}

// attempt is one Connect on its way.
type attempt struct {
	req         ConnectRequest
	pod         runpod.Pod
	row         Pod
	route       Route
	user        string
	hostKeyName string
	anew        bool   // RunPod is asked for the address, however young the list is
	remembered  bool   // it is not asked at all
	moved       bool   // RunPod reports another address than the one that was dialed
	notice      string // what must be said of the host key that was taken; "" for nothing
	judges      bool   // a host key is judged, and none is kept
	vouched     bool   // by the pod's log, when it was only judged
	found       identity.Set
	usable      []identity.Identity
	progress    func(string)
	env         runpod.Env // the pod's, for this attempt alone; nil when it was not reported
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
		return m.failure(a, doctor.Attempt{Asked: string(a.req.Via)}, errors.New(a.route.Reason))
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
	a.found, err = m.keyFinder().Find(ctx, identity.Query{Host: endpoint.Host, User: endpoint.Username})
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
		return m.failure(a, doctor.Attempt{Login: m.noKeyLogin(ctx, a)}, errors.New("there is no usable key"))
	}
	return nil
}

// locate learns where the pod is now.
func (m *Manager) locate(ctx context.Context, a *attempt) error {
	m.mu.Lock()
	pod, known := m.pod(a.req.PodID)
	fresh := known && (a.remembered || !a.anew && m.answered && m.now().Sub(m.listed) < listedAgain)
	m.mu.Unlock()
	if !fresh {
		client, err := m.api()
		if err != nil {
			return err
		}
		a.progress("asking RunPod for the pod's address")
		asked, err := client.GetPod(ctx, a.req.PodID)
		if err != nil {
			return m.podError(err)
		}
		m.keep(*asked)
		pod = *asked
		pod.Env, pod.Args = nil, ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a.pod, a.row, a.route = pod, m.row(pod), route(pod, a.req.Via)
	a.row.Route = a.route
	return nil
}

// hostKeyName is the name under which the far side's key is kept: a pod's by its
// ID, since addresses are handed on; the proxy's by its host.
func hostKeyName(kind RouteKind, podID string, e runpod.Endpoint) (string, error) {
	if kind == RouteDirect {
		return hostKeyAlias(podID)
	}
	if e.Port == 22 {
		return e.Host, nil
	}
	return fmt.Sprintf("[%s]:%d", e.Host, e.Port), nil
}

// offer puts the likely key first: the one that this pod took before, then those
// that the settings name, then those that are registered on the account.
func (m *Manager) offer(a *attempt) []sshconn.Key {
	m.mu.Lock()
	last, registered := m.memory[a.pod.ID].LastKey, m.registered.fingerprints
	m.mu.Unlock()
	rank := func(id identity.Identity) int {
		switch print := sshkey.Fingerprint(id.Public); {
		case print == last:
			return 0
		case slices.Contains(m.opts.Settings.IdentityFile, id.Path):
			return 1
		case registered[print]:
			return 2
		}
		return 3
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
		noteAccepted(p, now, a.pod.StartedAt, info.IdentityKey, a.route)
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.met[a.pod.ID]
	delete(m.met, a.pod.ID)
	if last.isAbout(a.pod, a.route.Kind) && last.session.End != "" { // a login says nothing of the shell behind it
		m.met[a.pod.ID] = met{started: last.started, via: last.via, at: last.at, session: last.session}
	}
	m.lastAgreed[a.pod.ID] = Agreed{
		At: now, Via: a.route.Kind, KeyExchange: info.KeyExchange, Cipher: info.Cipher, MAC: info.MAC,
		HostKeyType: info.HostKeyType, HostKey: info.HostKey,
	}
	if a.route.Kind != RouteDirect {
		return
	}
	if probe, ok := m.probes[a.pod.ID]; !ok || probe.result.Outcome != sshconn.ProbeBanner {
		delete(m.probes, a.pod.ID)
	}
}
