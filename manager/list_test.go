package manager_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"podbay/config"
	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

func TestRows(t *testing.T) {
	a := newAccount(t, accountOptions{
		proxy: api.Address{Host: "127.0.0.1", Port: 1022},
		pods: []api.PodSpec{
			{ID: "direct", Status: api.StatusRunning, StartSSH: true, GPU: &api.GPU{ID: "NVIDIA GeForce RTX 4090", Count: 2},
				Persistent: &api.PersistentMount{SizeGB: 20, Path: "/workspace"}},
			{ID: "community", Status: api.StatusRunning, Cloud: api.CloudCommunity, NoPublicIP: true},
			{ID: "unexposed", Status: api.StatusRunning, Ports: []string{"8888/http"}},
			{ID: "stopped", Status: api.StatusExited},
			{ID: "provisioning"},
			{ID: "broken", Status: api.StatusError},
			{ID: "member", Status: api.StatusRunning, Cluster: &api.Cluster{ID: "cl1"}},
			{ID: "locked", Status: api.StatusRunning, Locked: true},
			{ID: "future", Status: api.StatusRunning, Future: true},
		},
	})
	tests := []struct {
		id       string
		route    manager.RouteKind
		port     string
		verdict  doctor.ID
		canStart bool
		canStop  bool
	}{
		{"direct", manager.RouteDirect, "22→", doctor.Checking, false, true},
		{"community", manager.RouteProxy, "no public IP", doctor.ProxyNoIP, false, true},
		{"unexposed", manager.RouteProxy, "not exposed", doctor.ProxyNoPort, false, true},
		{"stopped", manager.RouteNone, "-", doctor.Stopped, true, false},
		{"provisioning", manager.RouteNone, "not yet", doctor.Provisioning, false, true},
		{"broken", manager.RouteNone, "-", doctor.Failed, true, false},
		{"member", manager.RouteDirect, "22→", doctor.Checking, false, false},
		{"locked", manager.RouteDirect, "22→", doctor.Checking, false, false},
		{"future", manager.RouteDirect, "22→", doctor.StatusNotKnown, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			row := a.list(t, tt.id)
			if row.Route.Kind != tt.route || !strings.HasPrefix(row.PortWord(), tt.port) || row.Verdict.ID != tt.verdict {
				t.Errorf("route %s (%s), port %q, verdict %s; want %s, %q, %s",
					row.Route.Kind, row.Route.Reason, row.PortWord(), row.Verdict.ID, tt.route, tt.port, tt.verdict)
			}
			if row.CanStart != tt.canStart || row.CanStop != tt.canStop {
				t.Errorf("can start %v, stop %v; want %v, %v", row.CanStart, row.CanStop, tt.canStart, tt.canStop)
			}
			if tt.route != manager.RouteDirect && row.Route.Reason == "" {
				t.Error("the row does not say why there is no direct way")
			}
		})
	}
	row := a.list(t, "direct")
	if row.GPU != "2× RTX 4090" || row.Volume != "20 GB volume at /workspace" {
		t.Errorf("GPU %q, volume %q", row.GPU, row.Volume)
	}
	if want := "ssh root@" + row.PublicIP + " -p " + strconv.Itoa(row.PublicPort); row.Route.Command != want {
		t.Errorf("command %q, want %q", row.Route.Command, want)
	}
}

func TestRowsAreSafeToDraw(t *testing.T) {
	hostile := "a\x1b]0;owned\x07b\u202e\x9b31mc\nd\u200be"
	a := newAccount(t, accountOptions{pods: []api.PodSpec{{
		ID: "hostile", Name: hostile, Image: hostile, Status: api.StatusRunning, DataCenterID: hostile,
		GPU: &api.GPU{ID: hostile}, Persistent: &api.PersistentMount{SizeGB: 1, Path: hostile},
	}}})
	row := a.list(t, "hostile")
	for _, text := range []string{row.Name, row.Image, row.DataCenter, row.GPU, row.Volume, row.Route.Command} {
		for _, r := range text {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("%q holds %U", text, r)
			}
		}
	}
}

func TestProbeMeasures(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	row := a.probed(t, "ready1")
	if row.Verdict.ID != doctor.Ready || !strings.HasPrefix(row.ServerVersion, "SSH-2.0-OpenSSH") || row.Probed.IsZero() {
		t.Errorf("probed row says %s, server %q, at %v", row.Verdict.ID, row.ServerVersion, row.Probed)
	}
	sshd.Stop()
	listing, err := a.m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range a.m.Probe(t.Context(), listing.Pods) {
		t.Error("a pod that was found ready a moment ago was probed again")
	}
}

func TestProbeIsBoundedByTheSetting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // completes TCP by its backlog and never speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, port, _ := net.SplitHostPort(silent.Addr().String())
	number, _ := strconv.Atoi(port)
	a := newAccount(t, accountOptions{
		pods:     []api.PodSpec{{ID: "silent1", Status: api.StatusRunning, StartedAt: time.Now().Add(-time.Hour)}},
		host:     api.FixedHost{"silent1": direct(host, number)},
		settings: func(s *config.Settings) { s.ProbeTimeout = 50 * time.Millisecond },
	})
	if row := a.probed(t, "silent1"); row.Verdict.ID != doctor.Silent {
		t.Errorf("verdict %s, want %s", row.Verdict.ID, doctor.Silent)
	}
}

