package keys

import (
	"unicode/utf8"

	"podbay/doctor"
)

const (
	fewLetters  = 10 // below: tried out in hours by who has the file
	goodLetters = 16 // from here on: out of reach, unless it is a known saying
	fewKinds    = 5  // fewer different letters count as few letters
)

// strength says in a few words how long a passphrase would hold against somebody
// who has the file. It goes by length and variety alone: a hint, not a promise.
func strength(passphrase []byte) (doctor.Tone, string) {
	letters := utf8.RuneCount(passphrase)
	kinds := map[rune]bool{}
	for _, r := range string(passphrase) {
		kinds[r] = true
	}
	switch {
	case letters == 0:
		return "", ""
	case letters < fewLetters || len(kinds) < fewKinds:
		return doctor.ToneWarn, "weak: easily guessed by who has the file. Four words or more are better."
	case letters < goodLetters:
		return doctor.ToneWait, "fair: a few letters or a word more make it good."
	default:
		return doctor.ToneGood, "good, unless it is a known saying."
	}
}
