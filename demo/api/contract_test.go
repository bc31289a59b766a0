package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/internal/contract"
)

// probe is a plain client whose every exchange is validated. Requests that the
// contract refuses must be refused by the fake, and no others.
type probe struct {
	*testing.T
	base   string
	key    string
	client *http.Client
}

func newProbe(t *testing.T, opts api.Options) (*probe, *api.Server) {
	t.Helper()
	v, ok := contract.Open(t)
	if !ok {
		return nil, nil
	}
	opts.Keys = append(opts.Keys, api.Key{Secret: testKey})
	if opts.Quotas == nil {
		opts.Quotas = []api.Quota{{Name: "minute", Limit: 100000, Window: time.Minute}}
	}
	s, base := listen(t, opts)
	base2 := &http.Transport{}
	t.Cleanup(base2.CloseIdleConnections)
	return &probe{T: t, base: base, key: testKey, client: &http.Client{Transport: &contract.Transport{
		Validator: v, Base: base2, Probing: true, Deviates: deviates,
		Report: func(err error) { t.Error(err) },
	}}}, s
}

func deviates(resp *http.Response) bool { return resp.Header.Get(api.DeviationHeader) != "" }

func (p *probe) call(want int, method, path, body string) string {
	p.Helper()
	return p.callWith(want, method, path, body, nil)
}

func (p *probe) callWith(want int, method, path, body string, header http.Header) string {
	p.Helper()
	req, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	if resp.StatusCode != want {
		p.Errorf("%s %s %s: status %d, want %d: %s", method, path, body, resp.StatusCode, want, got)
	}
	return string(got)
}

// everyKind is an account with each kind of pod.
func everyKind() []api.PodSpec {
	return []api.PodSpec{
		{ID: "direct", Status: api.StatusRunning, StartSSH: true, Cost: 0.44, Persistent: &api.PersistentMount{SizeGB: 20, Path: "/workspace"}, Ports: []string{"22/tcp", "8888/http", "7777/tcp", "70001/tcp"}},
		{ID: "community", Status: api.StatusRunning, Cloud: api.CloudCommunity, NoPublicIP: true},
		{ID: "no22", Status: api.StatusRunning, Ports: []string{}},
		{ID: "cpu", Status: api.StatusRunning, CPU: &api.CPU{ID: "cpu5c", VCPU: 4, MemoryGB: 8}, Network: &api.NetworkMount{VolumeID: "vol_xyz", Path: "/data"}},
		{ID: "provisioning"},
		{ID: "starting", Status: api.StatusStarting},
		{ID: "exited", Status: api.StatusExited, Cost: 0.44, Template: "t1", Registry: "r1"},
		{ID: "error", Status: api.StatusError},
		{ID: "terminated", Status: api.StatusTerminated},
		{ID: "locked", Status: api.StatusRunning, Locked: true, GlobalIP: "10.65.1.42"},
		{ID: "hostile", Status: api.StatusRunning, Name: "\x1b[2J\x07evil\r\n\u202e\xff", Args: "\x00"},
		{ID: "member0", Status: api.StatusRunning, Cluster: &api.Cluster{ID: "c1", Rank: 0, Role: "RAY_HEAD", IP: "10.65.0.2"}},
		{ID: "member1", Cluster: &api.Cluster{ID: "c1", Rank: -1}},
	}
}

