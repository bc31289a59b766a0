package manager

import (
	"testing"

	"podbay/runpod"
)

func TestRoute(t *testing.T) {
	direct := &runpod.Endpoint{Host: "192.0.2.1", Port: 22001, Username: "root"}
	proxy := &runpod.Endpoint{Host: "ssh.runpod.io", Port: 22, Username: "pod1-token"}
	both, onlyProxy := runpod.SSH{Direct: direct, Proxy: proxy}, runpod.SSH{Proxy: proxy}
	for _, c := range []struct {
		status runpod.Status
		ssh    runpod.SSH
		via    RouteKind
		want   RouteKind
		reason string
	}{
		{runpod.StatusRunning, both, "", RouteDirect, ""},
		{runpod.StatusRunning, both, RouteProxy, RouteProxy, "asked for"},
		{runpod.StatusRunning, onlyProxy, "", RouteProxy, "RunPod reports no public port for 22/tcp"},
		{runpod.StatusRunning, onlyProxy, RouteDirect, RouteNone, "RunPod reports no public port for 22/tcp"},
		{runpod.StatusRunning, runpod.SSH{Direct: direct}, RouteProxy, RouteNone, "RunPod reports no proxy address for this pod"},
		{runpod.StatusStarting, both, "", RouteDirect, ""},
		{runpod.StatusStarting, both, RouteProxy, RouteNone, "the pod's container does not run yet"},
		{runpod.StatusStarting, onlyProxy, "", RouteNone, "the pod's container does not run yet"},
		{runpod.StatusProvisioning, onlyProxy, "", RouteNone, "the pod's container does not run yet"},
		{runpod.StatusExited, both, "", RouteNone, "the pod is not running"},
		{"NEW", onlyProxy, "", RouteProxy, "RunPod reports no public port for 22/tcp"},
	} {
		pod := runpod.Pod{ID: "pod1", Status: c.status, Ports: []string{"22/tcp"}, SSH: c.ssh}
		if got := route(pod, c.via); got.Kind != c.want || got.Reason != c.reason {
			t.Errorf("%s by %q: %s (%s), want %s (%s)", c.status, c.via, got.Kind, got.Reason, c.want, c.reason)
		}
	}
}
