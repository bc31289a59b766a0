package manager

import (
	"context"
	"sync"
	"time"

	"podbay/runpod"
	"podbay/sshconn"
)

// maxProbes is how many endpoints are probed side by side: enough that many
// silent ones do not hold up the others, few enough for the usual limit of 256
// open files on macOS.
const maxProbes = 100

// firstLook is how long a pod is given at first: most answer in a tenth of it, and
// a list whose other half is dead should be told in little more than a second.
const firstLook = time.Second

// A ready endpoint is measured again after probeAgain, one that is not ready at
// every refresh: that is what people wait for.
const probeAgain = 30 * time.Second

// Probe measures the SSH endpoints of pods side by side, bounded, and sends each
// measured row again with its new verdict. Pods without a direct endpoint, and
// those that were found ready a moment ago, are not measured. A pod that says
// nothing within the first second is measured once more, after all others and for
// as long as the settings allow: its row is sent twice. The channel is closed when
// all are done or ctx ended; it must be drained or ctx cancelled.
func (m *Manager) Probe(ctx context.Context, pods []Pod) <-chan Pod {
	rows := make(chan Pod, min(len(pods), maxProbes)) // what is measured at once is taken at once
	now, later := m.due(pods)
	go func() {
		defer close(rows)
		whole := m.opts.Settings.ProbeTimeout
		if whole > firstLook {
			later = append(m.measure(ctx, now, firstLook, rows), later...)
			now = nil
		}
		m.measure(ctx, append(now, later...), whole, rows)
	}()
	return rows
}

// measure measures pods for at most patience each, and returns those that said nothing
// within it.
func (m *Manager) measure(ctx context.Context, pods []runpod.Pod, patience time.Duration, rows chan<- Pod) (silent []runpod.Pod) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
	)
	slots := make(chan struct{}, maxProbes)
	for _, pod := range pods {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			running.Wait()
			return nil
		}
		running.Go(func() {
			defer func() { <-slots }()
			defer m.recovered("probing")
			row, outcome, ok := m.probeFor(ctx, pod, patience)
			if !ok {
				return
			}
			if saidNothing(outcome) {
				mu.Lock()
				silent = append(silent, pod)
				mu.Unlock()
			}
			select {
			case rows <- row:
				m.told(pod.ID, row.Probed)
			case <-ctx.Done():
			}
		})
	}
	running.Wait()
	return silent
}

func saidNothing(o sshconn.ProbeOutcome) bool {
	return o == sshconn.ProbeTimeout || o == sshconn.ProbeSilent
}

// due picks the pods whose endpoint must be measured; later are those that said
// nothing the last time.
func (m *Manager) due(pods []Pod) (now, later []runpod.Pod) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range pods {
		p, ok := m.pod(row.ID)
		if !ok || p.Status != runpod.StatusRunning || p.SSH.Direct == nil {
			continue
		}
		last, measured := m.probes[p.ID]
		measured = measured && last.isAbout(p, address(*p.SSH.Direct))
		switch {
		case measured && last.result.Outcome == sshconn.ProbeBanner && m.now().Sub(last.at) < probeAgain:
		case measured && saidNothing(last.result.Outcome):
			later = append(later, p)
		default:
			now = append(now, p)
		}
	}
	return now, later
}

// probe measures one pod for as long as the settings allow; ok is false when ctx
// ended it or the pod is gone.
func (m *Manager) probe(ctx context.Context, p runpod.Pod) (row Pod, ok bool) {
	row, _, ok = m.probeFor(ctx, p, m.opts.Settings.ProbeTimeout)
	return row, ok
}

func (m *Manager) probeFor(ctx context.Context, p runpod.Pod, patience time.Duration) (row Pod, outcome sshconn.ProbeOutcome, ok bool) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addr := address(*p.SSH.Direct)
	result := sshconn.Probe(bounded, addr)
	if ctx.Err() != nil {
		return Pod{}, "", false
	}
	m.log.Debug("probed", "pod", p.ID, "addr", addr, "outcome", result.Outcome, "latency", result.Latency, "error", result.Err)
	m.mu.Lock()
	defer m.mu.Unlock()
	now, still := m.pod(p.ID)
	if !still {
		return Pod{}, "", false
	}
	m.probes[p.ID] = probed{addr: addr, started: p.StartedAt, at: m.now(), result: result}
	return m.row(now), result.Outcome, true
}
