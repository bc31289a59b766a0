package sshkey

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"podbay/cleantext"
)

var maskedRun = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}|[A-Za-z0-9+/=_-]{16,}`)

// maxLabel is the width of a label, in terminal cells.
const maxLabel = 100

// Mask makes a text that should be a key safe to show: one line, in which runs of
// base64 are cut to the little that tells a public key's kind, or to nothing.
func Mask(text string) string {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	if holdsPrivate(text) {
		return "(a private key, not shown)"
	}
	text = cleantext.Line(text, MaxText)
	if slices.ContainsFunc(maskedRun.FindAllString(text, -1), mayBePrivate) {
		return fmt.Sprintf("(%d characters, not shown)", utf8.RuneCountInString(text))
	}
	return cleantext.Line(maskedRun.ReplaceAllStringFunc(text, maskRun), maxLabel)
}

// mayBePrivate reports whether a run is as long as a line of a private key, and
// no public one.
func mayBePrivate(run string) bool { return len(run) >= 40 && maskRun(run) == "…" }

func maskRun(run string) string {
	const begins = len(blobMark) + 4
	switch {
	case typeAt(run) == run, strings.HasPrefix(run, "SHA256:"), strings.HasPrefix(run, ppkMark) && len(run) == len(ppkMark)+1:
		return run
	case strings.HasPrefix(run, blobMark):
		return run[:begins] + "…"
	}
	return "…"
}
