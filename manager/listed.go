package manager

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"podbay/doctor"
	"podbay/runpod"
)

// listedPod is a pod as RunPod reported it, and its row.
type listedPod struct {
	pod     *runpod.Pod      // without Env and Args; never changed
	direct  *runpod.Pod      // the last one that had a direct endpoint; nil for none
	earlier string           // the last direct address of the container before that one
	keyless doctor.PublicKey // of which kind a PUBLIC_KEY is that holds no key
	answer  int              // the last one that listed it

	row     *Pod        // in Manager.rows; nil when it is in no listing
	rowOf   *runpod.Pod // what row was made of
	settled bool        // row says what was reported and nothing else, and the clock changes nothing in it
	told    time.Time   // when what Probe last sent was measured
}

// pod is what is known of a pod that was reported. The lock must be held.
func (m *Manager) pod(id string) (p runpod.Pod, known bool) {
	if l := m.pods[id]; l != nil {
		return *l.pod, true
	}
	return runpod.Pod{}, false
}

// note takes a reported pod into what is known, without its environment, of which no
// more is kept than that PUBLIC_KEY holds no key. The lock must be held.
func (m *Manager) note(p *runpod.Pod) *listedPod {
	if p.Status == runpod.StatusRunning {
		delete(m.startTroubles, p.ID)
		delete(m.systemLogs, p.ID)
	}
	l := m.pods[p.ID]
	if l == nil {
		l = &listedPod{}
		m.pods[p.ID] = l
	}
	if l.pod == p {
		return l
	}
	if keyless := sshdKey(p.Env); keyless != l.keyless {
		l.keyless, l.settled = keyless, false
	}
	if p.Env != nil || p.Args != "" {
		bare := *p
		bare.Env, bare.Args = nil, ""
		p = &bare
	}
	if p.SSH.Direct != nil {
		if l.direct != nil && !l.direct.StartedAt.Equal(p.StartedAt) {
			l.earlier = address(*l.direct.SSH.Direct)
		}
		l.direct = p
	}
	l.pod = p
	return l
}

// learned is the pods of which more is known than RunPod's list says: their rows are
// made anew each time. The lock must be held.
func (m *Manager) learned() map[string]bool {
	ids := map[string]bool{}
	add := func(id string) { ids[id] = true }
	each(m.memory, add)
	each(m.probes, add)
	each(m.met, add)
	each(m.startTroubles, add)
	each(m.systemLogs, add)
	each(m.stopped, add)
	each(m.lastAgreed, add)
	for _, shell := range m.shells {
		add(shell.PodID)
	}
	m.kept.each(add)
	return ids
}

func each[T any](known map[string]T, add func(string)) {
	for id := range known {
		add(id)
	}
}

// makeRows gives the rows of the pods that were listed: the very slice of the last time
// when none is another. Rows that cannot have changed are kept, and what is given out is
// never written to. The lock must be held.
func (m *Manager) makeRows(listed []*listedPod, now time.Time) []Pod {
	if len(m.rows) == 0 {
		m.rows = m.firstRows(listed, now)
		return m.rows
	}
	var (
		rows  []Pod        // nil while all are as before
		again []remade     // those that were made anew until then
		row   Pod          // the one that is being made; one for all, since there may be thousands
		facts doctor.Facts // likewise
	)
	another := func(i int) {
		rows = make([]Pod, len(listed))
		for j, l := range listed[:i] {
			rows[j] = *l.row
		}
		for j := range again {
			rows[again[j].at] = again[j].row
		}
	}
	learned := m.learned()
	for i, l := range listed {
		if rows == nil && (len(listed) != len(m.rows) || &m.rows[i] != l.row) {
			another(i)
		}
		made := l.row == nil || !m.keepsRow(l, learned[l.pod.ID])
		if made {
			m.rowAt(&row, &facts, l.pod, now)
			l.rowOf, l.settled = l.pod, !learned[l.pod.ID] && facts.Settled()
			if rows == nil && !l.says(&row) {
				another(i)
			}
		}
		switch {
		case rows != nil && made:
			rows[i] = row
		case rows != nil:
			rows[i] = *l.row
		case made:
			again = append(again, remade{i, row})
		}
	}
	if rows == nil {
		return m.rows
	}
	for i, l := range listed {
		l.row = &rows[i]
	}
	m.rows = rows
	return rows
}

// halved is from how many rows on they are made by two goroutines: people wait for the
// first thousands.
const halved = 1000

