package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
)

// Evidence is one thing that was seen. Its texts are cleaned.
type Evidence struct {
	By   string    // who saw or says it: "RunPod", "podbay", "the server", "this machine"
	What string    // "195.26.233.3:34446 answers: SSH-2.0-OpenSSH_9.6, in 38 ms"
	At   time.Time // when; zero where that is of no matter
}

// String is the evidence as one line.
func (e Evidence) String() string {
	line := e.By + ": " + e.What
	if !e.At.IsZero() {
		line = e.At.Local().Format(time.TimeOnly) + " " + line
	}
	return line
}

// Who says what was seen.
const (
	byRunPod  = "RunPod"
	byLog     = "RunPod's log"
	byPodbay  = "podbay"
	byServer  = "the server"
	byMachine = "this machine"
)

// reported is what RunPod says of the pod. The attempt is about the pod as it was
// reported just now.
func (m *Manager) reported(a *attempt) []Evidence {
	now := m.now()
	status := "status " + a.row.Status
	if !a.row.StartedAt.IsZero() {
		status += ", started " + doctor.Age(now.Sub(a.row.StartedAt)) + " ago"
	}
	seen := []Evidence{{byRunPod, status, now}}
	if a.row.Status == string(runpod.StatusRunning) {
		seen = append(seen, Evidence{byRunPod, "public IP " + a.row.IPWord() + ", port 22 " + a.row.PortWord(), now})
	}
	if a.row.Locked {
		seen = append(seen, Evidence{byRunPod, "the pod is locked", now})
	}
	if a.row.Cluster != "" {
		seen = append(seen, Evidence{byRunPod, "a member of cluster " + a.row.Cluster, now})
	}
	return seen
}

// probedEvidence is what the last probe of the pod saw.
func (m *Manager) probedEvidence(p runpod.Pod) []Evidence {
	m.mu.Lock()
	probe, ok := m.probes[p.ID]
	m.mu.Unlock()
	if !ok {
		return nil
	}
	what := probe.addr + " "
	switch r := probe.result; r.Outcome {
	case sshconn.ProbeBanner:
		what += fmt.Sprintf("answers: %s, in %s", r.Banner, doctor.Milliseconds(r.Latency))
	case sshconn.ProbeRefused:
		what += "refuses the connection"
	case sshconn.ProbeTimeout:
		what += "does not answer within " + m.opts.Settings.ProbeTimeout.String()
	case sshconn.ProbeUnreachable:
		what += "cannot be reached"
	case sshconn.ProbeSilent:
		what += "accepts the connection and says nothing within " + m.opts.Settings.ProbeTimeout.String()
	case sshconn.ProbeClosed:
		what += "closes the connection before a banner"
	case sshconn.ProbeNotSSH:
		what += fmt.Sprintf("answers with %q, which is not SSH", r.Got)
	}
	return []Evidence{{byPodbay, what, probe.at}}
}

// evidence lists what a failed attempt saw.
func (m *Manager) evidence(a *attempt, login doctor.Login, err error) []Evidence {
	now := m.now()
	var seen []Evidence
	add := func(by, format string, args ...any) {
		seen = append(seen, Evidence{by, fmt.Sprintf(format, args...), now})
	}
	if a.route.Addr != "" {
		add(byRunPod, "the way is %s, %s@%s", a.route.Kind, a.route.User, a.route.Addr)
	}
	if a.route.Reason != "" {
		add(byRunPod, "not direct: %s", a.route.Reason)
	}
	if a.notice != "" {
		add(byPodbay, "%s", a.notice)
	}
	add(byPodbay, "%s", err.Error())
	var refused *sshconn.AuthError
	if errors.As(err, &refused) {
		seen = append(seen, offers(refused, now)...)
	}
	seen = append(seen, accountEvidence(login, now)...)
	seen = append(seen, keyEvidence(a.found, now)...)
	if !a.row.Probed.IsZero() && a.row.ServerVersion != "" {
		seen = append(seen, Evidence{byServer, "the last probe saw " + a.row.ServerVersion, a.row.Probed})
	}
	return seen
}

