package manager

import (
	"strings"
	"time"

	"podbay/doctor"
	"podbay/runpod"
	"podbay/state"
)

// What is remembered of a login or a host key holds for one container. Whether
// that is still the container that runs is told by RunPod's own start times,
// compared for equality: this machine's clock may be wrong.

// noteRefused keeps that the container that runs since started refused a login, and
// what was known of the cause: the next podbay then says the same.
func noteRefused(p *state.PodMemory, at, started time.Time, l doctor.Login, offered []string, via Route) {
	p.LoginRefused, p.RefusedKeys, p.RefusedVia = at, l.Offered, string(via.Kind)
	p.Refusal = state.Refusal{
		Offered: strings.Join(offered, " "), User: l.User, Registered: string(l.Registered), RegisteredLater: l.RegisteredLater, SkippedRegistered: l.SkippedRegistered,
		PublicKey: string(l.PublicKey), PasswordOnly: l.PasswordOnly, Methods: l.Methods, MoreWanted: l.MoreWanted,
		TooMany: l.TooMany, TypesRefused: l.TypesRefused,
	}
	noteLogin(p, started, via)
}

// refusedBefore is the login that noteRefused kept.
func refusedBefore(p state.PodMemory, now time.Time) doctor.Login {
	r := p.Refusal
	return doctor.Login{
		Outcome: doctor.LoginRefused, Age: now.Sub(p.LoginRefused), Offered: p.RefusedKeys,
		User: r.User, Registered: doctor.Registered(r.Registered), RegisteredLater: r.RegisteredLater, SkippedRegistered: r.SkippedRegistered,
		PublicKey: doctor.PublicKey(r.PublicKey), PasswordOnly: r.PasswordOnly, Methods: r.Methods, MoreWanted: r.MoreWanted,
		TooMany: r.TooMany, TypesRefused: r.TypesRefused,
	}
}

// noteLogin keeps which container was logged in to, and where it was.
func noteLogin(p *state.PodMemory, started time.Time, via Route) {
	p.LoginStart = started
	if via.Kind == RouteDirect {
		p.LoginAddr = via.Addr
	}
}

// loginBefore tells whether an earlier container of the pod had this address.
func loginBefore(memory state.PodMemory, addr string, p runpod.Pod) bool {
	return memory.LoginAddr == addr && !memory.LoginStart.IsZero() && !memory.LoginStart.Equal(p.StartedAt)
}

// noteAccepted keeps that the container that runs since started took a login.
func noteAccepted(p *state.PodMemory, at, started time.Time, key string, via Route) {
	p.LastKey, p.LoginAccepted = key, at
	if p.RefusedVia == string(via.Kind) || !p.LoginStart.Equal(started) {
		p.LoginRefused, p.RefusedKeys, p.RefusedVia, p.Refusal = time.Time{}, 0, "", state.Refusal{}
	}
	noteLogin(p, started, via)
}

// login tells of the last login by this route to the container that runs since
// startedAt; one to an earlier container says nothing of this one.
func login(memory state.PodMemory, via RouteKind, startedAt, now time.Time) doctor.Login {
	switch {
	case !memory.LoginStart.Equal(startedAt):
		return doctor.Login{}
	case !memory.LoginRefused.IsZero() && memory.RefusedVia == string(via):
		return refusedBefore(memory, now)
	case !memory.LoginAccepted.IsZero():
		return doctor.Login{Outcome: doctor.LoginAccepted, Age: now.Sub(memory.LoginAccepted)}
	}
	return doctor.Login{}
}

// StartedSince tells whether the pod was started since it last showed its known
// host key.
type StartedSince string

// The answers. "" means that it cannot be told.
const (
	StartedSinceYes StartedSince = "yes" // a new container makes new host keys: an innocent explanation
	StartedSinceNo  StartedSince = "no"
)

func startedSince(memory state.PodMemory, p runpod.Pod) StartedSince {
	switch {
	case memory.StartedAt.IsZero(), p.StartedAt.IsZero():
		return ""
	case memory.StartedAt.Equal(p.StartedAt):
		return StartedSinceNo
	case p.StartedAt.After(memory.StartedAt): // both by RunPod's clock
		return StartedSinceYes
	}
	return ""
}
