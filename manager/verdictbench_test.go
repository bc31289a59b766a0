package manager_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"podbay/config"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
)

func noQuota(o *api.Options) { o.Quotas = []api.Quota{} }

// BenchmarkRefusalToVerdict connects to an sshd that takes no key: from enter to the
// verdict, with the questions to the account that it is told from.
func BenchmarkRefusalToVerdict(b *testing.B) {
	w, sshd := sshWorld(b, accountOptions{registered: true, api: noQuota}, nil)
	sshd.Authorize()
	for b.Loop() {
		_, err := w.m.Connect(b.Context(), it)
		var failure *manager.Failure
		if !errors.As(err, &failure) || failure.Verdict.ID != doctor.PodIgnoresKey {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckUpAll checks a hundred pods, half of which do not answer for as long
// as a probe waits.
func BenchmarkCheckUpAll(b *testing.B) {
	const pods, wait = 100, 500 * time.Millisecond
	silent := deaf(b)
	opts := accountOptions{registered: true, api: noQuota, host: api.FixedHost{}, settings: func(s *config.Settings) { s.ProbeTimeout = wait }}
	for i := range pods {
		id := fmt.Sprintf("pod%03d", i)
		opts.pods = append(opts.pods, running(id, func(spec *api.PodSpec) { spec.StartedAt = time.Now().Add(-time.Hour) }))
		opts.host[id] = silent
	}
	a := newAccount(b, opts)
	server := misbehaving(b, pod.Behaviour{}, a.key)
	for i := 0; i < pods; i += 2 {
		id := opts.pods[i].ID
		opts.host[id] = api.Endpoints{Direct: at(server)}
		if err := a.api.Recreate(id); err != nil {
			b.Fatal(err)
		}
		if err := a.m.TrustHostKey(id, server.HostKeys()[0].Public(), time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		count := map[doctor.ID]int{}
		for check := range a.m.CheckUpAll(b.Context()) {
			count[check.Verdict.ID]++
		}
		if count[doctor.Ready] != pods/2 || count[doctor.NoAnswer] != pods/2 {
			b.Fatal(count)
		}
	}
	b.ReportMetric(float64(wait.Milliseconds()), "ms/probe")
}
