package state

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// updaterEnv makes the test binary a second podbay: DIR,NAME,COUNT.
const updaterEnv = "PODBAY_TEST_STATE_UPDATER"

func TestMain(m *testing.M) {
	if job := os.Getenv(updaterEnv); job != "" {
		if err := updateMany(strings.Split(job, ",")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func updateMany(job []string) error {
	store := &Store{Dir: job[0]}
	var count int
	if _, err := fmt.Sscan(job[2], &count); err != nil {
		return err
	}
	for i := range count {
		id := fmt.Sprint(job[1], "-", i)
		if err := store.UpdatePod(id, func(m *PodMemory) { m.LastKey = id }); err != nil {
			return err
		}
	}
	return nil
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestRememberAndForget(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "a", "state")}
	want := PodMemory{
		LastKey: "SHA256:abc", LoginRefused: noon, LoginAccepted: noon.Add(time.Second),
		HostKeySeen: noon.Add(2 * time.Second), StartedAt: noon.Add(3 * time.Second),
	}
	mustUpdate(t, store, "pod1", func(m *PodMemory) { *m = want })
	mustUpdate(t, store, "pod2", func(m *PodMemory) { m.LastKey = "SHA256:def" })

	again := &Store{Dir: store.Dir}
	got, err := again.Pod("pod1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantMode(t, store.Dir, 0o700)
	wantMode(t, store.path(), 0o600)

	mustUpdate(t, store, "pod1", func(m *PodMemory) { *m = PodMemory{} })
	pods, err := store.Pods()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]PodMemory{"pod2": {LastKey: "SHA256:def"}}, pods); diff != "" {
		t.Error(diff)
	}
}

func mustUpdate(t *testing.T, store *Store, id string, change func(*PodMemory)) {
	t.Helper()
	if err := store.UpdatePod(id, change); err != nil {
		t.Fatal(err)
	}
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %04o, want %04o", path, got, want)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	if got, err := store.Pod("x"); got != (PodMemory{}) || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if pods, err := store.Pods(); len(pods) != 0 || pods == nil || err != nil {
		t.Errorf("%v, %v", pods, err)
	}
	if _, err := os.Stat(store.Dir); err == nil {
		t.Error("the folder was made")
	}
}

func TestWriteNarrowsAnOpenFile(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	if err := os.WriteFile(store.path(), []byte(`{"pods":{"a":{"lastKey":"k"}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, store, "b", func(m *PodMemory) { m.LastKey = "l" })
	wantMode(t, store.path(), 0o600)
	if got, err := store.Pod("a"); got.LastKey != "k" || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTwoPodbaysLoseNothing(t *testing.T) {
	const each = 20
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	names := []string{"child1", "child2"}
	var wg sync.WaitGroup
	for _, name := range names {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%s,%d", updaterEnv, store.Dir, name, each))
		var said bytes.Buffer
		child.Stderr = &said
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := child.Wait(); err != nil {
				t.Errorf("%s: %v: %s", name, err, &said)
			}
		})
	}
	for i := range each {
		name := fmt.Sprint("goroutine", i)
		names = append(names, name)
		wg.Go(func() {
			if err := updateMany([]string{store.Dir, name, "2"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	pods, err := store.Pods()
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*each + each*2; len(pods) != want {
		t.Errorf("%d pods are remembered, want %d", len(pods), want)
	}
	for id, m := range pods {
		if m.LastKey != id {
			t.Errorf("%s remembers %q", id, m.LastKey)
		}
	}
	left, err := os.ReadDir(store.Dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v, %v: want the memory and the lock alone", left, err)
	}
}

func TestWhatIsNoMemoryIsMovedAside(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `{"pods":{"a":{"lastK`, "not JSON": "hello", "another shape": `{"pods":[1]}`,
		"a wrong time": `{"pods":{"a":{"hostKeySeen":"yesterday"}}}`, "two texts": `{"pods":{}}{}`,
		"too large": strings.Repeat(" ", maxFile+1),
	} {
		t.Run(name, func(t *testing.T) {
			store := &Store{Dir: t.TempDir()}
			if err := os.WriteFile(store.path(), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(store.path(), noon, noon); err != nil {
				t.Fatal(err)
			}
			if pods, err := store.Pods(); err != nil || len(pods) != 0 {
				t.Fatalf("%v, %v", pods, err)
			}
			mustUpdate(t, store, "a", func(m *PodMemory) { m.LastKey = "k" })
			aside, err := filepath.Glob(filepath.Join(store.Dir, "pods.json.bad-20261120-120000-*"))
			if err != nil || len(aside) != 1 {
				t.Fatalf("%v, %v", aside, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != text {
				t.Errorf("%d bytes are kept, %v", len(kept), err)
			}
			if got, err := store.Pod("a"); got.LastKey != "k" || err != nil {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestAFolderInTheWayIsAnError(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	if err := os.Mkdir(store.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	_, readErr := store.Pods()
	writeErr := store.UpdatePod("a", func(*PodMemory) {})
	for _, err := range []error{readErr, writeErr} {
		if err == nil || !strings.Contains(err.Error(), store.Dir) || !strings.Contains(err.Error(), "begin anew") {
			t.Errorf("%v", err)
		}
	}
}

func TestTheOldestPodsAreForgotten(t *testing.T) {
	pods := map[string]PodMemory{}
	for i := range maxPods + 9 {
		// The newest of several times counts, whichever it is.
		at, early := noon.Add(time.Duration(i)*time.Hour), noon.Add(-time.Hour)
		pods[fmt.Sprint("pod", i)] = []PodMemory{
			{LoginRefused: at, StartedAt: early}, {LoginAccepted: at, LoginRefused: early},
			{HostKeySeen: at, LoginAccepted: early}, {StartedAt: at, HostKeySeen: early},
		}[i%4]
	}
	pods["updated"] = PodMemory{LastKey: "no time at all"}
	prune(pods, "updated")
	if len(pods) != maxPods {
		t.Errorf("%d pods", len(pods))
	}
	for i := range 20 {
		if _, kept := pods[fmt.Sprint("pod", i)]; kept != (i >= 10) {
			t.Errorf("pod%d kept: %v", i, kept)
		}
	}
	if _, kept := pods["updated"]; !kept {
		t.Error("the pod that was just updated is forgotten")
	}
}
