package runpod_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/runpod"
)

const fullPod = `{
  "id": "7h9k2m4n6p", "name": "pytorch-training", "image": "runpod/pytorch:1.0.2", "args": "sleep infinity",
  "disk": 50, "ports": ["8888/http", "22/tcp"], "env": {"MODEL_NAME": "llama-3"}, "registry": null,
  "status": "RUNNING", "actions": ["stop", "restart", "terminate"],
  "mounts": {"persistent": {"size": 20, "path": "/workspace"}},
  "gpu": {"id": "NVIDIA GeForce RTX 4090", "count": 2}, "cloud": "SECURE", "dataCenterId": "US-KS-2", "cudaVersion": "12.8",
  "ssh": {
    "proxy": {"host": "ssh.runpod.io", "port": 22, "username": "7h9k2m4n6p-64411eb2", "command": "ssh 7h9k2m4n6p-64411eb2@ssh.runpod.io"},
    "direct": {"host": "195.26.233.3", "port": 34446, "username": "root", "command": "ssh root@195.26.233.3 -p 34446"}
  },
  "template": "9x4m2p7v", "cost": 0.44, "locked": true, "globalNetworking": {"enabled": false},
  "runtime": {"uptime": 3600, "gpus": [], "ports": [{"private": 22, "public": 34446, "type": "tcp", "ip": "195.26.233.3"}, {"private": 80, "public": null, "type": "http", "ip": null}]},
  "createdAt": "2026-06-01T12:00:00Z", "startedAt": "2026-06-01T12:02:00.5+02:00", "newField": {"a": [1]}
}`

