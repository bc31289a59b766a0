package runpod

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// severalBatches is an answer that is read in several goroutines: among its entries are
// one without an ID, one that is not plain, and one that is larger than a batch.
func severalBatches() []byte {
	var entries []string
	for i := range 300 {
		entries = append(entries, fmt.Sprintf(onePod, i+1, i))
	}
	entries[100] = `{"id":7}`
	entries[150] = `{"ID":"not-plain","id":"plain"}`
	entries[200] = `{"id":"large","env":{"X":"` + strings.Repeat("x", 2*batchSize) + `"},"name":"large"}`
	return []byte(`{"pods":[` + strings.Join(entries, ",") + `]}`)
}

func TestAFirstAnswerOfSeveralBatches(t *testing.T) {
	data := severalBatches()
	want, _ := plainly(data)
	want = withoutSecrets(want)
	if len(want.Pods) != 299 {
		t.Fatalf("%d pods", len(want.Pods))
	}
	c := &polled{seed: maphash.MakeSeed()}
	got, first, valid := polledFrom(t, c, bytes.NewReader(data))
	if diff := cmp.Diff(want, got); diff != "" || !valid {
		t.Errorf("valid %v; %s", valid, diff)
	}
	_, again, _ := polledFrom(t, c, bytes.NewReader(data))
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("pod %d of the same answer is another", i)
		}
	}
}

// TestAFirstAnswerThatBreaksOff holds that nothing goes on reading then: the tests of this
// package end with a look for goroutines.
func TestAFirstAnswerThatBreaksOff(t *testing.T) {
	data := severalBatches()
	for _, c := range []struct{ name, end string }{{"cut", ""}, {"not JSON", `,}]}`}, {"a second list", `],"pods":[]}`}} {
		text := append(bytes.Clone(data[:len(data)-2]), c.end...)
		got, pods, valid := polledFrom(t, &polled{seed: maphash.MakeSeed()}, bytes.NewReader(text))
		if wantValid := c.name == "a second list"; valid != wantValid {
			t.Errorf("%s: valid %v", c.name, valid)
		}
		if c.name == "a second list" && (got.Entries != 0 || len(pods) != 0) {
			t.Errorf("%s: %d entries, %d pods", c.name, got.Entries, len(pods))
		}
	}
}

// TestAPanicInABatch holds that it reaches who asked: the terminal can then be restored.
func TestAPanicInABatch(t *testing.T) {
	var b batches
	b.add([]byte(`{"id":"a"}`)) // without a seed nothing can be hashed
	defer func() {
		if recover() == nil {
			t.Error("no panic came")
		}
	}()
	b.end()
}
