package manager

import (
	"context"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
)

const (
	// restTime is for how long a pod must be asked for before podbay connects to it
	// ahead: who moves through the list does not rest.
	restTime = 300 * time.Millisecond
	// aheadFor is how long such a connection is kept for nobody, afterFor how long one
	// whose shell has ended.
	aheadFor = time.Minute
	afterFor = time.Minute
	// maxIdle is how many connections are kept for nobody at a time.
	maxIdle = 3
	// aheadTimeout bounds connecting ahead. It ends by itself, not with the wish for
	// it: sshd punishes connections that leave before they have logged in.
	aheadTimeout = 10 * time.Second
	// joinTime is how long Connect waits for one that is under way, before it connects
	// beside it: a login over a slow line takes that long, one that is stuck longer.
	joinTime = 2 * time.Second
)

// aheads is what is connected ahead of anybody's wish.
type aheads struct {
	mu     sync.Mutex
	wanted string                   // the pod that is looked at; "" for none
	under  map[string]chan struct{} // by pod ID; closed when the connection is kept, or has failed
	failed map[string]time.Time     // by pod ID: the start of the container that was not reached
}

// Preconnect is told which pod a user looks at, "" for none; what was connected
// ahead to another is dropped. When that pod is looked at for 300 ms, that is until
// ctx ends or another call comes, podbay connects to it and logs in, so that Connect
// needs but a channel. It does so only where nothing can be asked or refused that was
// not before: directly, to a container that has taken a login, with the key that it
// took then, from a file without a passphrase (from the agent when preconnect_agent
// is set), and with a known host key. A container that was not reached so is not
// tried again. The connection is dropped after a minute. Errors go to the log.
func (m *Manager) Preconnect(ctx context.Context, podID string) {
	m.aheads.mu.Lock()
	m.aheads.wanted = podID
	m.aheads.mu.Unlock()
	m.kept.dropAhead(podID)
	if podID == "" || !m.opts.Settings.Preconnect || sleep(ctx, restTime) != nil {
		return
	}
	a, key, ok := m.mayPreconnect(ctx, podID)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || !m.aheads.begin(a.pod) {
		return
	}
	m.side.Go(func() {
		defer m.aheads.end(podID)
		defer m.recovered("connecting ahead")
		m.preconnect(a, key)
	})
}

// begin says that a pod is being connected to; false when it is already, when it is
// not wanted any more, or when its container was not reached before.
func (w *aheads) begin(p runpod.Pod) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wanted != p.ID || w.under[p.ID] != nil {
		return false
	}
	if started, failed := w.failed[p.ID]; failed && started.Equal(p.StartedAt) {
		return false
	}
	if w.under == nil {
		w.under, w.failed = map[string]chan struct{}{}, map[string]time.Time{}
	}
	w.under[p.ID] = make(chan struct{})
	return true
}

func (w *aheads) end(podID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.under[podID])
	delete(w.under, podID)
}

// wait waits for a connection to the pod that is under way, for joinTime at most.
func (w *aheads) wait(ctx context.Context, a *attempt) {
	w.mu.Lock()
	under := w.under[a.req.PodID]
	w.mu.Unlock()
	if under == nil || a.req.Via == RouteProxy {
		return
	}
	a.progress("logging in, which was begun ahead")
	timer := time.NewTimer(joinTime)
	defer timer.Stop()
	select {
	case <-under:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// mayPreconnect decides on all that can be decided without a packet to the pod.
func (m *Manager) mayPreconnect(ctx context.Context, podID string) (a *attempt, key identity.Identity, ok bool) {
	a = newAttempt(ConnectRequest{PodID: podID, Via: RouteDirect})
	m.mu.Lock()
	pod, listed := m.pod(podID)
	memory := m.memory[podID]
	if listed {
		a.pod, a.row, a.route = pod, m.row(pod), route(pod, RouteDirect)
		a.row.Route = a.route
	}
	m.mu.Unlock()
	switch {
	case !listed, a.route.Kind != RouteDirect, a.row.Verdict.ID != doctor.Ready && a.row.Verdict.ID != doctor.HostKeyVerified,
		memory.LastKey == "", !memory.LoginStart.Equal(pod.StartedAt), m.kept.has(podID):
		return nil, key, false
	}
	name, err := hostKeyAlias(podID)
	if err != nil {
		return nil, key, false
	}
	if known, _, err := m.known.Lookup(name); err != nil || len(known) == 0 {
		return nil, key, false
	}
	a.hostKeyName, a.user = name, pod.SSH.Direct.Username
	found, err := m.keyFinder().Find(ctx, identity.Query{Host: pod.SSH.Direct.Host, User: a.user})
	if err != nil || found.Unsupported != "" {
		return nil, key, false
	}
	for _, id := range found.Identities {
		if id.Problem == nil && id.Public != nil && sshkey.Fingerprint(id.Public) == memory.LastKey {
			quiet := id.Source == identity.SourceFile && !id.Encrypted || id.Source == identity.SourceAgent && m.opts.Settings.PreconnectAgent
			return a, id, quiet
		}
	}
	return nil, key, false
}

// preconnect connects, and keeps the connection if it is still wanted.
func (m *Manager) preconnect(a *attempt, key identity.Identity) {
	ctx, cancel := context.WithTimeout(m.sideCtx, aheadTimeout)
	defer cancel()
	opts := m.dialOptions(a)
	opts.Keys = []sshconn.Key{{Public: key.Public, Name: key.Name(), Signer: func(ctx context.Context) (ssh.Signer, error) {
		return m.finder.Signer(ctx, key, nil)
	}}}
	conn, err := sshconn.Dial(ctx, opts)
	m.aheads.mu.Lock()
	wanted := m.aheads.wanted == a.pod.ID
	if err != nil {
		m.aheads.failed[a.pod.ID] = a.pod.StartedAt
	}
	m.aheads.mu.Unlock()
	switch {
	case err != nil:
		m.log.Debug("not connected ahead", "pod", a.pod.ID, "error", err)
	case !wanted:
		_ = conn.Close()
	default:
		m.loggedIn(a, conn.Info())
		conn.Reserve()
		m.kept.put(&keptConn{conn: conn, pod: a.row, route: a.route, why: keptAhead})
		m.aheads.mu.Lock()
		looked := m.aheads.wanted
		m.aheads.mu.Unlock()
		m.kept.dropAhead(looked) // the user may have looked away meanwhile
	}
}
