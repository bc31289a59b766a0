package manager

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"podbay/sshkey"
)

// mergeKeys makes the change from base to want on present, which other writers
// made of base meanwhile: what the change adds is added, the lines that it removes
// are removed, everything else stays byte for byte and in its place. A key that is
// in want and in present stays even where each has it in another line and the
// change, and the other writer, took away the other one's.
//
// The change adds valid lines alone, and none whose key it keeps in another line.
// Merging what was merged changes nothing.
func mergeKeys(base, want, present []string) []string {
	if slices.Equal(base, present) {
		return slices.Clone(want)
	}
	var (
		inBase, inWant = tally(base), tally(want)
		taken          = map[string]int{}
		stays          = make([]bool, len(present))
		there          = map[string]bool{} // keys of the result
	)
	for i, line := range present {
		taken[line]++
		stays[i] = inWant[line] >= inBase[line] || taken[line] <= inWant[line]
		if key, ok := validKey(line); ok && stays[i] {
			there[key] = true
		}
	}
	added := map[string]bool{}
	for _, line := range want {
		key, ok := validKey(line)
		if inWant[line] <= inBase[line] || ok && there[key] || !ok && slices.Contains(present, line) {
			continue
		}
		added[line] = true
		if ok {
			there[key] = true
		}
	}
	wanted := keysOf(want)
	for i, line := range present {
		if key, ok := validKey(line); ok && !stays[i] && wanted[key] && !there[key] {
			stays[i], there[key] = true, true
		}
	}
	var merged []string
	for i, line := range present {
		if stays[i] {
			merged = append(merged, line)
		}
	}
	return insert(merged, want, added)
}

// insert puts the added lines of want behind the lines that they follow there.
func insert(merged, want []string, added map[string]bool) []string {
	at := 0
	for _, line := range want {
		if added[line] {
			merged = slices.Insert(merged, at, line)
			added[line] = false
			at++
		} else if i := slices.Index(merged[at:], line); i >= 0 {
			at += i + 1
		}
	}
	if merged == nil {
		return []string{} // an empty set, not an unknown one
	}
	return merged
}

func tally(lines []string) map[string]int {
	count := map[string]int{}
	for _, line := range lines {
		count[line]++
	}
	return count
}

// validKey is the key of an entry that can stay as it is, as its SHA256
// fingerprint.
func validKey(line string) (fingerprint string, ok bool) {
	r := sshkey.Judge(line)
	if !r.Valid() || len(r.Keys) != 1 || len(r.Mended) != 1 || r.Mended[0] != line {
		return "", false
	}
	return r.Keys[0].Fingerprint, true
}

// keysOf is the valid keys of lines.
func keysOf(lines []string) map[string]bool {
	keys := map[string]bool{}
	for _, line := range lines {
		if key, ok := validKey(line); ok {
			keys[key] = true
		}
	}
	return keys
}

// entryIDs is what a record remembers of lines: nothing of an entry that is no
// key can be told from it.
func entryIDs(lines []string) []string {
	ids := make([]string, len(lines))
	for i, line := range lines {
		ids[i] = entryID(line)
	}
	return ids
}

func entryID(line string) string {
	if key, ok := validKey(line); ok {
		return key
	}
	sum := sha256.Sum256([]byte(line))
	return "entry:" + hex.EncodeToString(sum[:])
}
