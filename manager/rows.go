package manager

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
)

// The longest texts that a screen is given, in cells.
const (
	maxName  = 80
	maxField = 160
)

// probed is what was last measured of a pod's direct endpoint.
type probed struct {
	addr    string    // what was measured: another address is another question
	started time.Time // the container's start time, by RunPod's clock: so is another container
	at      time.Time
	result  sshconn.ProbeResult
}

func (p probed) isAbout(pod runpod.Pod, addr string) bool {
	return p.addr == addr && p.started.Equal(pod.StartedAt)
}

// row makes the row of a pod from what is known of it. The manager's lock must
// be held.
func (m *Manager) row(p runpod.Pod) Pod {
	var (
		row   Pod
		facts doctor.Facts
	)
	m.rowAt(&row, &facts, &p, m.now())
	return row
}

// rowAt makes the row of a pod at a time, and the facts that it was judged by. The
// manager's lock must be held.
func (m *Manager) rowAt(row *Pod, facts *doctor.Facts, p *runpod.Pod, now time.Time) {
	*row = Pod{
		ID:          cleantext.Line(p.ID, maxName),
		Name:        cleantext.Line(p.Name, maxName),
		Status:      cleantext.Line(string(p.Status), maxName),
		GPU:         compute(p),
		Image:       cleantext.Line(p.Image, maxField),
		DataCenter:  cleantext.Line(p.DataCenterID, maxName),
		Community:   p.Cloud == runpod.CloudCommunity,
		PublicIP:    publicIP(p),
		Exposes22:   slices.Contains(p.Ports, "22/tcp"),
		CostPerHour: p.CostPerHour,
		Volume:      volume(p.Mounts),
		DiskGB:      p.DiskGB,
		Locked:      p.Locked,
		CanStart:    p.Allows(runpod.ActionStart) && p.Cluster == nil,
		CanStop:     p.Allows(runpod.ActionStop) && p.Cluster == nil && !p.Locked,
		Route:       route(*p, ""),
		HasProxy:    routeKind(p, RouteProxy) == RouteProxy,
	}
	if row.Name == "" {
		row.Name = row.ID
	}
	if row.HasProxy {
		row.ProxyCommand = command(*p.SSH.Proxy)
	}
	if p.Cluster != nil {
		row.Cluster = cleantext.Line(p.Cluster.ID, maxName)
	}
	if p.Status == runpod.StatusRunning {
		row.StartedAt = p.StartedAt
	}
	if p.SSH.Direct != nil {
		row.PublicPort = p.SSH.Direct.Port
	}
	row.HostKey, row.Agreed = m.hostKeyOf(p.ID), m.lastAgreed[p.ID]
	m.gather(facts, p, now)
	if probe, ok := m.probes[p.ID]; ok && facts.Probe.Outcome != "" {
		row.Probed, row.ServerVersion, row.Latency = probe.at, probe.result.Banner, probe.result.Latency
	}
	row.Verdict, row.Also = doctor.Triage(facts)
	if holdsShells(p.Status) {
		row.Kept = m.keptOn(p.ID)
	}
}

// route says how a connection would be made: via, or the best there is when via
// is "".
func route(p runpod.Pod, via RouteKind) Route {
	switch routeKind(&p, via) {
	case RouteDirect:
		return endpointRoute(RouteDirect, *p.SSH.Direct, "")
	case RouteProxy:
		return endpointRoute(RouteProxy, *p.SSH.Proxy, whyNotDirect(p))
	}
	switch {
	case isOff(&p):
		return Route{Kind: RouteNone, Reason: "the pod is not running"}
	case isStarting(&p):
		return Route{Kind: RouteNone, Reason: "the pod's container does not run yet"}
	case via == RouteProxy:
		return Route{Kind: RouteNone, Reason: "RunPod reports no proxy address for this pod"}
	}
	return Route{Kind: RouteNone, Reason: whyNotDirect(p)}
}

