package runpod

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listOf is the answer that lists pods, of which what names a number in it.
func listOf(pods ...int) []byte {
	entries := make([]string, len(pods))
	for i, n := range pods {
		entries[i] = fmt.Sprintf(onePod, n+1, n)
	}
	return []byte(`{"pods":[` + strings.Join(entries, ",") + `]}`)
}

// TestPollPodsKeepsWhatIsTheSame asks for one list after the other.
func TestPollPodsKeepsWhatIsTheSame(t *testing.T) {
	with := func(list []byte, old, new string, n int) []byte {
		if bytes.Count(list, []byte(old)) < n {
			t.Fatalf("%q is not in the list", old)
		}
		return bytes.Replace(list, []byte(old), []byte(new), n)
	}
	all := listOf(0, 1, 2, 3)
	for name, tc := range map[string]struct {
		then  []byte
		kept  []int // which of the first answer's pods the second has; -1 for another
		slice bool  // it is the very same
	}{
		"the same":          {all, []int{0, 1, 2, 3}, true},
		"measures moved":    {with(with(with(all, `"uptime":3600`, `"uptime":12345`, 4), `"util":3`, `"util":100`, 4), `"util":9`, `"util":0`, 2), []int{0, 1, 2, 3}, true},
		"a fraction":        {with(all, `"util":3`, `"util":3.5e1`, 1), []int{0, 1, 2, 3}, true},
		"not a number":      {with(all, `"uptime":3600`, `"uptime":null`, 1), []int{-1, 1, 2, 3}, false},
		"another name":      {with(all, "train-llama-00002", "train-llama-0000x", 1), []int{0, 1, -1, 3}, false},
		"another port":      {with(all, `"public":34446`, `"public":34447`, 1), []int{-1, 1, 2, 3}, false},
		"another GPU count": {with(all, `"count":1`, `"count":2`, 1), []int{-1, 1, 2, 3}, false},
		"a longer name":     {with(all, "train-llama-00001", "train-llama-00001-and-more", 1), []int{0, -1, 2, 3}, false},
		"one gone":          {listOf(0, 2, 3), []int{0, 2, 3}, false},
		"the last gone":     {listOf(0, 1, 2), []int{0, 1, 2}, false},
		"one new":           {listOf(0, 7, 1, 2, 3), []int{0, -1, 1, 2, 3}, false},
		"another order":     {listOf(3, 2, 1, 0), []int{3, 2, 1, 0}, false},
		"none":              {listOf(), nil, false},
		"space between":     {with(all, `Z"},{"`, "Z\"} ,\n{\"", 3), []int{0, 1, 2, 3}, true},
	} {
		t.Run(name, func(t *testing.T) {
			answer := all
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
			defer server.Close()
			c, err := New(Options{BaseURL: server.URL, APIKey: "rpa_x"})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			first, err := c.PollPods(t.Context())
			if err != nil || len(first) != 4 {
				t.Fatal(first, err)
			}
			answer = tc.then
			then, err := c.PollPods(t.Context())
			if err != nil || len(then) != len(tc.kept) {
				t.Fatalf("%d pods, %v", len(then), err)
			}
			want, _ := plainly(tc.then)
			for i, p := range then {
				if diff := cmp.Diff(withoutSecrets(want).Pods[i], *p); diff != "" {
					t.Errorf("pod %d: %s", i, diff)
				}
				if at := slices.Index(first, p); at != tc.kept[i] && tc.kept[i] >= 0 {
					t.Errorf("pod %d is that at %d of the first answer, want %d", i, at, tc.kept[i])
				}
			}
			if same := len(then) == len(first) && &then[0] == &first[0]; same != tc.slice {
				t.Errorf("the very same slice: %v", same)
			}
		})
	}
}

// TestPolledPodsHoldNoSecrets holds it for plain entries and for those that
// encoding/json reads.
func TestPolledPodsHoldNoSecrets(t *testing.T) {
	for env, want := range map[string]Env{
		`{"TOKEN":"hunter2","PUBLIC_KEY":"ssh-ed25519 AAAA me"}`: nil, `{"PUBLIC_KEY":""}`: {publicKey: ""}, `{"PUBLIC_KEY":" null\n"}`: {publicKey: " null\n"},
		`{"PUBLIC_KEY":"null","PUBLIC_KEY":"key"}`: nil, `{"PUBLIC_KEY":"key","PUBLIC_KEY":"null"}`: {publicKey: "null"}, `{"PUBLIC_\u004bEY":"null"}`: {publicKey: "null"},
		`{"PUBLIC_KEY":null}`: nil, `{"PUBLIC_KEY":7}`: nil, `{"public_key":""}`: nil, `null`: nil, `[]`: nil, `{}`: nil, `{"a":{"PUBLIC_KEY":""}}`: nil,
	} {
		env = strings.ReplaceAll(env, "\n", `\n`)
		for _, odd := range []string{"", `,"ID":"p1"`} {
			list := `{"pods":[{"id":"p1","args":"--password hunter2","env":` + env + odd + `}]}`
			_, pods, valid := polledFrom(t, &polled{seed: maphash.MakeSeed()}, strings.NewReader(list))
			if !valid || len(pods) != 1 {
				t.Fatal(list, valid, pods)
			}
			if diff := cmp.Diff(map[string]string(want), map[string]string(pods[0].Env)); diff != "" || pods[0].Args != "" || pods[0].EnvWhole {
				t.Errorf("%s: %s", list, diff)
			}
		}
	}
}

// What is read after another list is what is read of it alone.
func FuzzPollAfterAnother(f *testing.F) {
	f.Add(listOf(0, 1), 700, 4, []byte("77"))
	f.Add(listOf(0, 1, 2), 1200, 1200, []byte(""))
	f.Add([]byte(`{"pods":[{"id":"a","runtime":{"uptime":1}},{"id":"b"}]}`), 38, 1, []byte("01"))
	f.Add([]byte(`{"pods":[{"id":"a","runtime":{"x":[1,"2",{"y":-3e4}]}},{"id":"b"}]}`), 35, 1, []byte("-"))
	f.Add([]byte(`{"pods":[{"id":"a","runtime":{"uptime":1}}]}`), 39, 0, []byte(",\"id\":\"b\""))
	f.Fuzz(func(t *testing.T, list []byte, at, n int, with []byte) {
		if at < 0 || at > len(list) || n < 0 || n > len(list)-at {
			return
		}
		other := slices.Concat(list[:at], with, list[at+n:])
		c := &polled{seed: maphash.MakeSeed()}
		polledFrom(t, c, bytes.NewReader(list))
		want, wantValid := plainly(other)
		got, _, valid := polledFrom(t, c, bytes.NewReader(other))
		if valid != wantValid {
			t.Fatalf("%q after %q is JSON: %v, encoding/json says %v", other, list, valid, wantValid)
		}
		if diff := cmp.Diff(withoutSecrets(want), got); valid && diff != "" {
			t.Errorf("%q after %q: %s", other, list, diff)
		}
	})
}
