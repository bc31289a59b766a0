package manager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/runpod"
)

// awaitEvery is how often a pod that is starting is looked at: a user is waiting,
// and RunPod's quota of 60 calls a minute leaves room for two calls a look.
const awaitEvery = 3 * time.Second

// await waits until a shell can be had on the pod: an SSH banner answers, or for a
// pod that only the proxy leads to, it runs. A pod that ends up off, failed or
// deleted ends the wait with a [*Failure]. A container that runs since before is one
// that is about to be replaced: it is not taken for the new one, for a while; zero is
// none.
func (m *Manager) await(ctx context.Context, podID string, before time.Time, step func(string)) (RemedyDone, error) {
	client, err := m.api()
	if err != nil {
		return RemedyDone{}, err
	}
	began, trouble := m.now(), 0
	for {
		pod, err := client.GetPod(ctx, podID)
		switch {
		case ctx.Err() != nil:
			return RemedyDone{}, fmt.Errorf("waiting was given up: %w", context.Cause(ctx))
		case err != nil && (errors.Is(err, runpod.ErrNotFound) || trouble >= maxAwaitTroubles || !passing(err)):
			return RemedyDone{}, m.podError(err)
		case err != nil:
			trouble++
			step("RunPod does not answer just now; asking again")
		case !before.IsZero() && pod.StartedAt.Equal(before) && m.now().Sub(began) < replaceTime:
			trouble = 0
			step("RunPod is about to recreate the container")
		default:
			trouble = 0
			if done, err := m.awaited(ctx, *pod, step); done || err != nil {
				return RemedyDone{cleantext.Line(pod.Name, maxName) + " is ready, after " + doctor.Age(m.now().Sub(began)) + "."}, err
			}
		}
		if err := m.opts.Sleep(ctx, max(awaitEvery, client.PollInterval(0))); err != nil {
			return RemedyDone{}, fmt.Errorf("waiting was given up: %w", err)
		}
	}
}

// replaceTime is how long RunPod may take to end a container that it replaces.
const replaceTime = time.Minute

// maxAwaitTroubles is how often in a row RunPod may fail to answer.
const maxAwaitTroubles = 10

// passing tells an error that may well be gone a moment later.
func passing(err error) bool {
	return errors.Is(err, runpod.ErrUnavailable) || errors.Is(err, runpod.ErrRateLimited) || errors.Is(err, runpod.ErrMalformed)
}

// awaited takes one look at a pod: done says that a shell can be had, the error
// that none will come.
func (m *Manager) awaited(ctx context.Context, pod runpod.Pod, step func(string)) (done bool, err error) {
	row := m.keep(pod)
	pod.Env, pod.Args = nil, ""
	if pod.Status == runpod.StatusRunning && pod.SSH.Direct != nil {
		if probed, ok := m.probe(ctx, pod); ok {
			row = probed
		}
	}
	v := row.Verdict
	switch {
	case v.Shell && v.ID != doctor.Checking && v.ID != doctor.PortPending:
		return true, nil
	case pod.Status == runpod.StatusRunning && v.Tone == doctor.ToneBad,
		pod.Status == runpod.StatusExited, pod.Status == runpod.StatusError, pod.Status == runpod.StatusTerminated:
		seen := m.reported(&attempt{row: row})
		if line, ok := m.readSystemLog(ctx, pod); ok {
			seen = append(seen, Evidence{byLog, line.text, line.at})
		}
		return false, &Failure{Pod: row, Verdict: v, Evidence: seen, Err: errors.New("the wait for a shell ended: " + v.Sentence)}
	}
	step(m.waitStep(ctx, pod, row))
	return false, nil
}

// waitStep is what a wait is for: the status, and what RunPod's log said last. How
// long it takes a face counts by itself.
func (m *Manager) waitStep(ctx context.Context, pod runpod.Pod, row Pod) string {
	words := row.Status
	if pod.Status == runpod.StatusRunning {
		return words + "; no SSH server answers yet"
	}
	if line, ok := m.readSystemLog(ctx, pod); ok {
		words += "; " + line.text
	}
	return words
}
