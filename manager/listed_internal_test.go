package manager

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"podbay/config"
	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/state"
)

// drawReport is a pod as RunPod might report it.
func drawReport(t *rapid.T, id string, now time.Time) *runpod.Pod {
	flip := func(name string) bool { return rapid.Bool().Draw(t, name) }
	p := &runpod.Pod{
		ID: id, Name: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name"), Image: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "image"),
		Status:      rapid.SampledFrom([]runpod.Status{"RUNNING", "RUNNING", "RUNNING", "EXITED", "STARTING", "ERROR", "NEW"}).Draw(t, "status"),
		Actions:     rapid.SampledFrom([][]runpod.Action{nil, {"start"}, {"stop"}}).Draw(t, "actions"),
		Ports:       rapid.SampledFrom([][]string{nil, {"22/tcp"}}).Draw(t, "ports"),
		CostPerHour: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "cost"), Locked: flip("locked"),
		StartedAt: now.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "since")),
	}
	if flip("direct") {
		p.SSH.Direct = &runpod.Endpoint{Host: rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2"}).Draw(t, "host"), Port: 22, Username: "root"}
	}
	if flip("proxy") {
		p.SSH.Proxy = &runpod.Endpoint{Host: "ssh.runpod.io", Port: 22, Username: "token"}
	}
	if flip("gpu") {
		p.GPU = &runpod.GPU{ID: "A40", Count: rapid.IntRange(1, 2).Draw(t, "count")}
	}
	if flip("keyless") {
		p.Env = runpod.Env{publicKeyVariable: rapid.SampledFrom([]string{"", "null", "key"}).Draw(t, "key")}
	}
	if flip("volume") {
		p.Mounts.Persistent = &runpod.PersistentMount{SizeGB: 20, Path: "/workspace"}
	}
	return p
}

// learnSomething changes something that is known of a pod beside the list.
func learnSomething(t *rapid.T, m *Manager, id string, now time.Time) {
	p, _ := m.pod(id)
	at := now.Add(-time.Duration(rapid.IntRange(0, 7200).Draw(t, "ago")) * time.Second)
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		probe := probed{started: p.StartedAt, at: at, result: sshconn.ProbeResult{Outcome: sshconn.ProbeBanner, Latency: time.Millisecond, Banner: "SSH-2.0-x"}}
		if p.SSH.Direct != nil {
			probe.addr = address(*p.SSH.Direct)
		}
		m.probes[id] = probe
		if rapid.Bool().Draw(t, "told") {
			m.told(id, at)
		}
	case 1:
		delete(m.probes, id)
	case 2:
		m.met[id] = met{started: p.StartedAt, via: routeKind(&p, ""), at: at, login: doctor.Login{Outcome: doctor.LoginRefused, Offered: 1}}
	case 3:
		delete(m.met, id)
	case 4:
		m.memory[id] = state.PodMemory{LoginStart: p.StartedAt, LoginAccepted: at, HostKey: "SHA256:x", HostKeyType: "ED25519", LoginRefused: at, RefusedVia: "direct"}
	case 5:
		delete(m.memory, id)
	case 6:
		m.startTroubles[id] = startTrouble{words: "no", noFreeGPU: true}
	case 7:
		m.systemLogs[id] = systemLine{text: "pulling", at: at}
	case 8:
		m.shells["s"] = state.KeptShell{Name: "s", PodID: id, Since: at}
	case 9:
		m.lastAgreed[id] = Agreed{Cipher: "c"}
	}
}

// anotherAccount is not the manager's client: of it, no list is kept on the disk.
type anotherAccount struct{ api }

