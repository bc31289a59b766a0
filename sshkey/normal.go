package sshkey

import (
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF16 decodes what begins with a byte order mark of UTF-16.
func decodeUTF16(text string) (string, bool) {
	if len(text) < 2 {
		return text, false
	}
	var low, high int
	switch text[:2] {
	case "\xff\xfe":
		low, high = 0, 1
	case "\xfe\xff":
		low, high = 1, 0
	default:
		return text, false
	}
	var units []uint16
	for i := 2; i+1 < len(text); i += 2 {
		units = append(units, uint16(text[i+low])|uint16(text[i+high])<<8)
	}
	return string(utf16.Decode(units)), true
}

// normalize undoes what programs between the .pub file and the text did to it.
func normalize(text string) (string, []FindingID) {
	var found []FindingID
	for _, step := range []struct {
		id FindingID
		do func(string) string
	}{
		{LineEndings, lineEndings}, {HTML, fromHTML}, {URLEncoded, fromURL},
		{Typography, plainMarks}, {Invisible, visible}, {Spaces, plainSpaces}, {Escaped, unescape},
		{Encoded, decodeTwice},
	} {
		changed := step.do(text)
		if changed != text {
			found = append(found, step.id)
		}
		text = changed
	}
	return text, found
}

func lineEndings(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// encodedLine is base64 of a line that begins with ssh-, ecdsa-, sk- or -----BEGIN.
var encodedLine = regexp.MustCompile("(^|[\\s\"'`=:])((?:c3NoL[A-Za-z0-9+/]|ZWNkc2Et|c2st|LS0tLS1CRUdJTi)[A-Za-z0-9+/\n]{30,}={0,2})($|[\\s\"'`,;\\\\])")

// apart is a comment that stands between texts that cannot be pieces of one key.
const apart = "\n#\n"

func decodeTwice(text string) string {
	return encodedLine.ReplaceAllStringFunc(text, func(found string) string {
		parts := encodedLine.FindStringSubmatch(found)
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.ReplaceAll(parts[2], "\n", ""), "="))
		if err != nil || !utf8.Valid(plain) {
			return found
		}
		return parts[1] + apart + string(plain) + apart + parts[3]
	})
}

var (
	entity  = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|nbsp|quot|apos|lt|gt|plus|sol|equals|commat|NewLine|Tab);`)
	lineTag = regexp.MustCompile(`(?i)</?(br|p|div|li|tr|pre)( [^<>]{0,200})?/?>`)
	wordTag = regexp.MustCompile(`(?i)</?(code|span|td|b|strong|em|a|ul|ol)( [^<>]{0,200})?/?>`)
)

func fromHTML(text string) string {
	text = lineTag.ReplaceAllString(text, "\n")
	text = wordTag.ReplaceAllString(text, "")
	for range 2 { // "&amp;#43;" is seen too
		text = entity.ReplaceAllStringFunc(text, html.UnescapeString)
	}
	return lineEndings(text)
}

var (
	percent   = regexp.MustCompile(`(?i)%(2B|2F|3D|20|0A|0D)`)
	formSpace = regexp.MustCompile(`(?i)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\+` + blobMark)
)

// fromURL also undoes the plus that forms write for the space after the type. Any
// other plus may as well be base64.
func fromURL(text string) string {
	text = formSpace.ReplaceAllString(text, "$1 "+blobMark)
	if !percent.MatchString(text) {
		return text
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	return lineEndings(plain)
}

var marks = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "″", `"`,
	"‘", "'", "’", "'", "‚", "'", "‹", "'", "›", "'", "′", "'",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
)

func plainMarks(text string) string { return marks.Replace(text) }

// colours are the sequences that a terminal's colours are copied with.
var colours = regexp.MustCompile(`\x1b\[[0-9;]{0,20}[mK]`)

// visible takes away what is not drawn: byte order marks, zero-width and control
// characters, colours. What begins another sequence becomes a mark of damage: how
// much of the text belongs to it cannot be told.
func visible(text string) string {
	text = strings.ToValidUTF8(colours.ReplaceAllString(text, ""), "\ufffd")
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0x1b || r >= 0x80 && r <= 0x9f && r != 0x85:
			return utf8.RuneError
		case isHidden(r):
			return -1
		}
		return r
	}, text)
}

func isHidden(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

func plainSpaces(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0x2028 || r == 0x2029:
			return '\n'
		case r != ' ' && unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, text)
}

var (
	escapedPEM    = regexp.MustCompile(`----\s*(\\+r)?\\+n`)
	escapedBreak  = regexp.MustCompile(`(\\+r)?\\+n`)
	escapedChar   = regexp.MustCompile(`\\+u00(2[bBfF]|3[dD]|20|0[aAdD])`)
	breakBefore   = regexp.MustCompile(`^[\s"',\]}]*(\\+r)?(\\+n)?[\s"',\]}]*($|(?i:ssh-|ecdsa-|sk-|AAAA))`)
	escapedSlash  = regexp.MustCompile(`\\+/`)
	escapedQuote  = regexp.MustCompile(`\\+"`)
	escapedSpaces = regexp.MustCompile(`((?i:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)\\+t` + blobMark)
)

// unescape undoes the escapes of JSON, shells and .env files. "\n" is also the
// beginning of a user's name in DOMAIN\name: it is taken for a line break before
// a key, at the end, and in PEM alone.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	text = escapedChar.ReplaceAllStringFunc(text, func(code string) string {
		switch strings.ToLower(code[len(code)-2:]) {
		case "2b":
			return "+"
		case "2f":
			return "/"
		case "3d":
			return "="
		case "20":
			return " "
		}
		return "\n"
	})
	text = escapedSlash.ReplaceAllString(text, "/")
	if at := strings.IndexByte(text, '"'); at > 0 && text[at-1] == '\\' { // else they are within quotes, as in an option
		text = escapedQuote.ReplaceAllString(text, `"`)
	}
	text = escapedSpaces.ReplaceAllString(text, "$1 "+blobMark)
	if escapedPEM.MatchString(text) {
		return escapedBreak.ReplaceAllString(text, "\n")
	}
	return breakEscapes(text)
}

func breakEscapes(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range escapedBreak.FindAllStringIndex(text, -1) {
		ahead := text[at[1]:min(len(text), at[1]+aheadBound)]
		if !breakBefore.MatchString(ahead) {
			continue
		}
		b.WriteString(text[last:at[0]] + "\n")
		last = at[1]
	}
	return b.String() + text[last:]
}

// aheadBound is how far is looked for what follows an escaped line break.
const aheadBound = 80
