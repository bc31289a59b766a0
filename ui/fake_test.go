package ui

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"podbay/doctor"
	"podbay/manager"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fakeManager answers as its functions say; a nil function answers with nothing.
type fakeManager struct {
	refresh func(context.Context) (manager.Listing, error)
	connect func(context.Context, manager.ConnectRequest) (session, error)
	probe   func(context.Context, []manager.Pod, chan<- manager.Pod)
	act     func(verb, podID string) error
	last    []manager.Pod // of an earlier run, three hours ago

	check func(context.Context, manager.CheckUpRequest) manager.CheckUp
	plan  func(manager.RemedyRequest) (manager.RemedyPlan, error)
	carry func(ctx context.Context, plan manager.RemedyPlan, passphrases map[string][]byte, step func(string)) (manager.RemedyDone, error)

	keySource string
	kept      int
	keys      fakeKeys

	mu        sync.Mutex
	requests  []manager.ConnectRequest
	ahead     []string // the pods that were looked at
	refreshes int
}

func (f *fakeManager) LastList() (manager.Listing, bool) {
	list := manager.Listing{Pods: slices.Clone(f.last), At: noon.Add(-3 * time.Hour)}
	for i := range list.Pods {
		p := &list.Pods[i]
		if p.Route.Kind == manager.RouteDirect {
			p.Probed, p.ServerVersion, p.Latency = time.Time{}, "", 0
			p.Verdict = doctor.Verdict{ID: doctor.Checking, Tone: doctor.ToneWait, Word: "checking", Sentence: "It is being measured.", Shell: true}
		}
	}
	return list, len(f.last) > 0
}

func (f *fakeManager) Refresh(ctx context.Context) (manager.Listing, error) {
	f.mu.Lock()
	f.refreshes++
	f.mu.Unlock()
	if f.refresh == nil {
		return manager.Listing{Pods: somePods(), At: noon}, nil
	}
	return f.refresh(ctx)
}

func (f *fakeManager) Probe(ctx context.Context, pods []manager.Pod) <-chan manager.Pod {
	out := make(chan manager.Pod, len(pods))
	go func() {
		defer close(out)
		if f.probe != nil {
			f.probe(ctx, pods, out)
		}
	}()
	return out
}

func (f *fakeManager) Preconnect(_ context.Context, podID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead = append(f.ahead, podID)
}

func (f *fakeManager) PollInterval() time.Duration { return time.Hour }

func (f *fakeManager) dial(ctx context.Context, req manager.ConnectRequest) (session, error) {
	f.mu.Lock()
	f.requests = append(f.requests, req)
	f.mu.Unlock()
	if f.connect == nil {
		return nil, errors.New("not scripted")
	}
	return f.connect(ctx, req)
}

func (f *fakeManager) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refreshes
}

func (f *fakeManager) did(verb, podID string) error {
	if f.act == nil {
		return nil
	}
	return f.act(verb, podID)
}

func (f *fakeManager) Stop(_ context.Context, id string) error { return f.did("stop", id) }
func (f *fakeManager) ForgetHostKey(_ context.Context, id, _ string) error {
	return f.did("forget", id)
}
func (f *fakeManager) TrustAgainstLog(_ context.Context, id, _ string) error {
	return f.did("trust", id)
}
func (f *fakeManager) Login(_ context.Context, key string) error { return f.did("login", key) }

// fakeSession says how it went, and counts what was done with it.
type fakeSession struct {
	run       func() error
	ended     manager.Ended
	ran       chan struct{}
	discarded chan struct{}
}

func newFakeSession() *fakeSession {
	return &fakeSession{ran: make(chan struct{}), discarded: make(chan struct{}),
		ended: manager.Ended{PodName: "alpha", Clean: true, Sentence: "alpha: shell ended with exit status 0"}}
}

func (s *fakeSession) SetStdin(io.Reader)  {}
func (s *fakeSession) SetStdout(io.Writer) {}
func (s *fakeSession) SetStderr(io.Writer) {}

func (s *fakeSession) Run() error {
	close(s.ran)
	if s.run == nil {
		return nil
	}
	return s.run()
}

func (s *fakeSession) Ended() manager.Ended { return s.ended }
func (s *fakeSession) Discard()             { close(s.discarded) }

