package ui

import (
	"context"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	wizard "podbay/ui/keys"
)

// proofMsg brings one proof to the wizard; then the next is waited for.
type proofMsg struct {
	gen   int
	reply tea.Msg // nil when there are no more
	next  tea.Cmd
}

// prove tries a key on running pods. What was tried before is given up; the
// wizard names again what it still waits for.
func (m model) prove(intent wizard.Prove) (model, tea.Cmd) {
	act := m.keying.act
	m.keying.act = hostKeyAct{}
	var ctx context.Context
	m.keying.proof, ctx = m.keying.proof.start(m.run)
	gen, mgr := m.keying.proof.gen, m.mgr
	req := manager.ProveRequest{Fingerprint: intent.Fingerprint, PodIDs: intent.PodIDs,
		Passphrases: m.keying.passphrases.copied(), AcceptHostKeys: maps.Clone(m.keying.hostKeys)}
	tried := wizard.Proving{Pods: running(m.pods.Pods(), intent.PodIDs)}
	m, shown := m.toKeys(tried)
	return m, tea.Batch(shown, m.run.do(func(context.Context) tea.Msg {
		if err := act.carryOut(ctx, mgr); err != nil {
			return proofMsg{gen: gen, reply: wizard.Proved{Proof: manager.Proof{Sentence: err.Error(), Err: err}}}
		}
		// Without the command the ways that need it are not offered; a proof says
		// what is wrong with the key.
		command, _ := mgr.InstallCommand(ctx, intent.Fingerprint)
		return proofMsg{gen: gen, reply: wizard.Proving{Command: command}, next: m.run.nextProof(ctx, gen, mgr.Prove(ctx, req), req)}
	}))
}

// running returns the pods that a key can be tried on.
func running(pods []manager.Pod, only []string) []manager.Pod {
	var out []manager.Pod
	for _, p := range pods {
		if p.Status == "RUNNING" && (len(only) == 0 || slices.Contains(only, p.ID)) {
			out = append(out, p)
		}
	}
	return out
}

// nextProof waits for one proof. After the last one, and after the last one that
// nobody wants, the answers of the request are wiped: nobody reads them any more.
func (e *effects) nextProof(ctx context.Context, gen int, from <-chan manager.Proof, req manager.ProveRequest) tea.Cmd {
	return e.do(func(context.Context) tea.Msg {
		select {
		case p, ok := <-from:
			if ok {
				return proofMsg{gen: gen, reply: wizard.Proved{Proof: p}, next: e.nextProof(ctx, gen, from, req)}
			}
			wipeAll(req.Passphrases)
			return proofMsg{gen: gen, reply: wizard.ProofOver{}}
		case <-ctx.Done():
			for range from { // ends soon: ctx is the prover's too
			}
			wipeAll(req.Passphrases)
			return nil
		}
	})
}

// keyProved takes one proof and waits for the next.
func (m model) keyProved(msg proofMsg) (model, tea.Cmd) {
	if msg.gen != m.keying.proof.gen {
		return m, msg.next
	}
	m, cmd := m.toKeys(msg.reply)
	return m, tea.Batch(cmd, msg.next)
}
