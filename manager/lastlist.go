package manager

import (
	"errors"
	"slices"
	"time"

	"podbay/cleantext"
	"podbay/config"
	"podbay/runpod"
	"podbay/state"
)

// keptAgain is how long a list that changes all the time is not written anew.
const keptAgain = 30 * time.Second

// lastList is what the manager knows of the list that is kept between runs.
type lastList struct {
	order   []string  // the IDs as RunPod listed them last; nil: nothing to keep
	kept    time.Time // which answer is on the disk
	wrote   time.Time // when it was written
	changed bool      // the pods differ from those on the disk by more than their age
	writing bool
}

// LastList returns the rows of the list that was kept when podbay last ran on this
// account, with the time of RunPod's answer; ok is false when there is none. The
// rows carry no probe. It reads the disk alone, and does nothing once RunPod has
// answered.
func (m *Manager) LastList() (listing Listing, ok bool) {
	kept, err := m.store.LastList()
	if errors.Is(err, state.ErrNoLastList) {
		return Listing{}, false
	}
	if err != nil {
		m.log.Warn("there is no list to begin with", "error", err)
		return Listing{}, false
	}
	if kept.Account.Origin != m.opts.Origin || kept.At.After(m.now()) {
		return Listing{}, false
	}
	account, known := m.knownAccount()
	if !known || account != kept.Account {
		return Listing{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.listed.IsZero() {
		return Listing{}, false
	}
	m.listed, m.last.kept = kept.At, kept.At
	if len(m.pods) == 0 {
		m.pods = make(map[string]*listedPod, len(kept.Pods))
	}
	listed := make([]*listedPod, 0, len(kept.Pods))
	for i := range kept.Pods {
		if p, usable := fromKept(&kept.Pods[i]); usable {
			listed = append(listed, m.note(p))
		}
	}
	m.noteOrder(listed)
	listing = Listing{At: kept.At, Pods: m.makeRows(listed, m.now())}
	return listing, len(listing.Pods) > 0
}

// noteList has a list kept: soon when it differs from the one on the disk, else
// when the manager closes. The lock must be held.
func (m *Manager) noteList(listed []*listedPod, changed bool) {
	m.noteOrder(listed)
	m.last.changed = m.last.changed || changed
	if !m.last.changed || m.last.writing || m.closed || m.now().Sub(m.last.wrote) < keptAgain {
		return
	}
	m.last.writing = true
	m.side.Go(func() {
		defer m.recovered("keeping the list")
		m.keepList()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.last.writing = false
	})
}

func (m *Manager) noteOrder(listed []*listedPod) {
	if slices.EqualFunc(m.last.order, listed, func(id string, l *listedPod) bool { return id == l.pod.ID }) && m.last.order != nil {
		return
	}
	m.last.order = make([]string, len(listed))
	for i, l := range listed {
		m.last.order[i] = l.pod.ID
	}
}

// keepList writes the last list, unless it is on the disk.
func (m *Manager) keepList() {
	m.mu.Lock()
	list := state.LastList{Account: state.Account{Origin: m.opts.Origin}, At: m.listed}
	due := m.last.order != nil && !m.listed.Equal(m.last.kept)
	if due {
		list.Pods = make([]state.ListedPod, 0, len(m.last.order))
	}
	for _, id := range m.last.order {
		if l := m.pods[id]; l != nil && due {
			list.Pods = append(list.Pods, toKeep(l.pod))
		}
	}
	key := m.key.Key
	m.last.changed, m.last.wrote = false, m.now()
	m.mu.Unlock()
	if !due {
		return
	}
	if found, err := config.FindAPIKey(m.opts.Paths, m.opts.Getenv, m.opts.Origin); err != nil || found.Key.Reveal() != key.Reveal() {
		return // another podbay has logged out, or in with another key, and nothing of this one is to stay
	}
	tag, err := m.store.Tag(key.Reveal())
	if err == nil {
		list.Account.Tag = tag
		err = m.store.SaveLastList(list)
	}
	if err != nil {
		m.log.Warn("the list cannot be kept for the next start", "error", err)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last.kept = list.At
}

// differs tells whether a pod is reported otherwise, by what people look for.
func differs(old, p *runpod.Pod) bool {
	return old != p && (old.Name != p.Name || old.Status != p.Status || !old.StartedAt.Equal(p.StartedAt) ||
		old.CostPerHour != p.CostPerHour || !sameEndpoint(old.SSH.Direct, p.SSH.Direct) || !sameEndpoint(old.SSH.Proxy, p.SSH.Proxy))
}

func sameEndpoint(a, b *runpod.Endpoint) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Host == b.Host && a.Port == b.Port && a.Username == b.Username
}

// toKeep picks what is kept of a pod.
func toKeep(p *runpod.Pod) state.ListedPod {
	k := state.ListedPod{
		ID: p.ID, Name: p.Name, Status: string(p.Status), Image: p.Image, DiskGB: p.DiskGB, Ports: p.Ports,
		Cloud: string(p.Cloud), DataCenterID: p.DataCenterID, Cost: p.CostPerHour, Locked: p.Locked,
		PublicIP: publicIP(p), StartedAt: p.StartedAt,
	}
	for _, a := range p.Actions {
		k.Actions = append(k.Actions, string(a))
	}
	if v := p.Mounts.Persistent; v != nil {
		k.VolumeGB, k.VolumePath = v.SizeGB, v.Path
	}
	if len(p.Mounts.Network) > 0 {
		k.NetworkPath = p.Mounts.Network[0].Path
	}
	if p.GPU != nil {
		k.GPU, k.GPUs = p.GPU.ID, p.GPU.Count
	}
	if p.CPU != nil {
		k.VCPUs = p.CPU.VCPU
	}
	if e := p.SSH.Direct; e != nil {
		k.Direct = state.ListedEndpoint{Host: e.Host, Port: e.Port, Username: e.Username}
	}
	if e := p.SSH.Proxy; e != nil {
		k.Proxy = state.ListedEndpoint{Host: e.Host, Port: e.Port, Username: e.Username}
	}
	if p.Cluster != nil {
		k.Cluster = p.Cluster.ID
	}
	return k
}

// fromKept makes a pod of what was kept. The file may hold anything: texts are
// cleaned as the API's are, and what cannot be used as it is counts as not there.
func fromKept(k *state.ListedPod) (p *runpod.Pod, usable bool) {
	if k.ID == "" || keptText(k.ID) != k.ID {
		return nil, false
	}
	p = &runpod.Pod{
		ID: k.ID, Name: keptText(k.Name), Status: runpod.Status(keptText(k.Status)), Image: keptText(k.Image), DiskGB: k.DiskGB,
		Actions: keptTexts[runpod.Action](k.Actions), Ports: keptTexts[string](k.Ports),
		Cloud: runpod.Cloud(keptText(k.Cloud)), DataCenterID: keptText(k.DataCenterID), CostPerHour: k.Cost, Locked: k.Locked,
		SSH: runpod.SSH{Direct: endpointFromKept(k.Direct), Proxy: endpointFromKept(k.Proxy)}, StartedAt: k.StartedAt,
	}
	if k.VolumePath != "" {
		p.Mounts.Persistent = &runpod.PersistentMount{SizeGB: k.VolumeGB, Path: keptText(k.VolumePath)}
	}
	if k.NetworkPath != "" {
		p.Mounts.Network = []runpod.NetworkMount{{Path: keptText(k.NetworkPath)}}
	}
	if k.GPU != "" {
		p.GPU = &runpod.GPU{ID: keptText(k.GPU), Count: max(1, k.GPUs)}
	}
	if k.VCPUs != 0 {
		p.CPU = &runpod.CPU{VCPU: k.VCPUs}
	}
	if k.Cluster != "" {
		p.Cluster = &runpod.Cluster{ID: keptText(k.Cluster)}
	}
	if k.PublicIP != "" && p.SSH.Direct == nil {
		p.Runtime = &runpod.Runtime{Ports: []runpod.RuntimePort{{Type: "tcp", IP: keptText(k.PublicIP)}}}
	}
	return p, true
}

func endpointFromKept(k state.ListedEndpoint) *runpod.Endpoint {
	if k.Host == "" || keptText(k.Host) != k.Host || keptText(k.Username) != k.Username || k.Port < 1 || k.Port > 65535 {
		return nil
	}
	return &runpod.Endpoint{Host: k.Host, Port: k.Port, Username: k.Username}
}

// maxKept is as much of a text as the API's client takes, in cells.
const maxKept = 512

func keptText(s string) string { return cleantext.Line(s, maxKept) }

func keptTexts[T ~string](kept []string) []T {
	out := make([]T, len(kept))
	for i, s := range kept {
		out[i] = T(keptText(s))
	}
	return out
}
