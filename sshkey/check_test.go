package sshkey

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// checkResult holds what is promised of every Result.
func checkResult(t testing.TB, text string, r Result) {
	t.Helper()
	if len(r.Findings) == 0 {
		t.Fatal("no findings")
	}
	if !slices.IsSortedFunc(r.Findings, func(a, b Finding) int { return int(b.Weight - a.Weight) }) {
		t.Errorf("findings in the wrong order: %v", ids(r.Findings))
	}
	if len(r.Mended) == 0 && r.Worst() != Fatal {
		t.Errorf("nothing mended, and nothing fatal: %v", ids(r.Findings))
	}
	if r.Certain && len(r.Mended) == 0 {
		t.Error("certain of nothing")
	}
	for _, line := range r.Mended {
		checkMended(t, text, line)
	}
	checkSecret(t, text, fmt.Sprintf("%+v", r), r.Mended)
}

// checkMended: a mended line is accepted by RunPod, is valid when it is judged
// again, and its key is one that was in the text.
func checkMended(t testing.TB, text, line string) {
	t.Helper()
	if !Accepted(line) || strings.ContainsAny(line, "\r\n") {
		t.Errorf("RunPod refuses %q", line)
	}
	again := Judge(line)
	if !again.Valid() || len(again.Mended) != 1 || again.Mended[0] != line {
		t.Errorf("%q is judged as %v and mended to %q", line, ids(again.Findings), again.Mended)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Errorf("%q: %v", line, err)
		return
	}
	if !wasIn(text, key) {
		t.Errorf("the key of %q was not in %q", line, text)
	}
}

var notBase64 = regexp.MustCompile(`(\\+[rn])|[^A-Za-z0-9+/]`)

// wasIn reports whether a key's own numbers are somewhere in a text that is, in
// any of the ways that are undone, encoded. It shares no code with Judge.
func wasIn(text string, key ssh.PublicKey) bool {
	plain, _ := decodeUTF16(text)
	plain = regexp.MustCompile(`\x1b\[[0-9;]*[mK]`).ReplaceAllString(plain, "")
	plain = html.UnescapeString(html.UnescapeString(html.UnescapeString(plain)))
	forms := []string{plain}
	if decoded, err := url.PathUnescape(plain); err == nil {
		forms = append(forms, decoded)
	}
	for _, form := range slices.Clone(forms) {
		escapes := regexp.MustCompile(`(?i)\\+u00(2b|2f|3d|20|0a|0d)`)
		forms = append(forms, escapes.ReplaceAllStringFunc(form, func(code string) string {
			return map[string]string{"2b": "+", "2f": "/", "3d": "=", "20": " ", "0a": "\n", "0d": "\n"}[strings.ToLower(code[len(code)-2:])]
		}))
	}
	numbers := ownNumbers(key)
	tags := regexp.MustCompile(`(?i)<[^<>]*>`)
	for _, form := range forms {
		for _, form := range []string{form, tags.ReplaceAllString(form, "")} {
			if holdsBytes(form, numbers) {
				return true
			}
			for _, token := range regexp.MustCompile(`[A-Za-z0-9+/\n\r]{30,}`).FindAllString(form, -1) {
				token = strings.NewReplacer("\n", "", "\r", "").Replace(token)
				for from := range min(4, len(token)) {
					if inner, err := base64.RawStdEncoding.DecodeString(token[from : from+(len(token)-from)/4*4]); err == nil && holdsBytes(string(inner), numbers) {
						return true
					}
				}
				if inner, err := base64.RawStdEncoding.DecodeString(token); err == nil && holdsBytes(string(inner), numbers) {
					return true
				}
			}
		}
	}
	return false
}

func holdsBytes(text, numbers string) bool {
	chars := notBase64.ReplaceAllString(text, "")
	for from := range 4 {
		if from > len(chars) {
			break
		}
		wire, _ := base64.RawStdEncoding.DecodeString(chars[from : from+(len(chars)-from)/4*4])
		tail, _ := base64.RawStdEncoding.DecodeString(chars[from:])
		if strings.Contains(string(wire), numbers) || strings.Contains(string(tail), numbers) {
			return true
		}
	}
	return false
}