func TestListPods(t *testing.T) {
	rank := 0
	full := runpod.Pod{
		ID: "7h9k2m4n6p", Name: "pytorch-training", Status: runpod.StatusRunning,
		Actions: []runpod.Action{runpod.ActionStop, runpod.ActionRestart, runpod.ActionTerminate},
		Image:   "runpod/pytorch:1.0.2", Args: "sleep infinity", DiskGB: 50,
		Ports: []string{"8888/http", "22/tcp"}, Env: runpod.Env{"MODEL_NAME": "llama-3"}, EnvWhole: true,
		Mounts: runpod.Mounts{Persistent: &runpod.PersistentMount{SizeGB: 20, Path: "/workspace"}},
		GPU:    &runpod.GPU{ID: "NVIDIA GeForce RTX 4090", Count: 2},
		Cloud:  runpod.CloudSecure, DataCenterID: "US-KS-2", CUDAVersion: "12.8",
		SSH: runpod.SSH{
			Proxy:  &runpod.Endpoint{Host: "ssh.runpod.io", Port: 22, Username: "7h9k2m4n6p-64411eb2"},
			Direct: &runpod.Endpoint{Host: "195.26.233.3", Port: 34446, Username: "root"},
		},
		TemplateID: "9x4m2p7v", CostPerHour: 0.44, Locked: true,
		Runtime: &runpod.Runtime{Ports: []runpod.RuntimePort{
			{Private: 22, Public: 34446, Type: "tcp", IP: "195.26.233.3"}, {Private: 80, Type: "http"},
		}},
		CreatedAt: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
		StartedAt: time.Date(2026, 6, 1, 10, 2, 0, 500e6, time.UTC),
	}
	tests := map[string]struct {
		pods string
		want []runpod.Pod
	}{
		"none": {``, []runpod.Pod{}},
		"full": {fullPod, []runpod.Pod{full}},
		"least": {
			`{"id":"a","name":"n","status":"PROVISIONING","actions":null,"ports":null,"env":null,"mounts":{},"gpu":null,` +
				`"dataCenterId":null,"cudaVersion":null,"ssh":{"proxy":null,"direct":null},"template":null,"runtime":null,"startedAt":null}`,
			[]runpod.Pod{{ID: "a", Name: "n", Status: runpod.StatusProvisioning}},
		},
		"only an ID": {`{"id":"a"}`, []runpod.Pod{{ID: "a"}}},
		"CPU, network volume, cluster": {
			`{"id":"a","cpu":{"id":"cpu5c","vcpuCount":4,"memory":16},"mounts":{"network":[{"volumeId":"v","path":"/w"}]},"cluster":{"id":"c","rank":0,"role":"RAY_HEAD","ip":"10.0.0.1"}}`,
			[]runpod.Pod{{
				ID: "a", CPU: &runpod.CPU{ID: "cpu5c", VCPU: 4, MemoryGB: 16},
				Mounts:  runpod.Mounts{Network: []runpod.NetworkMount{{VolumeID: "v", Path: "/w"}}},
				Cluster: &runpod.Cluster{ID: "c", Rank: &rank, Role: "RAY_HEAD", IP: "10.0.0.1"},
			}},
		},
		"future values":         {`{"id":"a","status":"HIBERNATED","actions":["thaw"],"cloud":"LUNAR"}`, []runpod.Pod{{ID: "a", Status: "HIBERNATED", Actions: []runpod.Action{"thaw"}, Cloud: "LUNAR"}}},
		"bad entries":           {`{"name":"x"},null,7,"s",[],{"id":""},{"id":3},{"id":"a\u001b[2J"},{"id":"b"}`, []runpod.Pod{{ID: "b"}}},
		"fields of wrong types": {`{"id":"a","name":7,"cost":"free","disk":1.5,"ports":"22/tcp","ssh":[],"createdAt":0,"startedAt":"yesterday","locked":true}`, []runpod.Pod{{ID: "a", Locked: true}}},
		"hostile text":          {`{"id":"a","name":"\u001b]0;owned\u0007evil\u202egpj\n.exe","image":"i\u0000"}`, []runpod.Pod{{ID: "a", Name: "evilgpj .exe", Image: "i"}}},
		"unusable endpoints": {
			`{"id":"a","ssh":{"proxy":{"host":"h\u001b[m","port":22,"username":"u"},"direct":{"host":"h","port":70022,"username":"u"}}}`,
			[]runpod.Pod{{ID: "a"}},
		},
		"GPU without a count": {`{"id":"a","gpu":{"id":"g"}}`, []runpod.Pod{{ID: "a", GPU: &runpod.GPU{ID: "g", Count: 1}}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var asked string
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.URL.String()
				reply(w, `{"pods":[`+tc.pods+`],"next":null}`)
			})
			got, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			if asked != "GET /v2/pods?includeClusterPods=true" {
				t.Errorf("asked %s", asked)
			}
			// Env and Args print as counts: compare what they hold.
			plain := cmp.Transformer("plain", func(e runpod.Env) map[string]string { return e })
			if diff := cmp.Diff(tc.want, got, plain, cmp.Transformer("text", func(a runpod.Args) string { return string(a) })); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPodRequests(t *testing.T) {
	name, empty, locked := "new", "", false
	tests := map[string]struct {
		call func(*testing.T, *runpod.Client) (*runpod.Pod, error)
		want string // method, path and body; "" when nothing may be sent
	}{
		"get":       {get("p1"), "GET /v2/pods/p1 "},
		"odd ID":    {get("a/b?c=d#e %2f"), "GET /v2/pods/a%2Fb%3Fc=d%23e%20%252f "},
		"no ID":     {get(""), ""},
		"parent":    {get(".."), ""},
		"start":     {act(runpod.ActionStart), `POST /v2/pods/p1/action {"action":"start"}`},
		"stop":      {act(runpod.ActionStop), `POST /v2/pods/p1/action {"action":"stop"}`},
		"restart":   {act(runpod.ActionRestart), `POST /v2/pods/p1/action {"action":"restart"}`},
		"no action": {act("explode"), ""},
		"rename":    {update(runpod.PodUpdate{Name: &name}), `PATCH /v2/pods/p1 {"name":"new"}`},
		"unlock":    {update(runpod.PodUpdate{Locked: &locked}), `PATCH /v2/pods/p1 {"locked":false}`},
		"ports":     {update(runpod.PodUpdate{Ports: []string{"22/tcp"}}), `PATCH /v2/pods/p1 {"ports":["22/tcp"]}`},
		"no ports":  {update(runpod.PodUpdate{Ports: []string{}}), `PATCH /v2/pods/p1 {"ports":[]}`},
		"env":       {update(runpod.PodUpdate{Env: map[string]string{"A": "hunter2"}}), `PATCH /v2/pods/p1 {"env":{"A":"hunter2"}}`},
		"no env":    {update(runpod.PodUpdate{Env: runpod.Env{}}), `PATCH /v2/pods/p1 {"env":{}}`},
		"nothing":   {update(runpod.PodUpdate{}), ""},
		"no name":   {update(runpod.PodUpdate{Name: &empty}), ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.RequestURI + " " + string(body)
				if media := r.Header.Get("Content-Type"); len(body) > 0 && media != "application/json" {
					t.Errorf("the body is sent as %q", media)
				}
				reply(w, fullPod)
			})
			pod, err := tc.call(t, newClient(t, runpod.Options{BaseURL: url}))
			if got != tc.want {
				t.Errorf("sent %q, want %q", got, tc.want)
			}
			switch {
			case tc.want == "" && !errors.Is(err, runpod.ErrInvalid):
				t.Errorf("got %v, want it refused", err)
			case tc.want != "" && (err != nil || pod.ID != "7h9k2m4n6p"):
				t.Errorf("got %v, %v", pod, err)
			}
		})
	}
}

