package manager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
)

// refusedLogin remembers a refused login, and gathers what can be known of its
// cause: from the server's answers, the account, the pod's PUBLIC_KEY and podbay's
// own records.
func (m *Manager) refusedLogin(ctx context.Context, a *attempt, err *sshconn.AuthError) doctor.Login {
	login := m.localLogin(ctx, a)
	login.Outcome = doctor.LoginRefused
	login.User = cleantext.Line(a.user, maxName)
	login.TooMany = err.TooMany || len(err.Skipped) > 0
	login.Methods = strings.Join(err.Methods, ", ")
	var offered []string
	for _, key := range err.Offered {
		if key.Failed == nil {
			login.Offered++
			login.MoreWanted = login.MoreWanted || key.Taken
			offered = append(offered, key.Fingerprint)
			continue
		}
		login.Unusable++
		if login.Blocked.Fault == "" {
			login.Blocked = doctor.BlockedKey{Fault: doctor.KeyOtherwise, Name: key.Name, Words: key.Name + ": " + key.Failed.Error()}
		}
	}
	if login.Offered == 0 && len(err.Unusable) > 0 {
		login.TypesRefused = strings.Join(err.Unusable, ", ")
	}
	login.Unusable += len(err.Unusable)
	login.PasswordOnly = !login.MoreWanted && len(err.Methods) > 0 && !slices.Contains(err.Methods, "publickey")
	if login.Offered == 0 && !login.PasswordOnly && login.TypesRefused == "" {
		login.Outcome = doctor.LoginNoKey
		return login
	}
	m.registration(ctx, a, &login, offered, err.Skipped)
	now := m.now()
	m.remember(a.pod.ID, func(p *state.PodMemory) {
		noteRefused(p, now, a.pod.StartedAt, login, offered, a.route)
	})
	return login
}

// noKeyLogin is a login that had no key to offer.
func (m *Manager) noKeyLogin(ctx context.Context, a *attempt) doctor.Login {
	login := m.localLogin(ctx, a)
	login.Outcome = doctor.LoginNoKey
	login.Unusable = len(a.found.Identities)
	if registered, known := m.knownRegistered(), false; registered != nil {
		for _, id := range a.found.Identities {
			if id.Public == nil || registered[sshkey.Fingerprint(id.Public)] {
				return login // what cannot be read may be registered
			}
			known = true
		}
		if known {
			login.Registered = doctor.RegisteredNo
		}
	}
	return login
}

// localLogin is what this machine's keys say of a login. Which of them are
// registered is asked first: a key that no pod would take is in nobody's way.
func (m *Manager) localLogin(ctx context.Context, a *attempt) doctor.Login {
	if client, err := m.api(); err == nil {
		if _, err := m.registeredLines(ctx, client); err != nil {
			m.log.Debug("the registered keys are not known", "error", err)
		}
	}
	login := doctor.Login{Blocked: m.blocked(a), Withheld: m.withheld(ctx, a)}
	switch a.found.Agent {
	case identity.AgentLocked:
		login.Agent = doctor.AgentLocked
	case identity.AgentEmpty:
		login.Agent = doctor.AgentEmpty
	case identity.AgentDead:
		login.Agent = doctor.AgentDead
	}
	if a.found.AgentErr != nil {
		login.AgentWords = cleantext.Line(a.found.AgentErr.Error(), 2*maxField)
	}
	return login
}

// blocked is what is wrong with the first key that was found and cannot be used:
// with one that is registered, or with any when there is no usable one.
func (m *Manager) blocked(a *attempt) doctor.BlockedKey {
	registered := m.knownRegistered()
	for _, id := range a.found.Identities {
		if id.Problem == nil {
			continue
		}
		if len(a.usable) == 0 || id.Public != nil && registered[sshkey.Fingerprint(id.Public)] {
			return doctor.BlockedKey{Fault: faultOf(id.Problem), Name: id.Name(), Words: id.Problem.Error()}
		}
	}
	return doctor.BlockedKey{}
}

func faultOf(problem error) doctor.KeyFault {
	p, ok := errors.AsType[*identity.Problem](problem)
	switch {
	case ok && p.Kind == identity.ModeTooOpen:
		return doctor.KeyModeOpen
	case ok && p.Kind == identity.WrongOwner:
		return doctor.KeyOfAnother
	}
	return doctor.KeyOtherwise
}

func (m *Manager) knownRegistered() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.registered.fingerprints
}

// withheld is the setting of ~/.ssh/config that kept a key from being offered to
// this host which is registered on the account and can be used; "" when none did.
func (m *Manager) withheld(ctx context.Context, a *attempt) string {
	setting := a.found.Narrowed
	registered := m.knownRegistered()
	if setting == "" || len(registered) == 0 {
		return ""
	}
	all, err := m.keyFinder().Find(ctx, identity.Query{})
	if err != nil {
		return ""
	}
	for _, id := range all.Identities {
		if id.Problem != nil || id.Public == nil || !registered[sshkey.Fingerprint(id.Public)] {
			continue
		}
		if len(sameKey(a.found.Identities, sshkey.Fingerprint(id.Public))) == 0 {
			return setting
		}
	}
	return ""
}

