package sshkey

import (
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"
)

// Private keys are looked for before anything else and cut out, so that no later
// step can take a part of one into a comment or a sentence.

const (
	opensshMagic = "b3BlbnNzaC1rZXktdjEA" // "openssh-key-v1\x00" in base64
	ppkPrivate   = "Private-Lines:"
)

var (
	// The marks of PEM, OpenSSH and ssh.com, however many dashes survived.
	privateBlock = regexp.MustCompile(`(?is)-*[ \t]*BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY.*?(END [A-Z0-9 ]{0,30}PRIVATE KEY[ \t]*-*|\z)`)
	privateWords = regexp.MustCompile(`(?i)BEGIN[^A-Z]{0,10}([A-Z0-9]{1,10}[^A-Z]{0,10}){0,3}PRIVATE[^A-Z]{0,10}KEY`)
	ppkBlock     = regexp.MustCompile(`(?is)Private-Lines:.*?(Private-(MAC|Hash):[ \t]*[0-9a-f]*|\z)`)
	privateMAC   = regexp.MustCompile(`(?i)Private-(MAC|Hash):`)
	magicRun     = regexp.MustCompile(opensshMagic + `[A-Za-z0-9+/=\s]*`)
	derRun       = regexp.MustCompile(`\bM[CEFGHI][A-Za-z0-9+/]{2}[A-Za-z0-9+/\n]{40,}={0,2}`)
)

// holdsPrivate reports whether text has the marks of a private key.
func holdsPrivate(text string) bool {
	return privateWords.MatchString(text) || strings.Contains(text, opensshMagic) || strings.Contains(text, ppkPrivate)
}

// cutPrivate returns text without private keys, and what was found. Where the
// marks are there but their block cannot be told, nothing of the text is left.
func cutPrivate(text string) (string, []FindingID) {
	var found []FindingID
	if strings.Contains(text, ppkPrivate) {
		found = append(found, Private)
		if strings.Contains(text, ppkMark) {
			found[0] = PuTTYPrivate
		}
		text = ppkBlock.ReplaceAllString(text, apart)
	}
	before := text
	text = privateBlock.ReplaceAllString(text, apart)
	text = magicRun.ReplaceAllString(text, apart)
	text = derRun.ReplaceAllStringFunc(text, func(run string) string {
		if isPrivateDER(run) {
			return apart
		}
		return run
	})
	if text != before {
		found = append(found, Private)
	}
	if holdsPrivate(text) {
		return "", append(found, Private)
	}
	return text, found
}

// isPrivateDER reports whether base64 without its marks is a private key.
func isPrivateDER(encoded string) bool {
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.ReplaceAll(encoded, "\n", ""), "="))
	if err != nil {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err = x509.ParseECPrivateKey(der)
	return err == nil
}