// firstRows gives the rows of pods when there are none yet. The lock must be held.
func (m *Manager) firstRows(listed []*listedPod, now time.Time) []Pod {
	rows, learned := make([]Pod, len(listed)), m.learned()
	fill := func(from, to int) {
		defer m.recovered("making rows")
		var facts doctor.Facts
		for i, l := range listed[from:to] {
			m.rowAt(&rows[from+i], &facts, l.pod, now)
			l.row, l.rowOf, l.settled = &rows[from+i], l.pod, !learned[l.pod.ID] && facts.Settled()
		}
	}
	half := len(listed)
	if half >= halved {
		half /= 2
	}
	var other sync.WaitGroup
	other.Go(func() { fill(half, len(listed)) })
	fill(0, half)
	other.Wait()
	return rows
}

// remade is a row that was made anew.
type remade struct {
	at  int
	row Pod
}

// says tells whether the row that was given out says the same: what it may lack is the
// time of a measurement that found no other, and that Probe has told of.
func (l *listedPod) says(row *Pod) bool {
	if l.told.IsZero() || !row.Probed.Equal(l.told) {
		return reflect.DeepEqual(l.row, row)
	}
	again := *row
	again.Probed = l.row.Probed
	return reflect.DeepEqual(l.row, &again)
}

// told notes that Probe has sent the row of a pod with what was measured then.
func (m *Manager) told(podID string, probed time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.pods[podID]; l != nil {
		l.told = probed
	}
}

// keepsRow tells whether the row of a pod cannot have become another. The lock must be
// held.
func (m *Manager) keepsRow(l *listedPod, learned bool) bool {
	if learned || !l.settled || l.rowOf != l.pod && !sameReport(l.rowOf, l.pod) {
		return false
	}
	l.rowOf = l.pod
	return true
}

// sameReport tells whether two reports of a pod give the same row, as long as nothing
// else is known of it.
func sameReport(a, b *runpod.Pod) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Status == b.Status && a.Image == b.Image && a.DiskGB == b.DiskGB &&
		a.Cloud == b.Cloud && a.DataCenterID == b.DataCenterID && a.CostPerHour == b.CostPerHour && a.Locked == b.Locked &&
		a.StartedAt.Equal(b.StartedAt) && slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Ports, b.Ports) &&
		sameEndpoint(a.SSH.Direct, b.SSH.Direct) && sameEndpoint(a.SSH.Proxy, b.SSH.Proxy) &&
		samePlace(a.Cluster, b.Cluster) && sameCompute(a, b) && sameVolume(a.Mounts, b.Mounts) && publicIP(a) == publicIP(b)
}

func samePlace(a, b *runpod.Cluster) bool {
	return a == nil && b == nil || a != nil && b != nil && a.ID == b.ID
}

func sameCompute(a, b *runpod.Pod) bool {
	gpu := a.GPU == b.GPU || a.GPU != nil && b.GPU != nil && *a.GPU == *b.GPU
	cpu := a.CPU == b.CPU || a.CPU != nil && b.CPU != nil && a.CPU.VCPU == b.CPU.VCPU
	return gpu && cpu
}

func sameVolume(a, b runpod.Mounts) bool {
	if a.Persistent != nil || b.Persistent != nil {
		return a.Persistent != nil && b.Persistent != nil && *a.Persistent == *b.Persistent
	}
	network := func(m runpod.Mounts) (path string, there bool) {
		if len(m.Network) == 0 {
			return "", false
		}
		return m.Network[0].Path, true
	}
	pathA, inA := network(a)
	pathB, inB := network(b)
	return pathA == pathB && inA == inB
}

// forgetGone drops what is known of pods that the last answer does not list. The lock
// must be held.
func (m *Manager) forgetGone(listed int) {
	if len(m.pods) != listed {
		maps.DeleteFunc(m.pods, func(_ string, l *listedPod) bool { return l.answer != m.answers })
	}
	gone := func(id string) bool { return m.pods[id] == nil }
	maps.DeleteFunc(m.probes, func(id string, _ probed) bool { return gone(id) })
	maps.DeleteFunc(m.met, func(id string, _ met) bool { return gone(id) })
	maps.DeleteFunc(m.startTroubles, func(id string, _ startTrouble) bool { return gone(id) })
	maps.DeleteFunc(m.systemLogs, func(id string, _ systemLine) bool { return gone(id) })
}
