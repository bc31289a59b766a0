package manager

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"podbay/sshkey"
)

// testLine is a valid line of the nth key.
func testLine(t interface{ Fatal(...any) }, n int, comment string) string {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = byte(n)
	public, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(seed).Public())
	if err != nil {
		t.Fatal(err)
	}
	return sshkey.NewKey(public, comment).Line()
}

func TestMergeKeys(t *testing.T) {
	a, b, c, d := testLine(t, 1, "a"), testLine(t, 2, "b"), testLine(t, 3, "c"), testLine(t, 4, "d")
	a2 := testLine(t, 1, "another comment")
	const bad = "null"
	tests := []struct {
		name                      string
		base, want, present, then []string
	}{
		{"nobody else", []string{bad, a}, []string{b, a}, []string{bad, a}, []string{b, a}},
		{"to nothing", []string{a}, []string{}, []string{a}, []string{}},
		{"another adds", []string{a}, []string{a, b}, []string{a, c}, []string{a, b, c}},
		{"another adds the same", []string{a}, []string{a, b}, []string{a, b}, []string{a, b}},
		{"another adds the same key with a comment of its own", []string{b}, []string{b, a}, []string{b, a2}, []string{b, a2}},
		{"another removes", []string{a, c}, []string{a, c, b}, []string{c}, []string{c, b}},
		{"both remove", []string{a, b}, []string{b}, []string{b}, []string{b}},
		{"one is removed, one is added", []string{a, b}, []string{b}, []string{a, b, c}, []string{b, c}},
		{"a mended entry stays in its place", []string{a, bad, c}, []string{a, b, c}, []string{a, bad, c, d}, []string{a, b, c, d}},
		{"each drops the other's duplicate", []string{a, a2}, []string{a}, []string{a2}, []string{a2}},
		{"a duplicate goes where there is one still", []string{a, a}, []string{a}, []string{b, a}, []string{b, a}},
		{"all is gone", []string{a}, []string{a, b}, []string{}, []string{b}},
		{"all was removed meanwhile", []string{a}, []string{}, []string{}, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mergeKeys(tt.base, tt.want, tt.present); !slices.Equal(got, tt.then) {
				t.Errorf("%q, want %q", got, tt.then)
			}
		})
	}
}

// What the merge promises, for any three sets.
func TestMergeLosesNothingThatNobodyRemoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) string {
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				return rapid.SampledFrom([]string{"null", "SHA256:x", "ssh-rsa AAAA", " "}).Draw(t, "bad")
			}
			return testLine(t, rapid.IntRange(1, 6).Draw(t, "key"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "comment"))
		})
		base := rapid.SliceOfN(entry, 0, 6).Draw(t, "base")
		change := func(name string, adds func(lines []string, line string) bool) []string {
			stays := rapid.SliceOfN(rapid.Bool(), len(base), len(base)).Draw(t, name+" keeps")
			var lines []string
			for i, line := range base {
				if stays[i] {
					lines = append(lines, line)
				}
			}
			for i, line := range rapid.SliceOfN(entry, 0, 3).Draw(t, name+" adds") {
				if !adds(lines, line) {
					continue
				}
				at := rapid.IntRange(0, len(lines)).Draw(t, fmt.Sprint(name, " at ", i))
				lines = slices.Insert(lines, at, line)
			}
			return lines
		}
		want := change("the change", func(lines []string, line string) bool {
			key, ok := validKey(line)
			return ok && !keysOf(lines)[key] // as plans are
		})
		present := change("another", func([]string, string) bool { return true })
		merged := mergeKeys(base, want, present)

		inBase, inWant, inPresent, inMerged := keysOf(base), keysOf(want), keysOf(present), keysOf(merged)
		for key := range inPresent {
			if removed := inBase[key] && !inWant[key]; !removed && !inMerged[key] {
				t.Fatalf("%s is lost: another has it, and the change did not remove it", key)
			}
		}
		for key := range inWant {
			if removed := inBase[key] && !inPresent[key]; !removed && !inMerged[key] {
				t.Fatalf("%s is lost: the change has it, and nobody removed it", key)
			}
		}
		for _, line := range merged {
			if !slices.Contains(want, line) && !slices.Contains(present, line) {
				t.Fatalf("%q is nobody's", line)
			}
		}
		for _, line := range base {
			key, ok := validKey(line)
			if !slices.Contains(want, line) && slices.Contains(merged, line) && !(ok && inWant[key]) {
				t.Fatalf("%q was removed", line)
			}
		}
		if again := mergeKeys(base, want, merged); !slices.Equal(again, merged) {
			t.Fatalf("merging again changes %q to %q", merged, again)
		}
		if slices.Equal(base, present) && !slices.Equal(merged, want) {
			t.Fatalf("nobody came between, and %q becomes %q", want, merged)
		}
	})
}
