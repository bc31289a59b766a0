package sshkey

import (
	"regexp"
	"slices"
	"strings"
)

// lead says what may be done with a key because of what stands before it.
type lead int

const (
	leadKnown   lead = iota // it can be taken away
	leadGuessed             // it seems that it can
	leadRefused             // the key is not for use
)

var (
	// What shells, lists, mails and settings put before a key.
	marksOnly  = regexp.MustCompile("^[\\s\"'`$>*•|\\[\\](){}<,;~-]*$")
	listNumber = regexp.MustCompile(`^\s*\(?[0-9]{1,3}[.):]\s*["']?$`)
	assignment = regexp.MustCompile("[=:]\\s*[\\[({]*\\s*\\\\*[\"'`]?$")
	shellWords = regexp.MustCompile(`(^|[\s;&|$#>%])(echo|printf|cat|tee|export|set|setx|env|sudo)\s`)
	markers    = regexp.MustCompile(`^(@(cert-authority|revoked)\b|\|1\|)`)
	hostName   = regexp.MustCompile(`^[A-Za-z0-9._,*?!:\[\]%-]*[A-Za-z0-9\]*?]$`)
)

// judgeLead says what stands before a key on its line.
func judgeLead(text string, typed bool) ([]FindingID, lead) {
	trimmed := strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, leadKnown
	case trimmed == "":
		return []FindingID{Spaces}, leadKnown
	case marksOnly.MatchString(trimmed), listNumber.MatchString(trimmed):
		return []FindingID{Wrapped}, leadKnown
	case markers.MatchString(trimmed):
		return []FindingID{KnownHosts}, leadRefused
	}
	if ids, known := optionList(trimmed); known {
		if slices.Contains(ids, Authority) {
			return ids, leadRefused
		}
		return ids, leadKnown
	}
	switch {
	case shellWords.MatchString(text), assignment.MatchString(trimmed):
		return []FindingID{Wrapped}, leadKnown
	case trimmed[0] == '#':
		return []FindingID{CommentedOut}, leadRefused
	case typed && isSpace(text[len(text)-1]) && hostName.MatchString(trimmed):
		return []FindingID{KnownHosts}, leadRefused
	}
	return []FindingID{Wrapped}, leadGuessed
}

// option is one of sshd(8)'s options in authorized_keys, in any case.
var option = regexp.MustCompile(`(?i)^(agent-forwarding|cert-authority|no-agent-forwarding|no-port-forwarding|no-pty|no-touch-required|no-user-rc|no-x11-forwarding|port-forwarding|pty|restrict|user-rc|verify-required|x11-forwarding|((command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel)="([^"\\]|\\.)*"))(,|$)`)

// optionList reports whether text is a list of options. The key of an authority is
// not the key of a person: without its option it would become one.
func optionList(text string) ([]FindingID, bool) {
	ids := []FindingID{Options}
	for text != "" {
		found := option.FindStringSubmatch(text)
		if found == nil {
			return nil, false
		}
		if strings.EqualFold(found[1], "cert-authority") {
			return []FindingID{Options, Authority}, true
		}
		text = text[len(found[0]):]
	}
	return ids, true
}

// closing are the marks that end what began before the key.
var closing = map[byte]string{'"': `"`, '\'': "'", '`': "`", '(': ")", '<': ">"}

// redirect is what follows a key that a shell command writes.
var redirect = regexp.MustCompile(`\s*(>>|\|\s*(tee|ssh|sudo|pbcopy|xclip|clip)\b|;\s*(chmod|echo|cat)\b|&&).*$`)

// commentOf takes the comment from what follows a key, and says whether anything
// that is no part of it was left out.
func commentOf(before, after string) (comment string, cut bool) {
	comment, _, _ = strings.Cut(after, "\n")
	open := strings.TrimRight(before, " \t")
	if open != "" {
		if mark := closing[open[len(open)-1]]; mark != "" {
			if i := strings.Index(comment, mark); i >= 0 {
				return strings.TrimRight(comment[:i], `\ `), true
			}
		}
	}
	short := redirect.ReplaceAllString(comment, "")
	if strings.Count(short, `"`)%2 == 1 || strings.Count(short, "'")%2 == 1 || strings.Count(short, "`")%2 == 1 {
		short = strings.TrimRight(short, "\"'`,;)]} ")
	}
	short = strings.TrimRight(short, ",;|\\ \t")
	return short, short != strings.TrimRight(comment, " \t")
}
