package manager

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
)

// CheckUp is what stands between the user and a shell on one pod, and what that
// was told from.
type CheckUp struct {
	Pod      Pod
	Verdict  doctor.Verdict
	Also     []doctor.Verdict // what else is in the way, or limits it, in that order
	Evidence []Evidence
	// Question is set when the check-up could not go on without an answer, as
	// Connect returns it: *HostKeyUnknown, *HostKeyChanged or *PassphraseWanted.
	Question error
	// Err is set when the pod could not be asked about; Verdict says why.
	Err error
}

// CheckUpRequest says what to check.
type CheckUpRequest struct {
	PodID string
	// Via asks for one way; "" takes direct where there is one, else the proxy.
	Via RouteKind
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
}

// maxCheckUps is how many pods are logged in to side by side, or have their logs
// read: each login signs, and may wait for an agent. Probes are many more, for those
// that wait in vain wait long.
const maxCheckUps = 16

// turns bounds how many do something at the same time; nil bounds nothing.
type turns chan struct{}

// take waits for a turn; false when ctx ended first.
func (t turns) take(ctx context.Context) bool {
	if t == nil {
		return true
	}
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t turns) giveBack() {
	if t != nil {
		<-t
	}
}

// CheckUp takes a pod's verdict anew: it asks RunPod, probes the port, and tries a
// login with the keys that Connect would offer, without a shell. It asks nothing: a
// host key that is not known, or a passphrase, is a verdict of its own. It keeps no
// host key: one that the pod's log vouches for is kept, and told, by Connect.
func (m *Manager) CheckUp(ctx context.Context, req CheckUpRequest) CheckUp {
	client, err := m.api()
	if err == nil {
		var pod *runpod.Pod
		if pod, err = client.GetPod(ctx, req.PodID); err == nil {
			m.keep(*pod)
			return m.checkUp(ctx, req, *pod, nil)
		}
		err = m.podError(err)
	}
	return CheckUp{Verdict: JudgeError(err), Err: err}
}