// somePods is one pod of each kind.
func somePods() []manager.Pod {
	verdict := func(tone doctor.Tone, word, sentence, remedy string, shell bool) doctor.Verdict {
		return doctor.Verdict{Tone: tone, Word: word, Sentence: sentence, Remedy: remedy, Shell: shell}
	}
	ready := manager.Pod{
		ID: "7f3k2ab9x1", Name: "alpha", Status: "RUNNING", GPU: "2× RTX 4090", Image: "runpod/pytorch:2.8.0-py3.11-cuda12.8.1",
		DataCenter: "EU-RO-1", PublicIP: "203.0.113.7", Exposes22: true, PublicPort: 34446, CostPerHour: 1.38,
		StartedAt: noon.Add(-200 * time.Minute), Volume: "20 GB at /workspace", DiskGB: 50, CanStop: true,
		Route:  manager.Route{Kind: manager.RouteDirect, Addr: "203.0.113.7:34446", User: "root", Command: "ssh root@203.0.113.7 -p 34446"},
		Probed: noon.Add(-3 * time.Second), ServerVersion: "SSH-2.0-OpenSSH_9.2p1",
		Verdict: verdict(doctor.ToneGood, "ready 38 ms", "The pod's SSH server answers.", "", true),
	}
	proxy := ready
	proxy.ID, proxy.Name, proxy.Community, proxy.PublicIP, proxy.PublicPort = "k2m4d0qqz7", "beta-community", true, "", 0
	proxy.Route = manager.Route{Kind: manager.RouteProxy, Addr: "ssh.runpod.io:22", Command: "ssh k2m4d0qqz7-64411@ssh.runpod.io", Reason: "its host has no public IP"}
	proxy.Probed, proxy.ServerVersion, proxy.GPU, proxy.CostPerHour = time.Time{}, "", "1× A40", 0.4
	proxy.Verdict = verdict(doctor.ToneWarn, "proxy only", "The pod has no public IP: RunPod's proxy gives a shell and nothing else.", "", true)
	closed := ready
	closed.ID, closed.Name, closed.PublicPort, closed.PublicIP = "p9d8s7f6g5", "no-sshd", 34111, "203.0.113.99"
	closed.Verdict = verdict(doctor.ToneBad, "no sshd", "Nothing answers on the pod's SSH port.", "Start sshd in the container, or make the pod again with SSH on.", false)
	starting := manager.Pod{ID: "s5t4a3r2t1", Name: "starting-up", Status: "PROVISIONING", GPU: "1× H100 SXM", Exposes22: true, CostPerHour: 2.99, CanStop: true,
		Verdict: verdict(doctor.ToneWait, "starting", "RunPod is making the pod ready.", "", false), Route: manager.Route{Kind: manager.RouteNone, Reason: "it has no machine yet"}}
	off := manager.Pod{ID: "x0x0x0x0x0", Name: "sleeping", Status: "EXITED", GPU: "1× RTX 3090", Exposes22: true, CanStart: true,
		Volume: "100 GB at /workspace", DiskGB: 20, Route: manager.Route{Kind: manager.RouteNone, Reason: "it is stopped"},
		Verdict: verdict(doctor.ToneIdle, "stopped", "The pod is stopped.", "Start it.", false)}
	off.Verdict.ID, off.Verdict.Action, off.Verdict.Price = doctor.Stopped, doctor.ActStart, "It costs $0.22/h from then on, until it is stopped."
	starting.Verdict.ID, starting.Verdict.Action = doctor.Provisioning, doctor.ActWait
	closed.Verdict.ID, closed.Verdict.Action, closed.Verdict.Ways = doctor.NoSSHD, doctor.ActStartCommand, []doctor.Action{doctor.ActProxy}
	closed.Also = []doctor.Verdict{verdict(doctor.ToneWarn, "proxy only", "The key of this machine is not registered on the RunPod account.", "", true)}
	return []manager.Pod{ready, proxy, starting, closed, off}
}

func (f *fakeManager) KeptShells() int { return f.kept }

func (f *fakeManager) Account() manager.Account {
	return manager.Account{Origin: "https://api.runpod.io", Credentials: "/home/me/.config/podbay/credentials", KeySource: f.keySource}
}