// offers is what a refused login offered, and what the server said.
func offers(refused *sshconn.AuthError, now time.Time) []Evidence {
	var seen []Evidence
	for _, key := range refused.Offered {
		what := fmt.Sprintf("refused the key %s %s", key.Name, key.Fingerprint)
		switch {
		case key.Failed != nil:
			what = fmt.Sprintf("would take the key %s %s, which could not sign: %v", key.Name, key.Fingerprint, key.Failed)
		case key.Taken:
			what = fmt.Sprintf("took the key %s %s and refused the login all the same", key.Name, key.Fingerprint)
		}
		seen = append(seen, Evidence{byServer, what, now})
	}
	for _, name := range refused.Skipped {
		seen = append(seen, Evidence{byPodbay, "held back the key " + name + ", so as not to exceed the server's limit", now})
	}
	for _, name := range refused.Unusable {
		seen = append(seen, Evidence{byServer, "accepts no signature that the key " + name + " can make", now})
	}
	if len(refused.Methods) > 0 {
		seen = append(seen, Evidence{byServer, "takes " + strings.Join(refused.Methods, ", "), now})
	}
	if refused.Banner != "" {
		seen = append(seen, Evidence{byServer, "says: " + refused.Banner, now})
	}
	return seen
}

// accountEvidence is what RunPod knows of the keys that were offered.
func accountEvidence(login doctor.Login, now time.Time) []Evidence {
	var seen []Evidence
	add := func(by, what string) { seen = append(seen, Evidence{by, what, now}) }
	switch login.Registered {
	case doctor.RegisteredYes:
		add(byRunPod, "an offered key is registered on the account")
	case doctor.RegisteredNo:
		add(byRunPod, "none of the offered keys is registered on the account")
	case doctor.RegisteredMalformed:
		add(byRunPod, "an offered key stands on the account in a form that is no key")
	}
	switch login.PublicKey {
	case doctor.PublicKeyHas:
		add(byRunPod, "the pod's PUBLIC_KEY has an offered key")
	case doctor.PublicKeyLacks:
		add(byRunPod, "the pod's PUBLIC_KEY holds other keys")
	case doctor.PublicKeyEmpty, doctor.PublicKeyNull:
		add(byRunPod, "the pod's PUBLIC_KEY is "+string(login.PublicKey))
	}
	if login.RegisteredLater {
		add(byPodbay, "registered the key from this machine after the container had started")
	}
	return seen
}

// keyEvidence is what is wrong with the keys of this machine.
func keyEvidence(found identity.Set, now time.Time) []Evidence {
	var seen []Evidence
	add := func(what string) { seen = append(seen, Evidence{byMachine, what, now}) }
	for _, id := range found.Identities {
		if id.Problem != nil {
			add("not usable: " + id.Problem.Error())
		}
	}
	if found.AgentErr != nil {
		add("ssh-agent: " + found.AgentErr.Error())
	}
	for _, note := range found.Notes {
		add(note)
	}
	return seen
}

// systemLogTime bounds the wait for RunPod's log of a pod.
const systemLogTime = 2 * time.Second

// readSystemLog asks for the last line of RunPod's own log of a pod, and keeps it
// for as long as the pod does not run. ok is false when there is none.
func (m *Manager) readSystemLog(ctx context.Context, p runpod.Pod) (line systemLine, ok bool) {
	client, err := m.api()
	if err != nil {
		return systemLine{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, systemLogTime)
	defer cancel()
	for entry, err := range client.Logs(ctx, p.ID, runpod.LogOptions{Source: runpod.LogSystem, Tail: 1}) {
		if err != nil {
			m.log.Debug("the pod's system log cannot be read", "pod", p.ID, "error", err)
			break
		}
		if text := strings.TrimSpace(entry.Line); text != "" {
			line, ok = systemLine{text, entry.Time}, true
			break // a tail of one line: what follows is waited for in vain
		}
	}
	if ok {
		m.mu.Lock()
		m.systemLogs[p.ID] = line
		m.mu.Unlock()
	}
	return line, ok
}
