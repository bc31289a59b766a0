package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func someList() LastList {
	return LastList{
		Account: Account{Origin: "https://api.example", Tag: "0a1b"}, At: noon,
		Pods: []ListedPod{{
			ID: "p1", Name: "alpha, \"the\" first\n", Status: "RUNNING", Actions: []string{"stop", "restart"}, Image: "runpod/pytorch", DiskGB: 20, Ports: []string{"22/tcp"},
			VolumeGB: 20, VolumePath: "/workspace", GPU: "NVIDIA A40", GPUs: 2, Cloud: "SECURE", DataCenterID: "EU-1",
			Direct: ListedEndpoint{Host: "203.0.113.7", Port: 34446, Username: "root"}, Cost: 0.69, StartedAt: noon.Add(-time.Hour),
		}, {ID: "p2", Actions: []string{}, Ports: []string{}, NetworkPath: "/data", VCPUs: 8, Cluster: "c1", Locked: true, PublicIP: "203.0.113.8"}},
	}
}

func TestLastListIsKept(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "a", "state")}
	if _, err := store.LastList(); !errors.Is(err, ErrNoLastList) {
		t.Errorf("without a file: %v", err)
	}
	for range 2 { // anew, and in place of one whose mode was changed
		if err := store.SaveLastList(someList()); err != nil {
			t.Fatal(err)
		}
		got, err := store.LastList()
		if diff := cmp.Diff(someList(), got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		wantMode(t, store.listPath(), 0o600)
		if err := os.Chmod(store.listPath(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.LastList(); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), "open to other users")) {
		t.Errorf("a file that others may read: %v", err)
	}
	if err := errors.Join(store.ForgetLastList(), store.ForgetLastList()); err != nil {
		t.Error(err)
	}
	if _, err := store.LastList(); !errors.Is(err, ErrNoLastList) {
		t.Errorf("after it was forgotten: %v", err)
	}
}

func TestLastListThatIsNoneIsNotUsed(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	var whole bytes.Buffer
	if err := writeList(&whole, LastList{Account: Account{"https://a", "b"}, At: noon, Pods: []ListedPod{{ID: "secret-text"}}}); err != nil {
		t.Fatal(err)
	}
	text := whole.String()
	without := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in %s", old, text)
		}
		return strings.Replace(text, old, new, 1)
	}
	for name, text := range map[string]string{
		"empty": "", "cut": text[:len(text)-12], "JSON": `{"pods":{"a":1}}`, "binary": "\x00\xff\x1b[31m", "no time": without("2026-11-20T12:00:00Z", ""),
		"bad time": without("2026-11-20T12:00:00Z", "noon"), "another layout": without(listMark, "podbay list 0"), "other columns": without("id,name", "id,env"),
		"bad number": without(",0,false", ",much,false"), "too few": without("Z,1", "Z,2"), "more": text + "another,line\n", "quote": without("secret", `sec"ret`),
		"large": text + strings.Repeat("\n", maxFile), "many": without("Z,1", "Z,10001"), "negative": without("Z,1", "Z,-1"),
	} {
		if err := os.WriteFile(store.listPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := store.LastList()
		if err == nil || len(list.Pods) != 0 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %d pods, %v", name, len(list.Pods), err)
		}
	}
	if err := errors.Join(os.Remove(store.listPath()), os.Mkdir(store.listPath(), 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LastList(); err == nil {
		t.Error("a folder is read as a list")
	}
}

func TestLastListIsBounded(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	for name, grow := range map[string]func(*LastList){
		"pods":  func(l *LastList) { l.Pods = make([]ListedPod, maxListed+1) },
		"bytes": func(l *LastList) { l.Pods[0].Image = strings.Repeat("x", maxFile) },
	} {
		if err := store.SaveLastList(someList()); err != nil {
			t.Fatal(err)
		}
		list := someList()
		grow(&list)
		if err := store.SaveLastList(list); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := store.LastList(); !errors.Is(err, ErrNoLastList) {
			t.Errorf("%s: what was kept before is still there: %v", name, err)
		}
	}
}

// What is kept of a pod is a list of fields: another one needs a look at what it
// can hold.
func TestListedPodIsAWhitelist(t *testing.T) {
	want := []string{"ID", "Name", "Status", "Actions", "Image", "DiskGB", "Ports", "VolumeGB", "VolumePath", "NetworkPath", "GPU", "GPUs", "VCPUs",
		"Cloud", "DataCenterID", "Direct", "Proxy", "Cluster", "Cost", "Locked", "PublicIP", "StartedAt"}
	var got []string
	for field := range reflect.TypeFor[ListedPod]().Fields() {
		got = append(got, field.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A text that is read as a list is written as it was read.
func FuzzLastList(f *testing.F) {
	var whole bytes.Buffer
	if err := writeList(&whole, someList()); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add([]byte(listMark))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseList(text)
		if err != nil {
			return
		}
		var written bytes.Buffer
		if err := writeList(&written, list); err != nil {
			t.Fatal(err)
		}
		again, err := parseList(written.Bytes())
		if diff := cmp.Diff(list, again, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
}
