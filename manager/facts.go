package manager

import (
	"slices"
	"strings"
	"time"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/runpod"
)

// met is what the last connection to a container saw, for as long as that container
// runs: the list then says the same as the screen that told of the failure.
type met struct {
	started time.Time // the container's start time, by RunPod's clock
	via     RouteKind
	at      time.Time
	hostKey doctor.HostKey
	login   doctor.Login
	session doctor.Session
	// attempt is what failed, where nothing that is measured or kept elsewhere
	// tells of it.
	attempt doctor.Attempt
}

func (s met) isAbout(p runpod.Pod, via RouteKind) bool {
	return s.started.Equal(p.StartedAt) && s.via == via
}

// startTrouble is why a pod could not be started.
type startTrouble struct {
	words     string
	noFreeGPU bool
}

// systemLine is the last line of RunPod's own log of a pod.
type systemLine struct {
	text string
	at   time.Time // when RunPod wrote it
}

// facts gathers what is known of a pod. The manager's lock must be held.
func (m *Manager) facts(p runpod.Pod, now time.Time) (f doctor.Facts) {
	m.gather(&f, &p, now)
	return f
}

// gather is facts, into facts that may have been another pod's: a list of thousands
// needs them one after the other. The manager's lock must be held.
func (m *Manager) gather(f *doctor.Facts, p *runpod.Pod, now time.Time) {
	*f = doctor.Facts{
		Status:    cleantext.Line(string(p.Status), maxName),
		Community: p.Cloud == runpod.CloudCommunity,
		Exposes22: slices.Contains(p.Ports, "22/tcp"),
		HasProxy:  p.SSH.Proxy != nil,
		CanStart:  p.Allows(runpod.ActionStart),
		Cluster:   p.Cluster != nil,
		Locked:    p.Locked,
		StartCost: p.CostPerHour,
		DiskGB:    p.DiskGB,
		Volume:    volume(p.Mounts),
	}
	if !p.StartedAt.IsZero() {
		f.Started, f.SinceStart = true, now.Sub(p.StartedAt)
	}
	if p.SSH.Direct != nil {
		f.DirectAddr = address(*p.SSH.Direct)
		f.PortOfEarlier = m.earlier(p.ID) == f.DirectAddr || loginBefore(m.memory[p.ID], f.DirectAddr, *p)
	}
	if probe, ok := m.probes[p.ID]; ok && probe.isAbout(*p, f.DirectAddr) {
		f.Probe = doctor.Probe{
			Outcome: doctor.Outcome(probe.result.Outcome),
			Latency: probe.result.Latency,
			Server:  probe.result.Banner,
			Got:     probe.result.Got,
		}
	}
	if trouble, ok := m.startTroubles[p.ID]; ok {
		f.StartFailed, f.NoFreeGPU = trouble.words, trouble.noFreeGPU
	}
	if line, ok := m.systemLogs[p.ID]; ok {
		f.SystemLog, f.SystemLogAge = line.text, now.Sub(line.at)
	}
	m.meeting(f, p, now)
}

// earlier is where the last container but one was reported; "" for nowhere. The
// manager's lock must be held.
func (m *Manager) earlier(podID string) string {
	if l := m.pods[podID]; l != nil {
		return l.earlier
	}
	return ""
}

// meeting adds what the last connection to the present container saw. The
// manager's lock must be held.
func (m *Manager) meeting(f *doctor.Facts, p *runpod.Pod, now time.Time) {
	via := routeKind(p, "")
	last, ok := m.met[p.ID]
	if ok && last.isAbout(*p, via) {
		f.HostKey, f.Session, f.Attempt = last.hostKey, last.session, last.attempt
		f.Login = last.login
		f.Login.Age = now.Sub(last.at)
	}
	if f.Login.Outcome == "" && f.Login.WantsPassphrase == "" {
		f.Login = login(m.memory[p.ID], via, p.StartedAt, now)
	}
	if f.Login.PublicKey == "" {
		if l := m.pods[p.ID]; l != nil {
			f.Login.PublicKey = l.keyless
		}
	}
	if offered := strings.Fields(m.memory[p.ID].Refusal.Offered); f.Login.Registered == doctor.RegisteredNo || f.Login.Registered == doctor.RegisteredMalformed {
		// A key that was registered since is not missing on the account any more.
		if slices.ContainsFunc(offered, func(print string) bool { return m.registered.fingerprints[print] }) {
			f.Login.Registered = doctor.RegisteredYes
		}
	}
	if f.Login.Outcome == doctor.LoginRefused && f.Login.User == "" && p.SSH.Direct != nil && via == RouteDirect {
		f.Login.User = cleantext.Line(p.SSH.Direct.Username, maxName)
	}
	if f.HostKey.Trust == "" {
		f.HostKey = m.hostKeyFact(*p, f.DirectAddr)
	}
}

func (m *Manager) meet(p runpod.Pod, via RouteKind, change func(*met)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.met[p.ID]
	if !s.isAbout(p, via) {
		s = met{}
	}
	s.started, s.via, s.at = p.StartedAt, via, m.now()
	change(&s)
	m.met[p.ID] = s
}
