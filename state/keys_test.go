package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func save(t *testing.T, s *Store, account Account, at time.Time, keys ...string) string {
	t.Helper()
	path, err := s.SaveBackup(KeyBackup{Account: account, At: at, Keys: append([]string{}, keys...)})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBackupsOfOneSecondDoNotCollide(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	account := Account{"https://api", "tag"}
	var savers sync.WaitGroup
	for i := range 12 {
		savers.Go(func() { save(t, store, account, noon, fmt.Sprint("key ", i)) })
	}
	savers.Wait()
	last := save(t, store, account, noon.In(time.FixedZone("", 3600)), "ssh-ed25519 A\r", "\x00bad")
	if want := filepath.Join(store.Dir, "backups", "keys-20261120T120000Z-13.json"); last != want {
		t.Errorf("%s, want %s", last, want)
	}
	wantMode(t, last, 0o600)
	wantMode(t, filepath.Dir(last), 0o700)
	backups, err := store.Backups()
	if err != nil || len(backups) != 13 {
		t.Fatalf("%d, %v", len(backups), err)
	}
	want := KeyBackup{Path: last, Account: account, At: noon, Keys: []string{"ssh-ed25519 A\r", "\x00bad"}}
	if diff := cmp.Diff(want, backups[0]); diff != "" {
		t.Error(diff)
	}
}

func TestTheOldestBackupsGoButNotTheNewestOfAnAccount(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	quiet, busy := Account{"https://api", "quiet"}, Account{"https://api", "busy"}
	first := save(t, store, quiet, noon)
	second := save(t, store, quiet, noon.Add(time.Second))
	for i := range 60 {
		save(t, store, busy, noon.Add(time.Duration(i+1)*time.Minute))
	}
	foreign := filepath.Join(store.Dir, "backups", "keys-20200101T000000Z-1.json")
	if err := os.WriteFile(foreign, []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	save(t, store, busy, noon.Add(time.Hour*2))
	backups, err := store.Backups()
	if err != nil || len(backups) != maxBackups || backups[maxBackups-1].Path != second {
		t.Errorf("%d, %v, the oldest is %s", len(backups), err, backups[len(backups)-1].Path)
	}
	if _, err := os.Stat(first); err == nil {
		t.Error("the oldest is still there")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a file that is no backup is gone")
	}
	if backups[0].At != noon.Add(2*time.Hour) {
		t.Errorf("the newest is of %s", backups[0].At)
	}
}

func TestWhatIsNoBackup(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty": "", "secret": "-----BEGIN OPENSSH PRIVATE KEY-----", "null": "null", "no keys": `{"account":{"origin":"x"},"at":"2026-11-20T12:00:00Z"}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadBackup(path); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadBackup(dir); err == nil {
		t.Error("a folder was read")
	}
	none, err := (&Store{Dir: filepath.Join(dir, "none")}).Backups()
	if len(none) != 0 || err != nil {
		t.Errorf("%v, %v", none, err)
	}
}

func TestKeyRecordsAreKeptApart(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	if records, err := store.KeyRecords("https://api"); len(records) != 0 || err != nil {
		t.Errorf("%v, %v", records, err)
	}
	tag := func(secret string) string {
		text, err := store.Tag(secret)
		if err != nil || len(text) != 32 || strings.Contains(text, secret) {
			t.Fatalf("%q, %v", text, err)
		}
		return text
	}
	one, two := tag("rpa_ONE"), tag("rpa_TWO")
	if one == two || tag("rpa_ONE") != one {
		t.Error("a tag does not stand for its secret")
	}
	elsewhere := &Store{Dir: t.TempDir()}
	if other, err := elsewhere.Tag("rpa_ONE"); err != nil || other == one {
		t.Errorf("%s, %v: the salt is not a folder's own", other, err)
	}
	for _, account := range []Account{{"https://api", one}, {"https://api", two}, {"http://demo", one}} {
		err := store.UpdateKeyRecord(account, func(r *KeyRecord) {
			r.Registered["SHA256:"+account.Tag] = RegisteredKey{Line: account.Origin, At: noon}
			r.Removed["SHA256:gone"] = noon
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := store.UpdateKeyRecord(Account{"https://api", one}, func(r *KeyRecord) { r.Known, r.KnownAt = []string{"a"}, noon })
	if err != nil {
		t.Fatal(err)
	}
	records, err := store.KeyRecords("https://api")
	if err != nil || len(records) != 2 || records[1].Account.Tag != one || len(records[1].Known) != 1 || len(records[1].Registered) != 1 {
		t.Errorf("%+v, %v", records, err)
	}
	wantMode(t, store.keysPath(), 0o600)
	if text, err := os.ReadFile(store.keysPath()); err != nil || strings.Contains(string(text), "rpa_") {
		t.Errorf("%v: an API key is in the file", err)
	}
}

func TestKeyRecordsAreBounded(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	account := Account{Origin: "https://api"}
	err := store.UpdateKeyRecord(account, func(r *KeyRecord) {
		for i := range maxRecorded + 5 {
			r.Registered[fmt.Sprint(i)] = RegisteredKey{At: noon.Add(time.Duration(i))}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	records, err := store.KeyRecords(account.Origin)
	if err != nil || len(records[0].Registered) != maxRecorded {
		t.Fatalf("%d, %v", len(records[0].Registered), err)
	}
	if _, kept := records[0].Registered["4"]; kept {
		t.Error("the oldest is still there")
	}
	for i := range maxAccounts + 3 {
		if err := store.UpdateKeyRecord(Account{account.Origin, fmt.Sprint(i)}, func(*KeyRecord) {}); err != nil {
			t.Fatal(err)
		}
	}
	if records, err = store.KeyRecords(account.Origin); err != nil || len(records) != maxAccounts || records[0].Account.Tag != "3" {
		t.Errorf("%d, %v", len(records), err)
	}
}

func TestADamagedKeyRecordIsMovedAside(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	if err := os.WriteFile(store.keysPath(), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Tag("x"); err != nil {
		t.Fatal(err)
	}
	if aside, err := filepath.Glob(filepath.Join(store.Dir, "keys.json.bad-*")); err != nil || len(aside) != 1 {
		t.Errorf("%v, %v", aside, err)
	}
}

func TestTheKeyLockHasOneHolder(t *testing.T) {
	store := &Store{Dir: filepath.Join(t.TempDir(), "state")}
	release, ok, err := store.TryLockKeys()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := (&Store{Dir: store.Dir}).TryLockKeys(); ok || err != nil {
		t.Errorf("a second one has it: %v", err)
	}
	if err := store.UpdateKeyRecord(Account{}, func(*KeyRecord) {}); err != nil {
		t.Errorf("the memory is locked as well: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, ok, err = store.TryLockKeys()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}
