package runpod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// listed is what an answer says.
type listed struct {
	Found   bool
	Entries int
	Pods    []Pod
}

// plainly reads a list as encoding/json alone does.
func plainly(data []byte) (l listed, valid bool) {
	var list struct {
		Pods json.RawMessage `json:"pods"`
	}
	if !decode(data, &list) {
		return listed{}, false
	}
	var entries []json.RawMessage
	if json.Unmarshal(list.Pods, &entries) != nil || entries == nil {
		return listed{}, true
	}
	l = listed{Found: true, Entries: len(entries), Pods: []Pod{}}
	for _, entry := range entries {
		var wire podWire
		if decode(entry, &wire) {
			if pod, ok := wire.pod(); ok {
				l.Pods = append(l.Pods, pod)
			}
		}
	}
	return l, true
}

// inPieces reads a list as ListPods does, from a body that comes as it likes.
func inPieces(t testing.TB, body io.Reader) (l listed, valid bool) {
	list := podList[Pod]{reader: &wholeReader{}}
	valid, _, err := list.read(body)
	if err != nil {
		t.Fatal(err)
	}
	return listed{list.found, list.entries, list.pods}, valid
}

// polledFrom reads a list as PollPods does, after another.
func polledFrom(t testing.TB, c *polled, body io.Reader) (l listed, pods []*Pod, valid bool) {
	r := newPollReader(c.seed, c.entries)
	list := podList[*Pod]{reader: r}
	valid, _, err := list.read(body)
	if err != nil {
		t.Fatal(err)
	}
	if valid {
		c.entries = r.entries
	}
	l = listed{Found: list.found, Entries: list.entries}
	if list.found {
		l.Pods = []Pod{}
	}
	for _, p := range list.pods {
		l.Pods = append(l.Pods, *p)
	}
	return l, list.pods, valid
}

// withoutSecrets is a list as PollPods gives it.
func withoutSecrets(l listed) listed {
	for i := range l.Pods {
		p := &l.Pods[i]
		p.Env, p.EnvWhole, p.Args = keylessOf(p.Env), false, ""
	}
	return l
}

const onePod = `{"id":"%014x","name":"train-llama-%05d","image":"runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404","args":"","disk":20,` +
	`"ports":["8888/http","22/tcp"],"env":{"HF_TOKEN":"hf_0123456789abcdefghijklmnopqrstuvwx","PUBLIC_KEY":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHPSyK1TK4Cn8pN9Vw9cDLGcGBL1UvDQgHjLkGcZzL3k me@home"},` +
	`"registry":null,"status":"RUNNING","actions":["stop","restart","terminate"],"mounts":{},"gpu":{"id":"NVIDIA GeForce RTX 4090","count":1},"cloud":"SECURE",` +
	`"dataCenterId":"US-KS-2","cudaVersion":"12.8","ssh":{"proxy":{"host":"ssh.runpod.io","port":22,"username":"7h9k2m4n6p-64411eb2","command":"ssh 7h9k2m4n6p-64411eb2@ssh.runpod.io"},` +
	`"direct":{"host":"195.26.233.3","port":34446,"username":"root","command":"ssh root@195.26.233.3 -p 34446"}},"template":null,"cost":0.69,"locked":false,"globalNetworking":{"enabled":false},` +
	`"runtime":{"uptime":3600,"gpus":[{"util":3,"memoryUtil":4}],"cpu":{"util":1},"memory":{"util":9},"ports":[{"private":22,"public":34446,"type":"tcp","ip":"195.26.233.3"},{"private":8888,"public":null,"type":"http","ip":null}]},` +
	`"createdAt":"2026-06-01T12:00:00Z","startedAt":"2026-06-01T12:02:00Z"}`

// manyPods is the answer that lists n pods.
func manyPods(n int) []byte {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(onePod, i+1, i)
	}
	return []byte(`{"pods":[` + strings.Join(entries, ",") + `]}`)
}

// BenchmarkPodList compares the ways to read 5,000 pods.
func BenchmarkPodList(b *testing.B) {
	data := manyPods(5000)
	seen := &polled{seed: maphash.MakeSeed()}
	polledFrom(b, seen, bytes.NewReader(data))
	for name, read := range map[string]func() int{
		"whole":      func() int { l, _ := inPieces(b, bytes.NewReader(data)); return l.Entries },
		"unmarshal":  func() int { l, _ := plainly(data); return l.Entries },
		"poll":       func() int { return pollAfter(b, &polled{seed: seen.seed}, data) },
		"poll again": func() int { return pollAfter(b, seen, data) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if n := read(); n != 5000 {
					b.Fatal(n)
				}
			}
		})
	}
}

func pollAfter(t testing.TB, seen *polled, data []byte) int {
	r := newPollReader(seen.seed, seen.entries)
	list := podList[*Pod]{reader: r}
	if valid, _, err := list.read(bytes.NewReader(data)); !valid || err != nil {
		t.Fatal(valid, err)
	}
	return len(list.pods)
}

// What is read is what encoding/json reads of any text at all.
func FuzzListAsEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{"pods":[` + fmt.Sprintf(onePod, 1, 1) + `]}`, `{"pods":[]}`, `{"pods":[ ]}`, `{"pods":null}`, `{"pods":{}}`, `{}`, `[]`, `null`, ``, ` {"pods" : [ {"id":"a"} , {"id":"b"} ] } `,
		`{"Pods":[{"id":"a"}]}`, `{"x":[1,{"pods":[2]}],"pods":[{"id":"a"}],"y":"]"}`, `{"pods":[{"id":"a"}],"pods":[{"id":"b"}]}`, `{"pods":[{"id":"a"},]}`, `{"pods":[,{"id":"a"}]}`,
		`{"pods":[{"id":"a\"],[\\"},"\\",7,null,[],"]"]}`, `{"pods":[{"id":"a"]}`, `{"pods":[{"id":"a"}}`, `{"pods":[{"id":"a"}]`, `{"pods":[{"id":"a"}]}}`, `{"pods":["a]}`, `{"pods":[{"id":"a"}] "x":1}`,
		`{"pods"[{"id":"a"}]}`, `{"pods":::[{"id":"a"}]}`, `{"p\u006fds":[{"id":"a"}]}`, `{"pods":[{"id":"a"} {"id":"b"}]}`, `{"pods":[{"id":"a"}],"PODS":null}`,
		"{\"pods\":[{\"id\":\"a\"},\n{\"id\":\"b\x01\"}]}", `{"pods":[1 2]}`, `{"pods":[{"id":"a","name":tru}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, wantValid := plainly(data)
		got, valid := inPieces(t, iotest.OneByteReader(bytes.NewReader(data)))
		if valid != wantValid {
			t.Fatalf("%q is JSON: %v, encoding/json says %v", data, valid, wantValid)
		}
		if diff := cmp.Diff(want, got); valid && diff != "" {
			t.Errorf("%q: %s", data, diff)
		}
		c := &polled{seed: maphash.MakeSeed()}
		want = withoutSecrets(want)
		for _, when := range []string{"first", "again"} {
			got, _, valid := polledFrom(t, c, bytes.NewReader(data))
			if diff := cmp.Diff(want, got); valid != wantValid || valid && diff != "" {
				t.Errorf("polled %s, %q is JSON: %v; %s", when, data, valid, diff)
			}
		}
	})
}
