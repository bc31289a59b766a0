package state

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	shellA = "podbay-aaaaaaaaaaaaaaaa"
	shellB = "podbay-bbbbbbbbbbbbbbbb"
)

func TestKeptShells(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	if shells, err := store.KeptShells(); err != nil || len(shells) != 0 {
		t.Fatalf("an empty memory: %v, %v", shells, err)
	}
	a := KeptShell{Name: shellA, PodID: "pod1", Since: noon}
	b := KeptShell{Name: shellB, PodID: "pod2", Since: noon.Add(time.Minute)}
	for _, shell := range []KeptShell{b, a} {
		if err := store.KeepShell(shell); err != nil {
			t.Fatal(err)
		}
	}
	checkShells(t, store, b, a)
	a.Since = noon.Add(time.Hour)
	if err := store.KeepShell(a); err != nil {
		t.Fatal(err)
	}
	checkShells(t, store, a, b)
	if info, err := os.Stat(filepath.Join(store.Dir, "shells.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("shells.json: %v, %v", info, err)
	}
	if err := store.ForgetShell(shellA); err != nil {
		t.Fatal(err)
	}
	checkShells(t, store, b)
}

func checkShells(t *testing.T, store *Store, want ...KeptShell) {
	t.Helper()
	got, err := store.KeptShells()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestShellsHaveOneOwner(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	claim, err := store.ClaimShell(shellA)
	if err != nil || claim == nil {
		t.Fatalf("first claim: %v, %v", claim, err)
	}
	if again, err := (&Store{Dir: store.Dir}).ClaimShell(shellA); err != nil || again != nil {
		t.Fatalf("second claim: %v, %v", again, err)
	}
	if err := claim.Release(); err != nil {
		t.Fatal(err)
	}
	claim, err = store.ClaimShell(shellA)
	if err != nil || claim == nil {
		t.Fatalf("claim after a release: %v, %v", claim, err)
	}
	if err := store.ForgetShell(shellA); err != nil {
		t.Fatal(err)
	}
	if err := claim.Release(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(store.Dir, "*.claim")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestHostileShellNames(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	for _, name := range []string{"", "podbay-", "../podbay-aaaaaaaaaaaaaaaa", "podbay-aaaaaaaaaaaaaaaa'", "podbay-AAAAAAAAAAAAAAAA", "podbay-short"} {
		if err := store.KeepShell(KeptShell{Name: name}); err == nil {
			t.Errorf("%q is kept", name)
		}
		if _, err := store.ClaimShell(name); err == nil {
			t.Errorf("%q is claimed", name)
		}
	}
	text := `{"shells":[{"name":"$(reboot)","pod":"p"},{"name":"` + shellA + `","pod":"p"}]}`
	if err := os.WriteFile(filepath.Join(store.Dir, "shells.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	checkShells(t, store, KeptShell{Name: shellA, PodID: "p"})
	if err := os.WriteFile(filepath.Join(store.Dir, "shells.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkShells(t, store)
	if aside, _ := filepath.Glob(filepath.Join(store.Dir, "shells.json.bad-*")); len(aside) != 1 {
		t.Errorf("a broken file was not moved aside: %v", aside)
	}
}