// routeKind is the kind of route, without its words.
func routeKind(p *runpod.Pod, via RouteKind) RouteKind {
	switch {
	case isOff(p):
		return RouteNone
	case p.SSH.Direct != nil && via != RouteProxy:
		return RouteDirect
	case p.SSH.Proxy != nil && via != RouteDirect && !isStarting(p):
		return RouteProxy
	}
	return RouteNone
}

func isOff(p *runpod.Pod) bool {
	return p.Status == runpod.StatusExited || p.Status == runpod.StatusTerminated || p.Status == runpod.StatusError
}

// isStarting holds while the proxy has no container to open a shell in, although RunPod
// reports its address. A public port is worth a try: sshd may answer already.
func isStarting(p *runpod.Pod) bool {
	return p.Status == runpod.StatusProvisioning || p.Status == runpod.StatusStarting
}

func whyNotDirect(p runpod.Pod) string {
	switch {
	case p.SSH.Direct != nil:
		return "asked for"
	case !slices.Contains(p.Ports, "22/tcp"):
		return "22/tcp is not among the pod's ports"
	case p.Cloud == runpod.CloudCommunity:
		return "RunPod reports no public port; community hosts often have no public IP"
	}
	return "RunPod reports no public port for 22/tcp"
}

func endpointRoute(kind RouteKind, e runpod.Endpoint, reason string) Route {
	return Route{
		Kind:    kind,
		Addr:    address(e),
		User:    cleantext.Line(e.Username, maxName),
		Command: command(e),
		Reason:  reason,
	}
}

func address(e runpod.Endpoint) string {
	return net.JoinHostPort(cleantext.Line(e.Host, maxField), strconv.Itoa(e.Port))
}

// plain tells whether a text is letters, digits and the signs of more, and begins
// with a letter, a digit or a sign of first.
func plain(s, first, more string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 && !strings.ContainsRune(first, rune(c)) || i > 0 && !strings.ContainsRune(more, rune(c))) {
			return false
		}
	}
	return s != ""
}

// command is the ssh command line for an endpoint. It is built here, and not
// taken from the API's own words, because a user will paste it into a shell.
func command(e runpod.Endpoint) string {
	if !plain(e.Host, "", ".:-") || !plain(e.Username, "_", "._-") {
		return ""
	}
	line := "ssh " + e.Username + "@" + e.Host
	if e.Port != 22 {
		line += " -p " + strconv.Itoa(e.Port)
	}
	return line
}

// publicIP is the address that RunPod reports for the pod, whether or not port
// 22 is mapped on it.
func publicIP(p *runpod.Pod) string {
	if p.SSH.Direct != nil {
		return cleantext.Line(p.SSH.Direct.Host, maxField)
	}
	if p.Runtime == nil {
		return ""
	}
	for _, port := range p.Runtime.Ports {
		if port.Type == "tcp" && port.IP != "" {
			return cleantext.Line(port.IP, maxField)
		}
	}
	return ""
}

func compute(p *runpod.Pod) string {
	switch {
	case p.GPU != nil:
		name := p.GPU.ID
		for _, maker := range []string{"NVIDIA ", "GeForce ", "AMD ", "Instinct "} {
			name = strings.TrimPrefix(name, maker)
		}
		name = cleantext.Line(name, maxName)
		if p.GPU.Count > 1 {
			return strconv.Itoa(p.GPU.Count) + "× " + name
		}
		return name
	case p.CPU != nil:
		return strconv.Itoa(p.CPU.VCPU) + " vCPU"
	}
	return ""
}

func volume(mounts runpod.Mounts) string {
	switch {
	case mounts.Persistent != nil:
		return cleantext.Line(strconv.Itoa(mounts.Persistent.SizeGB)+" GB volume at "+mounts.Persistent.Path, maxField)
	case len(mounts.Network) > 0:
		return cleantext.Line("network volume at "+mounts.Network[0].Path, maxField)
	}
	return ""
}