func TestContractEndpoints(t *testing.T) {
	p, s := newProbe(t, api.Options{Pods: everyKind(), SSHKeys: []string{"SHA256:fingerprint only"}})
	if p == nil {
		return
	}
	members := p.call(200, "GET", "/v2/pods?includeClusterPods=true", "")
	if !strings.Contains(members, `"member1"`) || strings.Contains(p.call(200, "GET", "/v2/pods", ""), `"member1"`) {
		t.Error("cluster members are listed when, and only when, they are asked for")
	}
	for _, spec := range everyKind() {
		p.call(200, "GET", "/v2/pods/"+spec.ID, "")
	}
	p.call(200, "POST", "/v2/pods/direct/action", `{"action":"stop"}`)
	p.call(200, "POST", "/v2/pods/direct/action", `{"action":"start"}`)
	p.call(200, "POST", "/v2/pods/no22/action", `{"action":"restart"}`)
	p.call(204, "POST", "/v2/pods/exited/action", `{"action":"terminate"}`)
	p.call(204, "DELETE", "/v2/pods/error", "")
	p.call(200, "PATCH", "/v2/pods/direct", `{"name":"x","ports":["22/tcp"],"env":{"PUBLIC_KEY":"ssh-ed25519 AAAA"},"disk":30,"registry":null,"locked":true,"globalNetworking":true,"args":"sleep","image":"ubuntu","mounts":{"persistent":{"size":30,"path":"/w"}}}`)
	p.call(200, "PATCH", "/v2/pods/cpu", `{"mounts":{"network":[{"volumeId":"vol_xyz","path":"/elsewhere"}]}}`)
	p.call(201, "POST", "/v2/pods", `{"name":"new","image":"runpod/base","gpu":{"id":"NVIDIA L4","count":2,"minCudaVersion":"12.1"},"startSsh":true,"startJupyter":true,"dataCenterIds":["EU-RO-1"],"cloud":"COMMUNITY","globalNetworking":true,"ports":["22/tcp"],"env":{"A":"b"},"mounts":{"persistent":{"size":10,"path":"/workspace"}}}`)
	p.call(201, "POST", "/v2/pods", `{"name":"new","image":"runpod/base","cpu":{"id":"cpu5c","vcpuCount":4}}`)
	p.call(200, "GET", "/v2/account/ssh-keys", "")
	p.call(200, "PUT", "/v2/account/ssh-keys", `{"keys":["ssh-ed25519 AAAA me@example.com","sk-ssh-ed25519@openssh.com AAAA"]}`)
	p.call(200, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
	if got := s.SSHKeys(); len(got) != 0 {
		t.Errorf("registered keys after PUT []: %q", got)
	}
}

func TestContractErrors(t *testing.T) {
	p, s := newProbe(t, api.Options{Pods: everyKind(), Keys: []api.Key{
		{Secret: "no-pods", Denied: []api.Scope{api.ScopePodsRead, api.ScopePodsWrite}},
		{Secret: "no-keys", Denied: []api.Scope{api.ScopeKeysRead, api.ScopeKeysWrite}},
	}})
	if p == nil {
		return
	}
	for _, c := range []struct {
		status             int
		method, path, body string
	}{
		{404, "GET", "/v2/pods/missing", ""},
		{404, "GET", "/v2/pods/a%2Fb", ""},
		{404, "DELETE", "/v2/pods/missing", ""},
		{404, "PATCH", "/v2/pods/missing", `{"name":"x"}`},
		{404, "POST", "/v2/pods/missing/action", `{"action":"stop"}`},
		{404, "GET", "/v2/pods/missing/logs", ""},
		{404, "GET", "/v2/nothing", ""},
		{404, "GET", "/", ""},
		{404, "POST", "/v2/pods", `{"name":"x","gpu":{"id":"g"},"templateId":"nope"}`},
		{405, "DELETE", "/v2/pods", ""},
		{405, "POST", "/v2/account/ssh-keys", `{"keys":[]}`},
		{405, "GET", "/v2/pods/direct/action", ""},
		{409, "POST", "/v2/pods/exited/action", `{"action":"stop"}`},
		{409, "POST", "/v2/pods/direct/action", `{"action":"start"}`},
		{409, "POST", "/v2/pods/provisioning/action", `{"action":"restart"}`},
		{409, "POST", "/v2/pods/locked/action", `{"action":"stop"}`},
		{409, "POST", "/v2/pods/locked/action", `{"action":"restart"}`},
		{409, "PATCH", "/v2/pods/locked", `{"ports":["22/tcp"]}`},
		{409, "PATCH", "/v2/pods/member0", `{"name":"x"}`},
		{409, "DELETE", "/v2/pods/member0", ""},
		{409, "POST", "/v2/pods/member0/action", `{"action":"stop"}`},
		{422, "POST", "/v2/pods/direct/action", `{"action":"explode"}`},
		{422, "POST", "/v2/pods/direct/action", `{"action":null}`},
		{422, "POST", "/v2/pods/direct/action", `{}`},
		{422, "POST", "/v2/pods/direct/action", `[]`},
		{422, "POST", "/v2/pods/direct/action", `{"action":"stop","bogus":1}`},
		{422, "PATCH", "/v2/pods/direct", `{"bogus":1}`},
		{422, "PATCH", "/v2/pods/direct", `{"startSsh":true}`},
		{422, "PATCH", "/v2/pods/direct", `{"name":""}`},
		{422, "PATCH", "/v2/pods/direct", `{"disk":0}`},
		{422, "PATCH", "/v2/pods/direct", `{"env":{"A":1}}`},
		{422, "PATCH", "/v2/pods/direct", `{"env":{"A":null}}`},
		{422, "PATCH", "/v2/pods/direct", `{"ports":[22]}`},
		{422, "PATCH", "/v2/pods/direct", `{"ports":[null]}`},
		{422, "PATCH", "/v2/pods/direct", `{"mounts":{"persistent":{"size":20}}}`},
		{422, "PATCH", "/v2/pods/direct", `{"mounts":{"persistent":{"size":9,"path":"/w"}}}`},
		{422, "PATCH", "/v2/pods/direct", `{"mounts":{"bogus":1}}`},
		{400, "PATCH", "/v2/pods/direct", `{"mounts":{"network":[]}}`},
		{400, "PATCH", "/v2/pods/direct", `{"mounts":{"network":[{"volumeId":"v","path":"/p"}]}}`},
		{400, "PATCH", "/v2/pods/cpu", `{"mounts":{"network":[{"volumeId":"other","path":"/p"}]}}`},
		{400, "PATCH", "/v2/pods/no22", `{"mounts":{"persistent":{"size":20,"path":"/w"}}}`},
		{400, "PATCH", "/v2/pods/direct", `{"ports":["ssh"]}`},
		{400, "PATCH", "/v2/pods/direct", `{"name":`},
		{422, "POST", "/v2/pods", `{"image":"i","gpu":{"id":"g"}}`},
		{422, "POST", "/v2/pods", `{"name":"n","gpu":{"id":"g"}}`},
		{422, "POST", "/v2/pods", `{"name":"n","image":"i","gpu":{"id":"g","bogus":1}}`},
		{422, "POST", "/v2/pods", `{"name":"n","image":"i","gpu":{"id":"g","minCudaVersion":"12"}}`},
		{422, "POST", "/v2/pods", `{"name":"n","image":"i","cloud":"MOON","gpu":{"id":"g"}}`},
		{422, "POST", "/v2/pods", `{"name":"n","image":"i","cpu":{"id":"c"}}`},
		{400, "POST", "/v2/pods", `{"name":"n","image":"i"}`},
		{400, "POST", "/v2/pods", `{"name":"n","image":"i","gpu":{"id":"g"},"cpu":{"id":"c","vcpuCount":2}}`},
		{400, "POST", "/v2/pods", `{"name":"n","image":"i","cpu":{"id":"c","vcpuCount":3}}`},
		{422, "PUT", "/v2/account/ssh-keys", `{}`},
		{422, "PUT", "/v2/account/ssh-keys", `{"keys":null}`},
		{422, "PUT", "/v2/account/ssh-keys", `{"keys":["ssh-ed25519 AAAA","SHA256:abc"]}`},
		{422, "PUT", "/v2/account/ssh-keys", `{"keys":["ssh-ed25519 AAAA a\nssh-ed25519 BBBB b"]}`},
		{422, "PUT", "/v2/account/ssh-keys", `{"keys":[],"bogus":true}`},
		{422, "GET", "/v2/pods/direct/logs?tail=5001", ""},
		{422, "GET", "/v2/pods/direct/logs?tail=-1", ""},
		{422, "GET", "/v2/pods/direct/logs?source=kernel", ""},
		{422, "GET", "/v2/pods?includeClusterPods=perhaps", ""},
	} {
		p.call(c.status, c.method, c.path, c.body)
	}
	p.callWith(415, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`, http.Header{"Content-Type": {"text/plain"}})
	p.call(413, "PUT", "/v2/account/ssh-keys", `{"keys":["ssh-rsa `+strings.Repeat("A", 1<<20)+`"]}`)

	p.key = ""
	p.call(401, "GET", "/v2/pods", "")
	p.key = "wrong"
	p.call(401, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
	p.key = "no-pods"
	p.call(403, "GET", "/v2/pods", "")
	p.call(403, "PATCH", "/v2/pods/direct", `{"name":"x"}`)
	p.call(200, "GET", "/v2/account/ssh-keys", "")
	p.key = "no-keys"
	p.call(200, "GET", "/v2/pods", "")
	p.call(403, "GET", "/v2/account/ssh-keys", "")
	p.call(403, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
	if len(s.SSHKeys()) != 0 {
		t.Error("a refused PUT changed the registered keys")
	}
}

func TestContractRateLimit(t *testing.T) {
	p, _ := newProbe(t, api.Options{Quotas: []api.Quota{{Name: "minute", Limit: 2, Window: time.Minute}}})
	if p == nil {
		return
	}
	p.call(200, "GET", "/v2/pods", "")
	p.call(200, "GET", "/v2/pods", "")
	p.call(429, "GET", "/v2/pods", "")
	p.call(429, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
}

func TestContractLogs(t *testing.T) {
	p, s := newProbe(t, api.Options{Pods: everyKind(), Heartbeat: 10 * time.Millisecond, LogPoll: 5 * time.Millisecond})
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", p.base+"/v2/pods/direct/logs?tail=5", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Log("direct", "container", "\x1b[31mred\n\u2028 <&> end"); err != nil {
		t.Fatal(err)
	}
	readUntil(t, resp.Body, "end", "heartbeat")
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

func readUntil(t *testing.T, r io.Reader, wants ...string) string {
	t.Helper()
	var got bytes.Buffer
	buf := make([]byte, 4096)
	for {
		missing := false
		for _, want := range wants {
			missing = missing || !strings.Contains(got.String(), want)
		}
		if !missing {
			return got.String()
		}
		n, err := r.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("the stream ended (%v) before %q came:\n%s", err, wants, got.String())
		}
	}
}
