package keys

import (
	"errors"
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

const (
	blob    = "AAAAC3NzaC1lZDI1NTE5AAAAIKrUGVbyPWxQ8WtmL9qm1Qh3gGk3YtQv1zsS1Cz0Zl4r"
	other   = "AAAAC3NzaC1lZDI1NTE5AAAAINq0Pm3Ww4XhVd8bLJ7eY1uR5tZk2cGf9oAiSxHnB6Qv"
	print1  = "SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8"
	print2  = "SHA256:Zq0Xb9mB4hYcVgE3nT+w7JkUeP1sLdRfA6oIyH2xC5M"
	command = "umask 077; mkdir -p ~/.ssh && { grep -qsF '" + blob + "' ~/.ssh/authorized_keys || echo 'ssh-ed25519 " + blob + "' >> ~/.ssh/authorized_keys; }; echo podbay-$?-$((6*7))"
)

var (
	good = manager.LocalKey{Name: "~/.ssh/id_ed25519", Path: "/home/me/.ssh/id_ed25519", Source: "file", Type: "ED25519",
		Fingerprint: print1, Comment: "me@here", Mode: "0600", Line: "ssh-ed25519 " + blob + " me@here"}
	open = manager.LocalKey{Name: "~/.ssh/id_rsa", Path: "/home/me/.ssh/id_rsa", Source: "file", Type: "RSA", Encrypted: true,
		Fingerprint: print2, Comment: "me@old", Mode: "0644", Line: "ssh-rsa AAAAB3 me@old",
		Problem: "~/.ssh/id_rsa can be read by other users (mode 0644): OpenSSH refuses such a key.", Mend: "set the mode of ~/.ssh/id_rsa to 0600"}
	broken = manager.LocalKey{Name: "~/.ssh/broken", Path: "/home/me/.ssh/broken", Source: "file", Mode: "0600",
		Problem: "~/.ssh/broken holds no private key: it may have been cut off. Copy it anew from where it was made."}
	agent = manager.LocalKey{Name: "me@yubikey", Source: "agent", Type: "ED25519-SK", Fingerprint: "SHA256:Rr1Xb9mB4hYcVgE3nT+w7JkUeP1sLdRfA6oIyH2xC5M",
		Comment: "me@yubikey", Line: "sk-ssh-ed25519@openssh.com AAAA me@yubikey"}

	alpha = manager.Pod{ID: "7f3k2ab9x1", Name: "alpha", Status: "RUNNING", Route: manager.Route{Kind: manager.RouteDirect, Addr: "203.0.113.7:34446"}}
	beta  = manager.Pod{ID: "k2m4d0qqz7", Name: "beta", Status: "RUNNING", Route: manager.Route{Kind: manager.RouteProxy, Addr: "ssh.runpod.io:22"}}
	gamma = manager.Pod{ID: "p9d8s7f6g5", Name: "gamma", Status: "RUNNING", Route: alpha.Route}
	delta = manager.Pod{ID: "s5t4a3r2t1", Name: "delta", Status: "RUNNING", Route: alpha.Route}
)

func registered(k manager.LocalKey) manager.LocalKey { k.Registered = true; return k }

func entry(k manager.LocalKey) manager.RegisteredKey {
	return manager.RegisteredKey{Line: k.Line, Type: k.Type, Fingerprint: k.Fingerprint, Comment: k.Comment, Local: k.Name, Valid: true}
}

var (
	fingerprintEntry = manager.RegisteredKey{Line: print2, Mended: "ssh-ed25519 " + other + " me@desk", Mendable: true, Blocks: true,
		Finding: "A fingerprint is registered instead of the key. RunPod refuses every change while it is there."}
	typeless = manager.RegisteredKey{Line: other + " me@desk", Mended: "ssh-ed25519 " + other + " me@desk", Mendable: true, Blocks: true,
		Finding: "The key's type is missing."}
	spare  = manager.RegisteredKey{Line: "ssh-ed25519 AAAA", Mendable: true, Finding: "The key is cut off."}
	leaked = manager.RegisteredKey{Line: "-----BEGIN OPENSSH PRIVATE KEY-----", Finding: "A private key is registered.", Mendable: true, Blocks: true}
)

var addPlan = manager.KeyPlan{Diff: []manager.DiffLine{
	{Op: manager.DiffKeep, Line: "ssh-ed25519 " + other + " me@desk"},
	{Op: manager.DiffAdd, Line: good.Line, Reason: "the key of this machine that podbay uses"},
}}

var fixPlan = manager.KeyPlan{
	Warnings: []string{"A private key was registered. Whoever can see the account has it: make a new key and stop using that one."},
	Diff: []manager.DiffLine{
		{Op: manager.DiffKeep, Line: good.Line},
		{Op: manager.DiffRemove, Line: leaked.Line, Reason: "a private key has no place on the account"},
		{Op: manager.DiffRemove, Line: typeless.Line, Reason: "the type is missing"},
		{Op: manager.DiffAdd, Line: typeless.Mended, Reason: "the same key with its type"},
	},
}

func fresh() Model { return New(screen.NewTheme(true)).SetSize(80, 23) }

// opened is a wizard that was given a report.
func opened(wanted string, r manager.KeyReport) Model {
	m, _ := fresh().Open(wanted, allRun)
	if r.NewPath == "" {
		r.NewPath = "/home/me/.ssh/id_ed25519"
	}
	return give(m, Loaded{Report: r})
}

// give gives m messages.
func give(m Model, msgs ...tea.Msg) Model {
	for _, msg := range msgs {
		m, _, _ = m.Update(msg)
	}
	return m
}

func press(m Model, keys string) Model {
	m, _ = asktest.Press(m, keys)
	return m
}

// wants gives m a message and returns its intent.
func wants(t *testing.T, m Model, msg tea.Msg) (Model, screen.Intent) {
	t.Helper()
	m, cmd, intent := m.Update(msg)
	if cmd != nil {
		t.Error("the wizard returned a command")
	}
	return m, intent
}

// atAccount is a wizard whose chosen key has to be registered.
func atAccount(plan manager.KeyPlan, entries ...manager.RegisteredKey) Model {
	m := press(opened("", manager.KeyReport{Local: []manager.LocalKey{good}, Registered: entries}), "enter")
	return give(m, Planned{Plan: plan})
}

// atProof is a wizard whose key is registered.
func atProof(pods ...manager.Pod) Model {
	r := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	m := press(opened("", r), "enter")
	m = give(m, Planned{Plan: manager.KeyPlan{Diff: []manager.DiffLine{{Op: manager.DiffKeep, Line: good.Line}}}})
	return give(m, Proving{Pods: pods}, Proving{Command: command})
}

func takes(p manager.Pod) Proved {
	return Proved{manager.Proof{Pod: p, Route: p.Route, Takes: true}}
}

// noticed is a proof whose host key was taken without a question.
func noticed(p Proved) Proved {
	p.Proof.Notice = "host key verified by the pod's log"
	return p
}

func refuses(p manager.Pod) Proved {
	return Proved{manager.Proof{Pod: p, Route: p.Route,
		Sentence: p.Name + " does not take the key. It was created before the key was registered, or without SSH; from outside these can seldom be told apart.",
		Ways:     []manager.WayOut{manager.WayProxyShell, manager.WayRecreate, manager.WayWebTerminal}}}
}

func unknownHost(p manager.Pod) Proved {
	return Proved{manager.Proof{Pod: p, Route: p.Route, Question: &manager.HostKeyUnknown{Pod: p, KeyType: "ED25519", Fingerprint: print2}}}
}

func locked(p manager.Pod) Proved {
	return Proved{manager.Proof{Pod: p, Route: p.Route, Question: &manager.PassphraseWanted{Pod: p, Path: good.Path, Name: good.Name}}}
}

func many(n int) []manager.LocalKey {
	var out []manager.LocalKey
	for i := range n {
		k := good
		k.Name, k.Path, k.Fingerprint = fmt.Sprintf("~/.ssh/key%02d", i), fmt.Sprintf("/home/me/.ssh/key%02d", i), fmt.Sprintf("SHA256:%043d", i)
		out = append(out, k)
	}
	return out
}

var errBusy = errors.New("another podbay is changing the registered keys: wait until it is done, or end it")

// allRun says that every pod that was seen still runs.
func allRun(manager.Pod) bool { return true }
