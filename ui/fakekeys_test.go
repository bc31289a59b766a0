package ui

import (
	"context"
	"errors"
	"slices"
	"sync"

	"podbay/manager"
)

// fakeKeys is an account and a machine as the key wizard sees them. It keeps to
// the rules of the real ones that the flows depend on: a key must be registered
// by a plan, and a pod takes it only after it was added to it.
type fakeKeys struct {
	mu     sync.Mutex
	did    []string // what was asked for, in order
	report manager.KeyReport
	takes  map[string]bool // pods that take the key
	// prove and install say what is in the way; nil for nothing.
	prove   func(manager.ProveRequest, manager.Pod) error
	install func(manager.InstallRequest) error
	apply   error
}

func (f *fakeKeys) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, what)
}

func (f *fakeKeys) noted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.did)
}

var madeKey = manager.LocalKey{
	Name: "~/.ssh/id_ed25519", Path: "/home/me/.ssh/id_ed25519", Source: "file", Type: "ED25519",
	Fingerprint: "SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8", Comment: "me@here", Mode: "0600",
	Line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrUGVbyPWxQ8WtmL9qm1Qh3gGk3YtQv1zsS1Cz0Zl4r me@here",
}

func (f *fakeManager) Keys(context.Context) (manager.KeyReport, error) {
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	r := f.keys.report
	r.NewPath = "~/.ssh/id_ed25519"
	r.Local, r.Registered = slices.Clone(r.Local), slices.Clone(r.Registered)
	for i := range r.Local {
		r.Local[i].Registered = slices.ContainsFunc(r.Registered, func(k manager.RegisteredKey) bool { return k.Line == r.Local[i].Line })
	}
	return r, nil
}

func (f *fakeManager) CreateKey(_ context.Context, k manager.NewKey) (manager.LocalKey, error) {
	made := madeKey
	made.Encrypted = len(k.Passphrase) > 0
	f.keys.note("create " + string(k.Passphrase))
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	f.keys.report.Local = []manager.LocalKey{made}
	return made, nil
}

func (f *fakeManager) MendLocal(_ context.Context, path string, _ []byte) (string, error) {
	f.keys.note("mend " + path)
	return "set the mode of " + path + " to 0600", nil
}

func (f *fakeManager) CheckKeyText(context.Context, string) (manager.KeyCheck, error) {
	return manager.KeyCheck{}, nil
}

func (f *fakeManager) PlanAdd(_ context.Context, text string) (manager.KeyPlan, error) {
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	var plan manager.KeyPlan
	for _, r := range f.keys.report.Registered {
		if r.Line == text {
			return plan, nil
		}
	}
	plan.Diff = append(plan.Diff, manager.DiffLine{Op: manager.DiffAdd, Line: text, Reason: "your key"})
	return plan, nil
}

func (f *fakeManager) PlanFix(context.Context) (manager.KeyPlan, error) {
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	var plan manager.KeyPlan
	for _, r := range f.keys.report.Registered {
		if r.Mended == "" {
			plan.Diff = append(plan.Diff, manager.DiffLine{Op: manager.DiffKeep, Line: r.Line})
			continue
		}
		plan.Diff = append(plan.Diff, manager.DiffLine{Op: manager.DiffRemove, Line: r.Line, Reason: r.Finding},
			manager.DiffLine{Op: manager.DiffAdd, Line: r.Mended, Reason: "mended"})
	}
	return plan, nil
}

func (f *fakeManager) ApplyKeys(_ context.Context, plan manager.KeyPlan) (manager.KeyOutcome, error) {
	f.keys.note("apply")
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	out := manager.KeyOutcome{Backup: "/home/me/.local/state/podbay/keys-1.json", Rounds: 1}
	for _, line := range plan.Diff {
		switch line.Op {
		case manager.DiffAdd:
			out.Added++
			f.keys.report.Registered = append(f.keys.report.Registered, manager.RegisteredKey{Line: line.Line, Valid: true})
		case manager.DiffRemove:
			out.Removed++
			f.keys.report.Registered = slices.DeleteFunc(f.keys.report.Registered, func(k manager.RegisteredKey) bool { return k.Line == line.Line })
		}
	}
	return out, f.keys.apply
}

func (f *fakeManager) ForgetLost(_ context.Context, print string) error {
	f.keys.note("forget " + print)
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	f.keys.report.Lost = nil
	return nil
}

func (f *fakeManager) Prove(_ context.Context, req manager.ProveRequest) <-chan manager.Proof {
	var tried []manager.Pod
	for _, p := range somePods() {
		if p.Status == "RUNNING" && (req.PodIDs == nil || slices.Contains(req.PodIDs, p.ID)) {
			tried = append(tried, p)
		}
	}
	out := make(chan manager.Proof, len(tried))
	defer close(out)
	for _, p := range tried {
		f.keys.note("prove " + p.Name)
		out <- f.proof(req, p)
	}
	return out
}

func (f *fakeManager) proof(req manager.ProveRequest, p manager.Pod) manager.Proof {
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	proof := manager.Proof{Pod: p, Route: p.Route}
	if f.keys.prove != nil {
		if proof.Question = f.keys.prove(req, p); proof.Question != nil {
			return proof
		}
	}
	if proof.Takes = f.keys.takes[p.ID]; !proof.Takes {
		proof.Sentence = p.Name + " does not take the key: it was created before the key was registered, or without SSH."
		proof.Ways = []manager.WayOut{manager.WayProxyShell, manager.WayRecreate, manager.WayWebTerminal}
	}
	return proof
}

func (f *fakeManager) InstallCommand(_ context.Context, print string) (string, error) {
	if print == "" {
		return "", errors.New("no key")
	}
	return "mkdir -p ~/.ssh && echo 'ssh-ed25519 AAAA' >> ~/.ssh/authorized_keys", nil
}

func (f *fakeManager) InstallByProxy(_ context.Context, req manager.InstallRequest) (manager.Installed, error) {
	if f.keys.install != nil {
		if err := f.keys.install(req); err != nil {
			return manager.Installed{}, err
		}
	}
	f.keys.note("install " + req.PodID + " " + req.Command)
	f.keys.mu.Lock()
	defer f.keys.mu.Unlock()
	if f.keys.takes == nil {
		f.keys.takes = map[string]bool{}
	}
	f.keys.takes[req.PodID] = true
	return manager.Installed{Verified: true, Sentence: "The key was added to " + req.PodID + ", and a login with it succeeded."}, nil
}

func (f *fakeManager) RecreateCost(string) []string {
	return []string{"Everything outside /workspace is lost.", "The volume stays."}
}

func (f *fakeManager) RecreateWithKey(_ context.Context, id, _ string) error {
	f.keys.note("recreate " + id)
	return nil
}