func get(id string) func(*testing.T, *runpod.Client) (*runpod.Pod, error) {
	return func(t *testing.T, c *runpod.Client) (*runpod.Pod, error) { return c.GetPod(testContext(t), id) }
}

func act(a runpod.Action) func(*testing.T, *runpod.Client) (*runpod.Pod, error) {
	return func(t *testing.T, c *runpod.Client) (*runpod.Pod, error) { return c.PodAction(testContext(t), "p1", a) }
}

func update(u runpod.PodUpdate) func(*testing.T, *runpod.Client) (*runpod.Pod, error) {
	return func(t *testing.T, c *runpod.Client) (*runpod.Pod, error) { return c.UpdatePod(testContext(t), "p1", u) }
}

func TestTerminateHasNoPod(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	c := newClient(t, runpod.Options{BaseURL: url})
	if pod, err := c.PodAction(testContext(t), "p1", runpod.ActionTerminate); pod != nil || err != nil {
		t.Errorf("got %v, %v", pod, err)
	}
	if _, err := c.PodAction(testContext(t), "p1", runpod.ActionStop); !errors.Is(err, runpod.ErrMalformed) {
		t.Errorf("a stop without a pod gives %v", err)
	}
}

func TestSSHKeys(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/account/ssh-keys" {
			t.Errorf("path %s", r.URL.Path)
		}
		if r.Method == http.MethodPut {
			io.Copy(w, r.Body)
			return
		}
		reply(w, `{"keys":["ssh-ed25519 AAAA me@x","SHA256:abc","", "a\u001b[m"]}`)
	})
	c := newClient(t, runpod.Options{BaseURL: url})
	keys, err := c.SSHKeys(testContext(t))
	if diff := cmp.Diff([]string{"ssh-ed25519 AAAA me@x", "SHA256:abc", "", "a\x1b[m"}, keys); err != nil || diff != "" {
		t.Errorf("%v: -want +got\n%s", err, diff)
	}
	for _, set := range [][]string{{}, {"ssh-ed25519 AAAA a<b>&c"}} {
		got, err := c.ReplaceSSHKeys(testContext(t), set)
		if diff := cmp.Diff(set, got); err != nil || diff != "" {
			t.Errorf("%v: -want +got\n%s", err, diff)
		}
	}
	if _, err := c.ReplaceSSHKeys(testContext(t), nil); !errors.Is(err, runpod.ErrInvalid) {
		t.Errorf("a set that was never read: %v", err)
	}
}

// A set read with holes would be written back with holes.
func TestSSHKeysAreReadWholeOrNotAtAll(t *testing.T) {
	for _, body := range []string{`{}`, `{"keys":null}`, `{"keys":"a"}`, `{"keys":["a",null]}`, `{"keys":["a",7]}`, `[]`, `null`} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, body) })
		if keys, err := newClient(t, runpod.Options{BaseURL: url}).SSHKeys(testContext(t)); !errors.Is(err, runpod.ErrMalformed) {
			t.Errorf("%s gives %q, %v", body, keys, err)
		}
	}
}

func FuzzPodList(f *testing.F) {
	f.Add([]byte(`{"pods":[` + fullPod + `]}`))
	f.Add([]byte(`{"pods":[{"id":"a"},null,{"id":7}]}`))
	f.Add([]byte(`{"pods":[{"id":"a","name":"\u001b[2J\u202e","ssh":{"direct":{"host":"","port":-1}}}]}`))
	f.Add([]byte(`{"pods":null}`))
	f.Add([]byte(`{"pods":[{"id":"a","gpu":[],"runtime":{"ports":[null]},"mounts":{"network":[null]}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := runpod.New(runpod.Options{APIKey: testKey, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(string(body))), Request: r,
			}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		pods, err := c.ListPods(t.Context())
		if err != nil {
			if !errors.Is(err, runpod.ErrMalformed) {
				t.Errorf("an answer that arrived gives %v", err)
			}
			return
		}
		for _, pod := range pods {
			if pod.ID == "" {
				t.Error("a pod without an ID")
			}
			drawn, err := json.Marshal(pod)
			if err != nil {
				t.Error(err)
			}
			for _, control := range []string{`\u001b`, `\u0000`, "\u009b", "\u202e", `\n`} {
				if strings.Contains(string(drawn), control) {
					t.Errorf("%s is left in %s", control, drawn)
				}
			}
		}
	})
}
