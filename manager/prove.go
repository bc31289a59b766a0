package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
)

// maxProofs is how many pods are tried side by side. Each trial signs, and may
// wait for an agent.
const maxProofs = 16

// ProveRequest says which key to try, and where.
type ProveRequest struct {
	// Fingerprint is the SHA256 fingerprint of a key of this machine.
	Fingerprint string
	// PodIDs names the pods to try; nil means every running one.
	PodIDs []string
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
	// AcceptHostKeys are the answers to HostKeyUnknown: the fingerprint that the
	// user accepted, by pod ID.
	AcceptHostKeys map[string]string
}

// Prove tries whether running pods take one key: it logs in with that key and no
// other, opens no shell, and leaves. A pod is tried directly where it has a
// public address, else by RunPod's proxy. A [Proof] is sent for each pod as soon
// as there is one; a single one without a Pod, with Err set, when nothing could
// be tried at all. The channel is closed when all are sent or ctx ended; it must
// be drained or ctx cancelled.
//
// What a login teaches is remembered as Connect does. A refusal is remembered
// only where Connect would have offered this key alone: another one may do.
func (m *Manager) Prove(ctx context.Context, req ProveRequest) <-chan Proof {
	proofs := make(chan Proof)
	send := func(p Proof) {
		select {
		case proofs <- p:
			if p.Notice != "" {
				m.toldHostKey(p.Pod.ID)
			}
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(proofs)
		p, err := m.newProver(ctx, req)
		if err != nil {
			send(Proof{Err: err, Sentence: err.Error()})
			return
		}
		var running sync.WaitGroup
		defer running.Wait()
		slots := make(chan struct{}, maxProofs)
		for _, pod := range p.pods {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			running.Go(func() {
				defer func() { <-slots }()
				proof := p.prove(ctx, pod)
				if ctx.Err() == nil {
					send(proof)
				}
			})
		}
	}()
	return proofs
}

// prover is one Prove under way.
type prover struct {
	m          *Manager
	req        ProveRequest
	pods       []provable
	registered doctor.Registered
}

// provable is a pod to try, with what its environment says of the key. Of the
// environment itself nothing is kept.
type provable struct {
	pod       runpod.Pod
	publicKey publicKeyState
}

// newProver asks RunPod for the pods and the registered keys as they are now.
func (m *Manager) newProver(ctx context.Context, req ProveRequest) (*prover, error) {
	id, err := m.localKey(ctx, req.Fingerprint)
	if err != nil {
		return nil, err
	}
	if id.Problem != nil {
		return nil, fmt.Errorf("the key cannot be tried: %w", id.Problem)
	}
	client, err := m.api()
	if err != nil {
		return nil, err
	}
	p := &prover{m: m, req: req}
	var keys sync.WaitGroup
	keys.Go(func() {
		p.registered = m.anyRegistered(ctx, []sshconn.Attempt{{Fingerprint: req.Fingerprint}})
	})
	pods, err := client.ListPods(ctx)
	keys.Wait()
	if err != nil {
		return nil, m.callError(err)
	}
	for _, pod := range pods {
		if pod.Status != runpod.StatusRunning || req.PodIDs != nil && !slices.Contains(req.PodIDs, pod.ID) {
			continue
		}
		state := publicKeyOf(pod.Env, req.Fingerprint)
		pod.Env, pod.Args = nil, ""
		p.pods = append(p.pods, provable{pod, state})
	}
	m.takeWhole(client, pods)
	return p, nil
}

// localKey finds a key of this machine; its Problem may say that it cannot be
// used. A plain key goes before a certificate for it.
func (m *Manager) localKey(ctx context.Context, fingerprint string) (identity.Identity, error) {
	found, err := m.keyFinder().Find(ctx, identity.Query{})
	if err != nil {
		return identity.Identity{}, err
	}
	if same := sameKey(found.Identities, fingerprint); len(same) > 0 {
		return same[0], nil
	}
	return identity.Identity{}, fmt.Errorf("no key with the fingerprint %.60q is on this machine: podbay keys lists those that are", fingerprint)
}

// sameKey picks the identities of one key, those that are no certificate first.
func sameKey(all []identity.Identity, fingerprint string) []identity.Identity {
	var plain, certified []identity.Identity
	for _, id := range all {
		switch {
		case id.Public == nil:
		case sshkey.Fingerprint(id.Public) == fingerprint:
			plain = append(plain, id)
		case sshkey.Fingerprint(plainKey(id.Public)) == fingerprint:
			certified = append(certified, id)
		}
	}
	return append(plain, certified...)
}

// prove tries one pod.
func (p *prover) prove(ctx context.Context, pod provable) Proof {
	a := p.attempt(pod.pod, "")
	proof := Proof{Pod: a.row, Route: a.route}
	alone, err := p.m.tryKey(ctx, a, p.req.Fingerprint, p.accepted(pod))
	if err == nil {
		proof.Takes, proof.Notice = true, a.notice
		return proof
	}
	proof.Notice = a.notice
	var refused *sshconn.AuthError
	if errors.As(err, &refused) {
		if alone {
			p.rememberRefusal(a, pod)
		}
		p.explainRefusal(ctx, &proof, pod, refused)
		return proof
	}
	p.explain(ctx, &proof, a, pod, err)
	return proof
}

func (p *prover) accepted(pod provable) []string {
	if print := p.req.AcceptHostKeys[pod.pod.ID]; print != "" {
		return []string{print}
	}
	return nil
}

func (p *prover) attempt(pod runpod.Pod, via RouteKind) *attempt {
	return p.m.attemptAt(pod, ConnectRequest{PodID: pod.ID, Via: via, Passphrases: p.req.Passphrases})
}

// attemptAt is an attempt on a pod as RunPod reported it a moment ago.
func (m *Manager) attemptAt(pod runpod.Pod, req ConnectRequest) *attempt {
	a := newAttempt(req)
	m.mu.Lock()
	defer m.mu.Unlock()
	a.pod, a.row, a.route = pod, m.row(pod), route(pod, req.Via)
	a.row.Route = a.route
	return a
}

// tryKey logs in with one key and leaves; what a success teaches is remembered.
// alone says that Connect would offer no other key by this route. Its error is
// Dial's, or why the attempt could not begin.
func (m *Manager) tryKey(ctx context.Context, a *attempt, fingerprint string, accepted []string) (alone bool, err error) {
	alone, err = m.offerOnly(ctx, a, fingerprint)
	if err != nil {
		return false, err
	}
	conn, err := m.dialAccepting(ctx, a, accepted)
	if err != nil {
		return alone, err
	}
	m.loggedIn(a, conn.Info())
	_ = conn.Close()
	return alone, nil
}

// offerOnly leaves one key to be offered.
func (m *Manager) offerOnly(ctx context.Context, a *attempt, fingerprint string) (alone bool, err error) {
	if err := m.findKeys(ctx, a); err != nil {
		return false, err
	}
	same := sameKey(a.usable, fingerprint)
	if len(same) == 0 {
		return false, m.failure(a, doctor.Attempt{Login: m.noKeyLogin(ctx, a)}, errKeptBack)
	}
	alone = len(same) == len(a.usable)
	a.usable = same[:1]
	return alone, nil
}

// errKeptBack is a key of this machine that was found without regard to a host
// and is not there for this one.
var errKeptBack = errors.New("~/.ssh/config keeps this key from being offered to this host: look at IdentitiesOnly and IdentityFile there")

// dialAccepting dials, and once more when it was asked about a host key that the
// user has accepted.
func (m *Manager) dialAccepting(ctx context.Context, a *attempt, accepted []string) (*sshconn.Conn, error) {
	conn, err := m.dial(ctx, a)
	if print := askedAbout(err); print != "" && slices.Contains(accepted, print) {
		a.req.AcceptHostKey = print
		return m.dial(ctx, a)
	}
	return conn, err
}

// rememberRefusal keeps that the pod refused the one key that there is for it.
func (p *prover) rememberRefusal(a *attempt, pod provable) {
	now := p.m.now()
	login := doctor.Login{Offered: 1, User: a.user, Registered: p.registered, PublicKey: pod.publicKey.fact()}
	p.m.remember(a.pod.ID, func(memory *state.PodMemory) {
		noteRefused(memory, now, a.pod.StartedAt, login, []string{p.req.Fingerprint}, a.route)
	})
}

// proxyTakes tries the key at RunPod's proxy, and remembers nothing: that says
// little of the pod's own sshd. known is false when it could not be found out
// without a question about a host key; that is asked when the proxy is used.
func (p *prover) proxyTakes(ctx context.Context, pod provable) (takes, known bool) {
	a := p.attempt(pod.pod, RouteProxy)
	if a.route.Kind != RouteProxy || p.registered == doctor.RegisteredNo {
		return false, true
	}
	if _, err := p.m.offerOnly(ctx, a, p.req.Fingerprint); err != nil {
		return false, true
	}
	conn, err := p.m.dialAccepting(ctx, a, p.accepted(pod))
	var passphrase *identity.PassphraseError
	switch {
	case err == nil:
		_ = conn.Close()
		return true, true
	case errors.As(err, &passphrase):
		return true, true // it is wanted only when the server would take the key
	case askedAbout(err) != "":
		return false, false
	}
	return false, true
}