// registration asks the account and the pod about the offered keys: the commonest
// causes of a refusal are there.
func (m *Manager) registration(ctx context.Context, a *attempt, login *doctor.Login, offered, skipped []string) {
	client, err := m.api()
	if err != nil {
		return
	}
	login.Registered, login.SkippedRegistered = m.askRegistered(ctx, client, a, offered, skipped)
	if a.route.Kind != RouteDirect || login.Registered == doctor.RegisteredNo {
		return
	}
	login.PublicKey = publicKeyFact(m.envOf(ctx, client, a), offered)
	login.RegisteredLater = m.registeredLater(offered, a.pod.StartedAt)
}

// envOf is the pod's environment: secrets, that are looked at and not kept.
func (m *Manager) envOf(ctx context.Context, client api, a *attempt) runpod.Env {
	if a.env != nil {
		return a.env
	}
	pod, err := client.GetPod(ctx, a.pod.ID)
	if err != nil {
		m.log.Debug("the pod's PUBLIC_KEY is not known", "pod", a.pod.ID, "error", err)
		return nil
	}
	return pod.Env
}

// registeredFresh is how old the registered keys may be that explain a refusal:
// pods that are checked side by side ask once, for RunPod's quota is 60 calls a
// minute.
const registeredFresh = 10 * time.Second

// registeredLines asks for the account's registered keys, once for all who ask at
// the same time.
func (m *Manager) registeredLines(ctx context.Context, client api) ([]string, error) {
	m.askingKeys.Lock()
	defer m.askingKeys.Unlock()
	m.mu.Lock()
	known := m.registered
	m.mu.Unlock()
	if known.lines != nil && m.now().Sub(known.learned) < registeredFresh {
		return known.lines, nil
	}
	lines, err := client.SSHKeys(ctx)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered.learn(lines, m.now())
	return lines, nil
}

// askRegistered tells whether one of the offered keys is registered, and whether
// one of those that were held back is.
func (m *Manager) askRegistered(ctx context.Context, client api, a *attempt, offered, skipped []string) (doctor.Registered, bool) {
	lines, err := m.registeredLines(ctx, client)
	if err != nil {
		m.log.Debug("the registered keys are not known", "error", err)
		return "", false
	}
	prints := fingerprints(lines)
	held := slices.ContainsFunc(a.usable, func(id identity.Identity) bool {
		return slices.Contains(skipped, id.Name()) && prints[sshkey.Fingerprint(id.Public)]
	})
	switch {
	case slices.ContainsFunc(offered, func(print string) bool { return prints[print] }):
		return doctor.RegisteredYes, held
	case !held && standsMalformed(lines, offered):
		return doctor.RegisteredMalformed, false
	}
	return doctor.RegisteredNo, held
}

// standsMalformed tells whether one of the keys can be made out in a registered
// entry that is no key as it stands.
func standsMalformed(lines, offered []string) bool {
	for _, line := range lines {
		if len(fingerprints([]string{line})) > 0 {
			continue
		}
		for _, key := range sshkey.Judge(line).Keys {
			if slices.Contains(offered, key.Fingerprint) {
				return true
			}
		}
		if slices.ContainsFunc(offered, func(print string) bool { return strings.Contains(line, print) }) {
			return true // the fingerprint was registered in place of the key
		}
	}
	return false
}

// publicKeyFact is what the pod's PUBLIC_KEY says of the offered keys.
func publicKeyFact(env runpod.Env, offered []string) doctor.PublicKey {
	fact := doctor.PublicKey("")
	for _, print := range offered {
		state := publicKeyOf(env, print)
		if state == publicKeyHas {
			return doctor.PublicKeyHas
		}
		fact = state.fact()
	}
	return fact
}

// clockMargin is by how much a registration must be later than a container's start
// for that to be believed: the one is told by this machine's clock, the other by
// RunPod's.
const clockMargin = 5 * time.Minute

// registeredLater tells whether, by podbay's records, every offered key that was
// registered from here was registered after the container had started.
func (m *Manager) registeredLater(offered []string, started time.Time) bool {
	account, ok := m.knownAccount()
	if !ok || started.IsZero() {
		return false
	}
	record, later := m.keyRecord(account), false
	for _, print := range offered {
		registered, from := record.Registered[print]
		if !from {
			continue
		}
		if !registered.At.After(started.Add(clockMargin)) {
			return false
		}
		later = true
	}
	return later
}

// anyRegistered tells whether one of the keys is registered on the account.
func (m *Manager) anyRegistered(ctx context.Context, offered []sshconn.Attempt) doctor.Registered {
	client, err := m.api()
	if err != nil {
		return ""
	}
	prints := make([]string, len(offered))
	for i, key := range offered {
		prints[i] = key.Fingerprint
	}
	registered, _ := m.askRegistered(ctx, client, &attempt{}, prints, nil)
	if registered == doctor.RegisteredMalformed {
		return doctor.RegisteredNo // as RunPod sees it
	}
	return registered
}
