package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
)

// CarryOut does what the plan says; a person has agreed where the plan asks. It may
// wait long, for as long as ctx lasts: step, if not nil, is told what it waits for,
// in words that can be drawn, and must not block. It returns [*PassphraseWanted]
// where a key file must be opened and passphrases lacks the answer, and a
// [*Failure] where the pod took a turn that ends the wait.
func (m *Manager) CarryOut(ctx context.Context, plan RemedyPlan, passphrases map[string][]byte, step func(string)) (RemedyDone, error) {
	if step == nil {
		step = func(string) {}
	}
	switch plan.Action {
	case doctor.ActStart:
		return m.startAndWait(ctx, plan.PodID, step)
	case doctor.ActWait:
		return m.await(ctx, plan.PodID, time.Time{}, step)
	case doctor.ActExposePort:
		return m.exposePort(ctx, plan.PodID, step)
	case doctor.ActMendKey:
		did, err := m.MendLocal(ctx, plan.keyPath, passphrases[plan.keyPath])
		return RemedyDone{"podbay " + did + "."}, err
	case doctor.ActAgentAdd:
		return m.addToAgent(ctx, plan.keyPath, passphrases[plan.keyPath])
	case doctor.ActForget:
		if err := m.ForgetHostKey(ctx, plan.PodID, plan.shown); err != nil {
			return RemedyDone{}, err
		}
		return RemedyDone{"The known host key was forgotten."}, nil
	}
	return RemedyDone{}, fmt.Errorf("%w: %q is not carried out here", ErrNoRemedy, plan.Action)
}

func (m *Manager) addToAgent(ctx context.Context, path string, passphrase []byte) (RemedyDone, error) {
	id := m.finder.Load(path)
	err := m.finder.AddToAgent(ctx, id, passphrase)
	if wanted, ok := errors.AsType[*identity.PassphraseError](err); ok {
		return RemedyDone{}, &PassphraseWanted{Path: wanted.Path, Name: id.Name(), Fingerprint: wanted.Fingerprint, Wrong: wanted.Wrong}
	}
	return RemedyDone{"The agent has " + id.Name() + " now."}, err
}

// agreed is ctx for a call that a person agreed to: who gives up the waiting, or
// quits at once, has not taken it back. The client bounds it.
func agreed(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// startAndWait starts a pod and waits for it. Why it could not be started is kept
// as a fact of the pod.
func (m *Manager) startAndWait(ctx context.Context, podID string, step func(string)) (RemedyDone, error) {
	step("asking RunPod to start the pod")
	if err := m.Start(agreed(ctx), podID); err != nil {
		return RemedyDone{}, m.startFailure(podID, err)
	}
	return m.await(ctx, podID, time.Time{}, step)
}

// startFailure gives a start that failed the pod's verdict.
func (m *Manager) startFailure(podID string, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	pod, known := m.pod(podID)
	if _, noted := m.startTroubles[podID]; !known || !noted {
		return err
	}
	facts := m.facts(pod, m.now())
	all := doctor.Examine(facts)
	return &Failure{Pod: m.row(pod), Verdict: all[0], Also: all[1:], Err: err, Evidence: []Evidence{{byRunPod, err.Error(), m.now()}}}
}

// noteStartTrouble keeps why RunPod did not start a pod. A refusal of the key or a
// line that broke says nothing of the pod.
func (m *Manager) noteStartTrouble(podID string, err error) {
	var call *runpod.Error
	if !errors.As(err, &call) || call.Status == 0 || errors.Is(err, runpod.ErrUnauthorized) ||
		errors.Is(err, runpod.ErrForbidden) || errors.Is(err, runpod.ErrRateLimited) || errors.Is(err, runpod.ErrConflict) {
		return
	}
	words := call.Detail
	if words == "" {
		words = call.Reason()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.startTroubles[podID] = startTrouble{words: words, noFreeGPU: saysNoGPU(call)}
}

// saysNoGPU goes by RunPod's words: a lack of capacity "carries no machine-readable
// code of its own, only a human-readable detail" (RunPod's OpenAPI document).
func saysNoGPU(call *runpod.Error) bool {
	words := strings.ToLower(call.Title + " " + call.Detail + " " + strings.Join(call.Errors, " "))
	return slices.ContainsFunc([]string{"free gpu", "enough gpu", "no gpu", "gpus available", "instances available", "capacity", "not enough free"},
		func(s string) bool { return strings.Contains(words, s) })
}

// exposePort adds 22/tcp to the pod's ports, which makes RunPod recreate the
// container. RunPod's PATCH replaces the whole list: it is read just before, and
// read back after.
func (m *Manager) exposePort(ctx context.Context, podID string, step func(string)) (RemedyDone, error) {
	client, err := m.api()
	if err != nil {
		return RemedyDone{}, err
	}
	step("reading the pod's ports")
	pod, err := client.GetPod(ctx, podID)
	if err != nil {
		return RemedyDone{}, fmt.Errorf("nothing was changed: %w", m.callError(err))
	}
	name := m.keep(*pod).Name
	if reason := whyNotExpose(*pod); reason != "" {
		return RemedyDone{}, fmt.Errorf("%s: nothing was changed: %s", name, reason)
	}
	var before time.Time
	if pod.Status == runpod.StatusRunning {
		before = pod.StartedAt
	}
	step("adding 22/tcp to the pod's ports")
	_, err = client.UpdatePod(agreed(ctx), podID, runpod.PodUpdate{Ports: append(slices.Clone(pod.Ports), sshPort)})
	if surelyNot(err) {
		return RemedyDone{}, fmt.Errorf("%s: nothing was changed: %w", name, m.callError(err))
	}
	now, readErr := client.GetPod(ctx, podID)
	if readErr != nil {
		return RemedyDone{}, fmt.Errorf("%s: whether 22/tcp was added is not known: %w", name, m.callError(errors.Join(err, readErr)))
	}
	m.keep(*now)
	if !slices.Contains(now.Ports, sshPort) {
		return RemedyDone{}, fmt.Errorf("%s: 22/tcp is not among its ports, although RunPod was asked for it: %w", name, errors.Join(err, errNotTaken))
	}
	done, err := m.await(ctx, podID, before, step)
	done.Sentence = strings.TrimSpace("22/tcp is among the pod's ports now. " + done.Sentence)
	return done, err
}

var errNotTaken = errors.New("look at the pod in RunPod's console")