// A server that is slow to speak is told as silent at first, and as ready once it
// has spoken.
func TestSilentPodIsMeasuredOnceMore(t *testing.T) {
	slow, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	defer served.Wait()
	defer slow.Close()
	served.Go(func() {
		for n := 0; ; n++ {
			conn, err := slow.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			if n > 0 {
				_, _ = conn.Write([]byte("SSH-2.0-slow\r\n"))
			}
		}
	})
	host, port, _ := net.SplitHostPort(slow.Addr().String())
	number, _ := strconv.Atoi(port)
	a := newAccount(t, accountOptions{
		pods: []api.PodSpec{{ID: "slow1", Status: api.StatusRunning, StartedAt: time.Now().Add(-time.Hour)}},
		host: api.FixedHost{"slow1": direct(host, number)},
	})
	listing, err := a.m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []doctor.ID
	for row := range a.m.Probe(t.Context(), listing.Pods) {
		got = append(got, row.Verdict.ID)
	}
	if want := []doctor.ID{doctor.Silent, doctor.Ready}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	a, _ := readyPod(t, accountOptions{})
	listing, err := a.m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rows := a.m.Probe(ctx, listing.Pods)
	cancel()
	for range rows { // closed without a receiver for the row
	}
}

func TestStopAndStart(t *testing.T) {
	a := newAccount(t, accountOptions{pods: []api.PodSpec{{ID: "pod1", Status: api.StatusRunning}}})
	a.list(t, "pod1")
	if err := a.m.Stop(t.Context(), "pod1"); err != nil {
		t.Fatal(err)
	}
	if row := a.list(t, "pod1"); row.Verdict.ID != doctor.Stopped || !row.CanStart {
		t.Errorf("after Stop: %s, can start %v", row.Verdict.ID, row.CanStart)
	}
	if err := a.m.Stop(t.Context(), "pod1"); err == nil {
		t.Error("stopping a stopped pod passed")
	}
	if err := a.m.Start(t.Context(), "pod1"); err != nil {
		t.Fatal(err)
	}
	if row := a.list(t, "pod1"); row.Verdict.ID != doctor.Provisioning {
		t.Errorf("after Start: %s", row.Verdict.ID)
	}
}

func TestRefreshSaysWhatIsWrongWithTheKey(t *testing.T) {
	a := newAccount(t, accountOptions{})
	a.env["RUNPOD_API_KEY"] = "rpa_wrong"
	_, err := a.m.Refresh(t.Context())
	if !errors.Is(err, manager.ErrKeyRejected) || !strings.Contains(err.Error(), "RUNPOD_API_KEY") || strings.Contains(err.Error(), "rpa_wrong") {
		t.Errorf("with a wrong key: %v", err)
	}
	a.env["RUNPOD_API_KEY"] = ""
	fresh := a.open(t, accountOptions{})
	if _, err := fresh.Refresh(t.Context()); !errors.Is(err, manager.ErrNoAPIKey) || !strings.Contains(err.Error(), "podbay login") {
		t.Errorf("without a key: %v", err)
	}
	a.env["RUNPOD_API_KEY"] = "with\x1bcontrol"
	fresh = a.open(t, accountOptions{})
	if _, err := fresh.Refresh(t.Context()); !errors.Is(err, manager.ErrKeyRejected) {
		t.Errorf("with a key that cannot be sent: %v", err)
	}
}

func TestLoginKeepsAKeyThatWorks(t *testing.T) {
	a := newAccount(t, accountOptions{keys: []api.Key{{Secret: apiKey}, {Secret: "rpa_blind", Denied: []api.Scope{api.ScopePodsRead}}}})
	a.env["RUNPOD_API_KEY"] = ""
	for _, wrong := range []string{"", " \n", "rpa_wrong", "rpa_blind", "ssh-ed25519 AAAA"} {
		if err := a.m.Login(t.Context(), wrong); err == nil {
			t.Errorf("Login(%q) passed", wrong)
		}
	}
	if err := a.m.Login(t.Context(), "two words"); !errors.Is(err, manager.ErrKeyRejected) {
		t.Errorf("Login with what cannot be a key: %v", err)
	}
	if _, err := os.Stat(a.paths.Credentials); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key that does not work was kept: %v", err)
	}
	if err := a.m.Login(t.Context(), " "+apiKey+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.m.Refresh(t.Context()); err != nil {
		t.Errorf("Refresh after Login: %v", err)
	}
	if _, err := a.open(t, accountOptions{}).Refresh(t.Context()); err != nil {
		t.Errorf("another podbay after Login: %v", err)
	}
	if info, err := os.Stat(a.paths.Credentials); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials: %v %v", info, err)
	}
	if out, err := a.m.Logout(); err != nil || !out.Removed {
		t.Errorf("Logout = %+v %v", out, err)
	}
	if _, err := a.open(t, accountOptions{}).Refresh(t.Context()); !errors.Is(err, manager.ErrNoAPIKey) {
		t.Errorf("after Logout: %v", err)
	}
}

func TestAKeyWithoutTheSSHKeysScopeStillLists(t *testing.T) {
	a := newAccount(t, accountOptions{
		keys: []api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}},
		pods: []api.PodSpec{{ID: "pod1"}},
	})
	a.list(t, "pod1")
}

func TestFind(t *testing.T) {
	pods := []manager.Pod{
		{ID: "abc1", Name: "train"}, {ID: "abd2", Name: "train"}, {ID: "xyz3", Name: "serve"}, {ID: "serve", Name: "other"},
	}
	tests := []struct{ word, want string }{
		{"abc1", "abc1"}, {"serve", "serve"}, {"xyz3", "xyz3"}, {"xyz3a", ""}, {"xy", ""}, {"oth", "serve"}, {"train", ""}, {"ab", ""}, {"nothing", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, err := manager.Find(pods, tt.word)
		if got.ID != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Find(%q) = %q, %v; want %q", tt.word, got.ID, err, tt.want)
		}
		if err != nil && !errors.Is(err, manager.ErrNoPod) {
			t.Errorf("Find(%q): %v does not wrap ErrNoPod", tt.word, err)
		}
	}
}
