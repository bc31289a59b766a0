package sshkey

import (
	"regexp"
	"strings"
)

var (
	sha256Print = regexp.MustCompile(`\bSHA256:([A-Za-z0-9+/]{43})=?`)
	md5Print    = regexp.MustCompile(`(?i)\b(?:MD5:)?((?:[0-9a-f]{2}:){15}[0-9a-f]{2})\b`)

	placeholder = regexp.MustCompile(`(?i)^["'<\[{(]*(null|nil|none|undefined|n/a|true|false|todo|\$\{?[a-z_][a-z0-9_]*\}?|%[a-z_][a-z0-9_]*%|\$env:[a-z_]+|\{\{.*\}\}|(your|my|paste|the|public)[-_ a-z]*key[-_ a-z]*)["'>\]})]*$`)
	filePath    = regexp.MustCompile(`(?i)^["']?((~|\.{1,2}|\$HOME|%USERPROFILE%|[a-z]:)?[/\\]\S.{0,300}|[^\s/\\]{1,100}\.(pub|pem|ppk|key)|id_[a-z0-9_]{1,60})["']?$`)
	configLine  = regexp.MustCompile(`(?im)^\s*(Host|Match|HostName|IdentityFile|IdentitiesOnly|ProxyJump|Include)[ \t=]+\S`)
	commandLine = regexp.MustCompile(`(?i)^([^\s@]{1,40}@[^\s:]{1,60}:\S{0,80})?[$#>%\s]*(sudo\s+)?(cat|type|ssh|ssh-keygen|ssh-copy-id|ssh-add|echo|less|more|pbcopy|clip|xclip|get-content|gc|\$\(cat)\b`)
	onlyType    = regexp.MustCompile(`(?i)^["']?(ssh|ecdsa|sk)-[a-z0-9@.-]+["']?$`)
)

// noKey says what a text is that has no key in it.
func (j *judgement) noKey(text string) {
	text = strings.TrimSpace(text)
	for _, found := range sha256Print.FindAllStringSubmatch(text, maxPrints) {
		j.prints = append(j.prints, "SHA256:"+found[1])
	}
	for _, found := range md5Print.FindAllStringSubmatch(text, maxPrints) {
		j.prints = append(j.prints, "MD5:"+strings.ToLower(found[1]))
	}
	if len(j.prints) > 0 {
		j.others = append(j.others, Print)
		return
	}
	switch id := nature(text); id {
	case Damaged, Truncated, BlobMissing:
		j.note(id)
	default:
		j.others = append(j.others, id)
	}
}

const maxPrints = 64

// nature names a text without keys and fingerprints.
func nature(text string) FindingID {
	bare := strings.Trim(text, "\"'`")
	switch {
	case strings.TrimSpace(bare) == "", onlyComments(text):
		return Empty
	case placeholder.MatchString(text):
		return Placeholder
	case onlyType.MatchString(text):
		return BlobMissing
	case configLine.MatchString(text):
		return SSHConfig
	case typeAt(text) != "" && strings.Contains(text, " "+blobMark):
		return Truncated
	case typeAt(text) != "" && strings.ContainsAny(text, " \t\n"):
		return Damaged
	case commandLine.MatchString(text):
		return Command
	case !strings.Contains(text, "\n") && filePath.MatchString(text):
		return Path
	}
	return Unreadable
}

func onlyComments(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}