// TestKeptRowsAreThoseMadeAnew lets RunPod's reports, what is learned and the clock
// change at random: the rows of each listing are those that are made of all that is
// known then, and rows that were given out never change.
func TestKeptRowsAreThoseMadeAnew(t *testing.T) {
	ids := []string{"p0", "p1", "p2", "p3", "p4"}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		m, err := Open(Options{Paths: config.PathsUnder(dir), Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Close() }()
		var reports []*runpod.Pod
		for _, id := range ids {
			reports = append(reports, drawReport(t, id, now))
		}
		var given, copied []Pod
		for step := range rapid.IntRange(2, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				i := rapid.IntRange(0, len(reports)-1).Draw(t, "which")
				reports[i] = drawReport(t, reports[i].ID, now)
			case 1:
				learnSomething(t, m, rapid.SampledFrom(ids).Draw(t, "id"), now)
			case 2:
				now = now.Add(time.Duration(rapid.IntRange(1, 4000).Draw(t, "passed")) * time.Second)
			case 3:
				i := rapid.IntRange(0, len(reports)-1).Draw(t, "place")
				reports[0], reports[i] = reports[i], reports[0]
			case 4:
				if len(reports) > 1 {
					reports = reports[1:]
				} else {
					reports = append(reports, drawReport(t, rapid.SampledFrom(ids[1:]).Draw(t, "new")+fmt.Sprint(step), now))
				}
			case 5: // the same again
				for i, p := range reports {
					again := *p
					reports[i] = &again
				}
			}
			listing := m.take(anotherAccount{}, append([]*runpod.Pod{}, reports...))
			if diff := cmp.Diff(copied, given); diff != "" {
				t.Fatalf("rows that were given out have changed: %s", diff)
			}
			for i, row := range listing.Pods {
				l := m.pods[reports[i].ID]
				want := m.row(*l.pod)
				if !l.told.IsZero() && want.Probed.Equal(l.told) {
					want.Probed = row.Probed // Probe has told of it
				}
				if diff := cmp.Diff(want, row); diff != "" {
					t.Fatalf("step %d, row %d is not what is known: %s", step, i, diff)
				}
			}
			given, copied = listing.Pods, append([]Pod(nil), listing.Pods...)
			if again := m.take(anotherAccount{}, append([]*runpod.Pod{}, reports...)); len(again.Pods) != len(given) || len(given) > 0 && &again.Pods[0] != &given[0] {
				t.Fatal("another slice where nothing changed")
			}
		}
	})
}

// TestEveryFieldOfAReportCounts changes each field of a report: the row is kept only
// where no row shows it.
func TestEveryFieldOfAReportCounts(t *testing.T) {
	unseen := map[string]bool{"Args": true, "Env": true, "EnvWhole": true, "CUDAVersion": true, "TemplateID": true, "CreatedAt": true}
	full := func() *runpod.Pod {
		return &runpod.Pod{ID: "p", Actions: []runpod.Action{"a"}, Ports: []string{"22/tcp"}, GPU: &runpod.GPU{}, CPU: &runpod.CPU{}, Cluster: &runpod.Cluster{},
			Mounts: runpod.Mounts{Persistent: &runpod.PersistentMount{}}, SSH: runpod.SSH{Direct: &runpod.Endpoint{}, Proxy: &runpod.Endpoint{}}, Runtime: &runpod.Runtime{}}
	}
	for field := range reflect.TypeFor[runpod.Pod]().Fields() {
		p := full()
		value := reflect.ValueOf(p).Elem().FieldByIndex(field.Index)
		if field.Name == "Runtime" {
			continue // it counts for its public IP, where there is no direct endpoint
		}
		switch value.Kind() {
		case reflect.String:
			value.SetString("other")
		case reflect.Int:
			value.SetInt(7)
		case reflect.Float64:
			value.SetFloat(7)
		case reflect.Bool:
			value.SetBool(true)
		case reflect.Map:
			value.Set(reflect.ValueOf(runpod.Env{"A": "b"}))
		default:
			value.SetZero()
			if field.Name == "CreatedAt" || field.Name == "StartedAt" {
				value.Set(reflect.ValueOf(time.Unix(7, 0)))
			}
		}
		if same := sameReport(full(), p); same != unseen[field.Name] {
			t.Errorf("%s is another: the same row %v", field.Name, same)
		}
	}
	where := func(ip string) *runpod.Pod {
		return &runpod.Pod{Runtime: &runpod.Runtime{Ports: []runpod.RuntimePort{{Type: "tcp", IP: ip}}}}
	}
	if sameReport(where("192.0.2.1"), where("192.0.2.2")) || !sameReport(where("192.0.2.1"), where("192.0.2.1")) {
		t.Error("the public IP does not count")
	}
}