// CheckUpAll checks every pod of the account, side by side and bounded. The channel
// is closed when all are done or ctx ended; it must be drained or ctx cancelled. A
// single one without a Pod, with Err set, says that the account could not be asked.
func (m *Manager) CheckUpAll(ctx context.Context) <-chan CheckUp {
	checks := make(chan CheckUp)
	send := func(c CheckUp) {
		select {
		case checks <- c:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(checks)
		pods, err := m.checkable(ctx)
		if err != nil {
			send(CheckUp{Verdict: JudgeError(err), Err: err})
			return
		}
		var running sync.WaitGroup
		defer running.Wait()
		side, logins := make(turns, maxProbes), make(turns, maxCheckUps)
		for _, pod := range pods {
			if !side.take(ctx) {
				return
			}
			running.Go(func() {
				defer side.giveBack()
				defer m.recovered("checking up")
				if c := m.checkUp(ctx, CheckUpRequest{PodID: pod.ID}, pod, logins); ctx.Err() == nil {
					send(c)
				}
			})
		}
	}()
	return checks
}

func (m *Manager) checkable(ctx context.Context) ([]runpod.Pod, error) {
	client, err := m.api()
	if err != nil {
		return nil, err
	}
	pods, err := client.ListPods(ctx)
	if err != nil {
		return nil, m.callError(err)
	}
	m.takeWhole(client, pods)
	return pods, nil
}

// checkUp takes the verdict of a pod as RunPod reported it a moment ago. What is more
// than a probe waits for one of the logins' turns.
func (m *Manager) checkUp(ctx context.Context, req CheckUpRequest, pod runpod.Pod, logins turns) CheckUp {
	env := pod.Env
	pod.Env, pod.Args = nil, ""
	a := m.attemptAt(pod, ConnectRequest{PodID: pod.ID, Via: req.Via, Passphrases: req.Passphrases})
	a.env, a.judges = env, true
	seen := m.reported(a)
	running := pod.Status == runpod.StatusRunning
	if running && a.route.Kind == RouteDirect {
		row, ok := m.probe(ctx, pod)
		seen = append(seen, m.probedEvidence(pod)...)
		if !ok || row.Latency == 0 { // no SSH server answers: there is nobody to log in to
			m.meet(pod, a.route.Kind, func(s *met) { s.attempt = doctor.Attempt{} })
			return m.concluded(a, seen)
		}
	}
	if !logins.take(ctx) {
		return m.concluded(a, seen)
	}
	defer logins.giveBack()
	if running {
		return m.tryLogin(ctx, a, seen)
	}
	// The log of a pod that is off by its owner's will explains nothing, and a call
	// for each would use up RunPod's quota.
	if pod.Status != runpod.StatusExited && pod.Status != runpod.StatusTerminated {
		if line, ok := m.readSystemLog(ctx, pod); ok {
			seen = append(seen, Evidence{byLog, line.text, line.at})
		}
	}
	return m.concluded(a, seen)
}

// sshdKey tells whether a pod's PUBLIC_KEY holds no key at all: then RunPod's images
// start no sshd.
func sshdKey(env runpod.Env) doctor.PublicKey {
	switch publicKeyOf(env, "") {
	case publicKeyEmpty:
		return doctor.PublicKeyEmpty
	case publicKeyNull:
		return doctor.PublicKeyNull
	}
	return ""
}

// tryLogin logs in with the keys that Connect would offer, and leaves.
func (m *Manager) tryLogin(ctx context.Context, a *attempt, seen []Evidence) CheckUp {
	err := m.findKeys(ctx, a)
	if err == nil {
		var conn *sshconn.Conn
		if conn, err = m.dial(ctx, a); err == nil {
			info := conn.Info()
			_ = conn.Close()
			m.loggedIn(a, info)
			if a.vouched {
				m.meet(a.pod, a.route.Kind, func(s *met) { s.hostKey = doctor.HostKey{Trust: doctor.TrustVerified} })
			}
			if a.notice != "" {
				seen = append(seen, Evidence{byPodbay, a.notice, m.now()})
			}
			what := fmt.Sprintf("took a login as %s with the key %s", a.route.User, info.Identity)
			return m.concluded(a, append(seen, Evidence{byServer, what, m.now()}))
		}
		err = m.refusal(ctx, a, err)
	}
	var failure *Failure
	if errors.As(err, &failure) {
		return CheckUp{Pod: m.rowOf(a.pod), Verdict: failure.Verdict, Also: failure.Also, Evidence: append(seen, failure.Evidence...)}
	}
	question, ok := asQuestion(err)
	if !ok { // given up
		c := m.concluded(a, seen)
		c.Err = err
		return c
	}
	m.meetQuestion(a, question)
	c := m.concluded(a, append(seen, Evidence{byPodbay, err.Error(), m.now()}))
	c.Question = question
	if a.req.Via == RouteProxy { // what was met on another way than the list's
		c.Verdict, c.Also = JudgeError(question), nil
	}
	return c
}

// meetQuestion keeps what a question says of the pod.
func (m *Manager) meetQuestion(a *attempt, question error) {
	m.meet(a.pod, a.route.Kind, func(s *met) {
		switch q := question.(type) {
		case *HostKeyUnknown:
			s.hostKey = q.fact()
		case *HostKeyChanged:
			s.hostKey = q.fact()
		case *PassphraseWanted:
			s.login = q.fact()
		}
	})
}

// rowOf is the row of a pod as it is known now.
func (m *Manager) rowOf(p runpod.Pod) Pod {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now, ok := m.pod(p.ID); ok {
		p = now
	}
	return m.row(p)
}

// concluded is a check-up that has seen what it can.
func (m *Manager) concluded(a *attempt, seen []Evidence) CheckUp {
	m.mu.Lock()
	defer m.mu.Unlock()
	pod, ok := m.pod(a.pod.ID)
	if !ok {
		pod = a.pod
	}
	row := m.row(pod)
	facts := m.facts(pod, m.now())
	if a.req.Via == RouteProxy {
		facts.DirectAddr, facts.Probe = "", doctor.Probe{}
		facts.Attempt = doctor.Attempt{Proxy: true, NoDirect: pod.SSH.Direct == nil}
		if last := m.met[pod.ID]; last.isAbout(pod, RouteProxy) { // of which the list's facts tell nothing
			facts.Session = last.session
		}
	}
	all := doctor.Examine(facts)
	return CheckUp{Pod: row, Verdict: all[0], Also: all[1:], Evidence: seen}
}
