package manager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/runpod"
	"podbay/sshkey"
)

// registeredAgain is how long the account's registered keys are believed; they
// only decide which key is offered first and how a refusal is worded.
const registeredAgain = 5 * time.Minute

// registeredKeys is the account's registered keys, by fingerprint.
type registeredKeys struct {
	at           time.Time // when they were last asked for; zero: never
	asking       bool
	lines        []string // as registered at learned; nil: not known
	learned      time.Time
	fingerprints map[string]bool // nil: not known
}

func (k *registeredKeys) learn(lines []string, at time.Time) {
	k.at, k.learned = at, at
	k.lines, k.fingerprints = append([]string{}, lines...), fingerprints(lines)
}

// Refresh asks RunPod for the account's pods. The rows carry what earlier probes
// measured, as far as it is still about the same container. Errors wrap
// ErrNoAPIKey or ErrKeyRejected where a key is the reason; each is one plain
// sentence with the next step.
func (m *Manager) Refresh(ctx context.Context) (Listing, error) {
	client, err := m.api()
	if err != nil {
		return Listing{}, err
	}
	m.learnRegistered(client)
	pods, err := client.PollPods(ctx)
	if err != nil {
		return Listing{}, m.callError(err)
	}
	return m.take(client, pods), nil
}

// takeWhole is take, of pods that still have their secrets. Each is copied: a pointer
// to one would keep the environments of all.
func (m *Manager) takeWhole(from api, pods []runpod.Pod) {
	polled := make([]*runpod.Pod, len(pods))
	for i, p := range pods {
		if sshdKey(p.Env) == "" {
			p.Env = nil // else note looks at it
		}
		p.Args, p.EnvWhole = "", false
		polled[i] = &p
	}
	m.take(from, polled)
}

// take keeps what was listed and makes the rows of it.
func (m *Manager) take(from api, pods []*runpod.Pod) Listing {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed, m.answered = m.now(), true
	m.answers++
	listed, count := make([]*listedPod, len(pods)), 0
	changed := len(pods) != len(m.pods)
	for i, p := range pods {
		before := m.pods[p.ID]
		changed = changed || before == nil || differs(before.pod, p)
		listed[i] = m.note(p)
		if listed[i].answer != m.answers {
			listed[i].answer = m.answers
			count++
		}
	}
	m.forgetGone(count)
	listing := Listing{At: m.listed, Pods: m.makeRows(listed, m.listed)}
	if m.client == from { // else another account has logged in meanwhile
		m.forgetShells(from)
		m.noteList(listed, changed)
	}
	return listing
}

// learnRegistered asks for the registered keys now and then, beside whatever else
// is done: a list never waits for it, and a failure costs the knowledge alone.
func (m *Manager) learnRegistered(client api) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.registered.asking || m.now().Sub(m.registered.at) < registeredAgain {
		return
	}
	m.registered.asking = true
	m.side.Go(func() {
		defer m.recovered("asking for the registered keys")
		lines, err := client.SSHKeys(m.sideCtx)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.registered.asking = false
		if err != nil {
			m.log.Debug("the registered keys are not known", "error", err)
			if m.sideCtx.Err() == nil {
				m.registered.at = m.now() // what was known stays; it is not asked at once again
			}
			return
		}
		m.registered.learn(lines, m.now())
	})
}

// recovered keeps a panic in a goroutine from ending the process with the
// terminal in disorder.
func (m *Manager) recovered(doing string) {
	if r := recover(); r != nil {
		m.log.Error("a defect of podbay", "doing", doing, "panic", r, "stack", string(debug.Stack()))
	}
}

// fingerprints reads the keys of registered lines; a malformed line is no key
// that a pod would take.
func fingerprints(lines []string) map[string]bool {
	prints := map[string]bool{}
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil {
			continue
		}
		if key, err := ssh.ParsePublicKey(blob); err == nil && key.Type() == fields[0] {
			prints[sshkey.Fingerprint(key)] = true
		}
	}
	return prints
}

// Stop asks RunPod to stop a pod: billing for compute ends, the container disk
// is lost.
func (m *Manager) Stop(ctx context.Context, podID string) error {
	return m.act(ctx, podID, runpod.ActionStop)
}

// Start asks RunPod to start a stopped pod: billing starts.
func (m *Manager) Start(ctx context.Context, podID string) error {
	return m.act(ctx, podID, runpod.ActionStart)
}

func (m *Manager) act(ctx context.Context, podID string, action runpod.Action) error {
	client, err := m.api()
	if err != nil {
		return err
	}
	pod, err := client.PodAction(ctx, podID, action)
	if err != nil {
		if action == runpod.ActionStart {
			m.noteStartTrouble(podID, err)
		}
		return m.callError(err)
	}
	if pod != nil {
		m.mu.Lock()
		m.note(pod)
		m.mu.Unlock()
	}
	return nil
}

// ErrNoPod says that no pod, or more than one, is what the user meant.
var ErrNoPod = errors.New("which pod?")

// minIDPrefix is how much of an ID names a pod: less of it means little to a
// person.
const minIDPrefix = 4

// Find returns the pod that a user means: by ID, by name, or by the only name
// or ID that begins so. Its error wraps ErrNoPod.
func Find(pods []Pod, word string) (Pod, error) {
	var named, begin []Pod
	for _, p := range pods {
		switch {
		case p.ID == word:
			return p, nil
		case p.Name == word:
			named = append(named, p)
		case strings.HasPrefix(p.Name, word) || len(word) >= minIDPrefix && strings.HasPrefix(p.ID, word):
			begin = append(begin, p)
		}
	}
	if len(named) == 0 {
		named = begin
	}
	switch len(named) {
	case 0:
		return Pod{}, fmt.Errorf("%w none has the name or ID %q; podbay ls shows what there is", ErrNoPod, word)
	case 1:
		return named[0], nil
	}
	ids := make([]string, len(named))
	for i, p := range named {
		ids[i] = p.Name + " (" + p.ID + ")"
	}
	return Pod{}, fmt.Errorf("%w %q fits %d pods: %s; name one by its ID", ErrNoPod, word, len(named), strings.Join(ids, ", "))
}
