package runpod

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainly reads a list as encoding/json alone does.
func plainly(data []byte) (l podList, valid bool) {
	var list struct {
		Pods json.RawMessage `json:"pods"`
	}
	if !decode(data, &list) {
		return podList{}, false
	}
	var entries []json.RawMessage
	if json.Unmarshal(list.Pods, &entries) != nil || entries == nil {
		return podList{}, true
	}
	l = podList{found: true, entries: len(entries), pods: []Pod{}}
	for _, entry := range entries {
		var wire podWire
		if decode(entry, &wire) {
			if pod, ok := wire.pod(); ok {
				l.pods = append(l.pods, pod)
			}
		}
	}
	return l, true
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
	for name, read := range map[string]func() int{
		"one pass":  func() int { var l podList; decode(data, &l); return len(l.pods) },
		"unmarshal": func() int { l, _ := plainly(data); return len(l.pods) },
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
		var got podList
		gotValid := decode(data, &got)
		if gotValid != wantValid {
			t.Fatalf("%q is JSON: %v, encoding/json says %v", data, gotValid, wantValid)
		}
		if !gotValid {
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(podList{})); diff != "" {
			t.Errorf("%q: %s", data, diff)
		}
	})
}
