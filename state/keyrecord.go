package state

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
)

// Account tells accounts apart as well as it can be done from outside: RunPod
// names none. Tag is [Store.Tag] of the API key; a key that was replaced by
// another one of the same account makes another Account.
type Account struct {
	Origin string `json:"origin"` // of the API
	Tag    string `json:"tag"`
}

// KeyRecord is what podbay remembers of its own changes to the registered keys of
// one account. It holds public keys and hashes alone.
type KeyRecord struct {
	Account Account `json:"account"`
	// Registered are the keys that were registered from this machine and not
	// removed from it, by SHA256 fingerprint.
	Registered map[string]RegisteredKey `json:"registered,omitempty"`
	// Removed is when keys were removed from this machine, by SHA256 fingerprint.
	Removed map[string]time.Time `json:"removed,omitempty"`
	// Known are the entries that the account had after the last change from here,
	// each as its SHA256 fingerprint, or hash when it is no key. KnownAt is when;
	// zero before the first change.
	Known   []string  `json:"known,omitempty"`
	KnownAt time.Time `json:"knownAt,omitzero"`
}

// RegisteredKey is a key that was registered from this machine.
type RegisteredKey struct {
	Line string    `json:"line"` // the public line
	At   time.Time `json:"at"`
}

const (
	// maxAccounts and maxRecorded bound the file; what is oldest goes.
	maxAccounts = 100
	maxRecorded = 1000
)

// keyMemory is the file as it is written.
type keyMemory struct {
	Salt     string      `json:"salt"`
	Accounts []KeyRecord `json:"accounts"` // the one changed last comes last
}

func (s *Store) keysPath() string { return filepath.Join(s.Dir, "keys.json") }

// Tag is a text that stands for a secret and from which the secret cannot be told:
// an HMAC-SHA256 under a salt that this folder alone has.
func (s *Store) Tag(secret string) (string, error) {
	var tag string
	err := s.locked(func() error {
		memory, err := s.readKeys()
		if err != nil {
			return err
		}
		salt, err := hex.DecodeString(memory.Salt)
		if err != nil || len(salt) != sha256.Size {
			salt = make([]byte, sha256.Size)
			rand.Read(salt) // never fails
			memory.Salt = hex.EncodeToString(salt)
			if err := s.writeKeys(memory); err != nil {
				return err
			}
		}
		mac := hmac.New(sha256.New, salt)
		mac.Write([]byte(secret))
		tag = hex.EncodeToString(mac.Sum(nil)[:16])
		return nil
	})
	return tag, err
}

// KeyRecords returns what is remembered of an origin's accounts, the one changed
// last coming last.
func (s *Store) KeyRecords(origin string) ([]KeyRecord, error) {
	var records []KeyRecord
	if _, err := os.Stat(s.keysPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err := s.locked(func() error {
		memory, err := s.readKeys()
		records = slices.DeleteFunc(memory.Accounts, func(r KeyRecord) bool { return r.Account.Origin != origin })
		return err
	})
	return records, err
}

// UpdateKeyRecord changes what is remembered of an account, under the lock.
func (s *Store) UpdateKeyRecord(account Account, change func(*KeyRecord)) error {
	return s.locked(func() error {
		memory, err := s.readKeys()
		if err != nil {
			return err
		}
		record := KeyRecord{Account: account}
		if i := slices.IndexFunc(memory.Accounts, func(r KeyRecord) bool { return r.Account == account }); i >= 0 {
			record = memory.Accounts[i]
			memory.Accounts = slices.Delete(memory.Accounts, i, i+1)
		}
		if record.Registered == nil {
			record.Registered = map[string]RegisteredKey{}
		}
		if record.Removed == nil {
			record.Removed = map[string]time.Time{}
		}
		change(&record)
		forgetOldest(record.Registered, func(k RegisteredKey) time.Time { return k.At })
		forgetOldest(record.Removed, func(at time.Time) time.Time { return at })
		memory.Accounts = append(memory.Accounts, record)
		memory.Accounts = memory.Accounts[max(0, len(memory.Accounts)-maxAccounts):]
		return s.writeKeys(memory)
	})
}

func forgetOldest[V any](all map[string]V, at func(V) time.Time) {
	for len(all) > maxRecorded {
		oldest := ""
		for name := range all {
			if oldest == "" || at(all[name]).Before(at(all[oldest])) {
				oldest = name
			}
		}
		delete(all, oldest)
	}
}

func (s *Store) readKeys() (keyMemory, error) {
	var memory keyMemory
	data, err := readBounded(s.keysPath())
	if errors.Is(err, fs.ErrNotExist) {
		return memory, nil
	}
	if err != nil {
		return memory, err
	}
	if json.Unmarshal(data, &memory) != nil {
		info, err := os.Stat(s.keysPath())
		if err != nil {
			return keyMemory{}, err
		}
		return keyMemory{}, s.moveAside(s.keysPath(), info)
	}
	return memory, nil
}

func (s *Store) writeKeys(memory keyMemory) error {
	data, err := json.MarshalIndent(memory, "", " ")
	if err != nil {
		return err
	}
	// The new file takes the old one's mode.
	if err := os.Chmod(s.keysPath(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomic.WriteFile(s.keysPath(), bytes.NewReader(append(data, '\n')))
}

// TryLockKeys takes the lock for changing registered keys, which a whole change
// holds; ok is false when another podbay, or another goroutine, has it. The
// system releases it when the process ends, however it ends.
func (s *Store) TryLockKeys() (release func() error, ok bool, err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, false, s.sentence(err)
	}
	lock := flock.New(filepath.Join(s.Dir, "keys.lock"))
	ok, err = lock.TryLock()
	if err != nil || !ok {
		return nil, false, s.sentence(errors.Join(err, lock.Close()))
	}
	return lock.Close, true, nil
}
