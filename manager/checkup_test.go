package manager_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
)

func TestCheckUpAllIsBoundedAndEndsWithItsContext(t *testing.T) {
	const most, pods = 16, 20
	var open atomic.Int32
	full := make(chan struct{})
	server, err := pod.Start(pod.Config{
		Container: pod.Container{PodID: podID, Home: t.TempDir()},
		Behaviour: pod.Behaviour{AuthDelay: time.Hour},
		Sleep: func(ctx context.Context, _ time.Duration) error { // each login is held
			if open.Add(1) == most {
				close(full)
			}
			<-ctx.Done()
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	opts := accountOptions{registered: true, host: api.FixedHost{}}
	for i := range pods {
		id := fmt.Sprintf("pod%03d", i)
		opts.pods = append(opts.pods, running(id, nil))
		opts.host[id] = api.Endpoints{Direct: at(server)}
	}
	a := newAccount(t, opts)
	for _, p := range opts.pods {
		if err := a.m.TrustHostKey(p.ID, server.HostKeys()[0].Public(), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	checks := a.m.CheckUpAll(ctx)
	<-full
	cancel()
	for c := range checks {
		t.Errorf("a cancelled check-up was sent: %+v", c.Verdict)
	}
	if n := open.Load(); n != most {
		t.Errorf("%d pods were logged in to side by side, want %d", n, most)
	}
}

// TestCausesThatCombine removes one cause after the other, in the order in which
// podbay names them.
func TestCausesThatCombine(t *testing.T) {
	w := proxyWorld(t, accountOptions{}, nil, func(spec *api.PodSpec) { spec.Cloud, spec.NoPublicIP = api.CloudCommunity, true })
	w.chmod(t, 0o644)
	want := func(ids ...doctor.ID) {
		t.Helper()
		check := w.m.CheckUp(t.Context(), manager.CheckUpRequest{PodID: podID})
		got := []doctor.ID{check.Verdict.ID}
		for _, v := range check.Also {
			got = append(got, v.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("in the way: %s, want %s", got, ids)
		}
	}
	want(doctor.KeyModeTooOpen, doctor.KeyUnknown, doctor.ProxyNoIP)
	if _, err := w.m.MendLocal(t.Context(), w.keyFile(), nil); err != nil {
		t.Fatal(err)
	}
	want(doctor.KeyUnknown, doctor.ProxyNoIP)
	w.registers(t, w.line())
	want(doctor.ProxyNoIP)
}