// ownNumbers is what makes a key itself: the modulus, the point.
func ownNumbers(key ssh.PublicKey) string {
	if rsa := rsaKey(key); rsa != nil {
		return string(rsa.N.Bytes())
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		wire := string(key.Marshal())
		return wire[len(wire)-map[string]int{
			ssh.KeyAlgoED25519: 32, ssh.KeyAlgoECDSA256: 65, ssh.KeyAlgoECDSA384: 97, ssh.KeyAlgoECDSA521: 133,
		}[key.Type()]:]
	}
	return string(key.Marshal())
}

var privateBody = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(.*?)(-----END|$)`)

// checkSecret: no 16 characters of base64 of a private key's body are printed. Lines that
// are valid as they are are the text's own.
func checkSecret(t testing.TB, text, printed string, mended []string) {
	t.Helper()
	for _, line := range mended {
		if slices.Contains(strings.Split(text, "\n"), line) {
			text = strings.ReplaceAll(text, line, "")
		}
		// A public key may have the same characters.
		printed = strings.ReplaceAll(printed, strings.Fields(line)[1], "")
	}
	for _, body := range privateBody.FindAllStringSubmatch(text, -1) {
		for line := range strings.FieldsSeq(body[1]) {
			for from := 0; from+16 <= len(line); from += 16 {
				if !notBase64.MatchString(line[from:from+16]) && strings.Contains(printed, line[from:from+16]) {
					t.Errorf("%q of a private key is in %s", line[from:from+16], printed)
				}
			}
		}
	}
}

// checkSet holds what is promised of every SetResult.
func checkSet(t testing.TB, lines []string, local []Key, r SetResult) {
	t.Helper()
	if len(r.Entries) != len(lines) {
		t.Fatalf("%d entries of %d", len(r.Entries), len(lines))
	}
	all, pruned := r.Lines(false), r.Lines(true)
	for _, line := range all {
		if !Accepted(line) {
			t.Errorf("RunPod refuses the proposal's %q", line)
		}
	}
	var sources []string
	for _, key := range local {
		sources = append(sources, key.Line())
	}
	text := strings.Join(append(sources, lines...), "\n")
	proposed := map[string]bool{}
	for _, line := range pruned {
		proposed[strings.Fields(line)[1]] = true
	}
	for i, e := range r.Entries {
		if len(e.Findings) == 0 {
			t.Errorf("entry %d has no findings", i)
		}
		// Nothing that is valid is changed, and its key is in the pruned set too.
		if key, ok := validLine(lines[i]); ok && (e.Action != Keep || len(e.Lines) != 1 || e.Lines[0] != lines[i] || !proposed[key.Blob]) {
			t.Errorf("the valid entry %q became %v", lines[i], e)
		}
		if e.Action == Replace {
			for _, line := range e.Lines {
				checkMended(t, text, line)
			}
		}
		if e.Action == Remove && !e.Blocks && !e.Leaked && e.JoinedInto < 0 && !e.Has(Duplicate) {
			t.Errorf("removed without need: %q", lines[i])
		}
	}
	checkSetSecret(t, lines, r)
	if again := JudgeSet(all, local); again.Blocked() {
		t.Errorf("the proposal is blocked itself: %q", all)
	}
}

// checkSetSecret: entries that are a key, with its comment, are no part of a
// private key even where one begins before them.
func checkSetSecret(t testing.TB, lines []string, r SetResult) {
	t.Helper()
	var secret []string
	var labels strings.Builder
	for i, e := range r.Entries {
		if len(e.Keys) == 0 {
			secret = append(secret, lines[i])
			fmt.Fprintln(&labels, e.Label, e.Findings)
		}
	}
	checkSecret(t, strings.Join(secret, "\n"), labels.String(), nil)
}
