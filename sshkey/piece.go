package sshkey

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// piece is one key in a text, or the place where one should be.
type piece struct {
	key     *Key // nil when there is none
	ids     []FindingID
	sure    bool
	refused bool // the key is not for use
}

// take makes p the key of a complete blob.
func (p *piece) take(b blob, comment string) {
	key, ok := parseWire(b.wire, comment)
	if !ok {
		p.ids = append(p.ids, unparsed(b))
		return
	}
	p.key = &key
}

func unparsed(b blob) FindingID {
	if b.typ == "ssh-ed448" {
		return Unsupported
	}
	return Damaged
}

func incomplete(b blob) FindingID {
	if b.cut {
		return Truncated
	}
	return Damaged
}

func certified(key Key) ssh.PublicKey { return key.PublicKey.(*ssh.Certificate).Key }

// place is a blob with what belongs to it on its left.
type place struct {
	blob
	typeStart int    // where the type, or without one the blob, begins
	declared  string // the type as written; "" when there is none
	known     bool   // declared is a type's name
	apart     string // between type and blob
}

// split finds the keys in a text. rest says that there were lines without a key.
func split(text string) (pieces []piece, rest, all bool) {
	found, all := blobs(text)
	places := make([]place, len(found))
	from := 0
	for i, b := range found {
		places[i] = placeOf(text, from, b)
		from = b.end
	}
	from = 0
	for i, at := range places {
		before, after := text[from:at.typeStart], text[at.end:]
		if i+1 < len(places) {
			after = text[at.end:places[i+1].typeStart]
		}
		p := pieceOf(at, before, after, i > 0)
		if i > 0 && !strings.Contains(before, "\n") {
			p.ids = append(p.ids, neighbour(text, places[i-1], at))
		}
		rest = rest || hasRest(before, i > 0)
		if i+1 == len(places) {
			rest = rest || hasRest(after+"\n", true)
		}
		pieces = append(pieces, p)
		from = at.end
	}
	return pieces, rest, all
}

// neighbour tells two keys on one line from two that are glued together.
func neighbour(text string, left, right place) FindingID {
	if right.typeStart > left.end && strings.IndexByte(" \t\"',;|", text[right.typeStart-1]) >= 0 {
		return SeveralKeys
	}
	return Glued
}

// hasRest reports whether there is a line of words that belongs to no key.
func hasRest(between string, afterKey bool) bool {
	lines := strings.Split(between, "\n")
	lines = lines[:len(lines)-1] // stands before the next key
	if afterKey && len(lines) > 0 {
		lines = lines[1:] // the comment of the key before
	}
	return slices.ContainsFunc(lines, func(line string) bool {
		line = strings.TrimSpace(line)
		return line != "" && line[0] != '#' && hasWord.MatchString(line)
	})
}

var hasWord = regexp.MustCompile(`[\pL\pN]`)

// typeWord is a token that was meant to be a type.
var typeWord = regexp.MustCompile(`(?i)(ssh|rsa|dss|dsa|ecdsa|ed25519|nistp)`)

const (
	maxTypeWord = 50  // of a damaged type, in bytes
	maxApart    = 400 // between type and blob, in bytes
)

// placeOf looks for the type on the left of a blob, not before from.
func placeOf(text string, from int, b blob) place {
	at := place{blob: b, typeStart: b.start}
	left := text[max(from, b.start-maxApart):b.start]
	word := strings.TrimRight(left, " \t\n\"':,;=+")
	for _, name := range typeNames {
		if len(word) >= len(name) && strings.EqualFold(word[len(word)-len(name):], name) {
			at.declared, at.known = word[len(word)-len(name):], true
			break
		}
	}
	if !at.known {
		word = strings.TrimRight(left, " \t")
		token := word[strings.LastIndexAny(word, " \t\n\"'=,")+1:]
		if len(token) <= maxTypeWord && typeWord.MatchString(token) && !strings.ContainsAny(token, "/\\@") {
			at.declared = token
		}
	}
	if at.declared != "" {
		at.apart = left[len(word):]
		at.typeStart = b.start - len(at.apart) - len(at.declared)
	}
	return at
}

// pieceOf judges one key. before and after reach to the keys beside it.
func pieceOf(at place, before, after string, afterKey bool) piece {
	p := piece{sure: true}
	if at.wire == nil {
		p.ids = append(p.ids, incomplete(at.blob))
		return p
	}
	lead := before
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		lead = before[i+1:]
	} else if afterKey {
		lead = "" // the comment of the key before
	}
	ids, verdict := judgeLead(lead, at.known)
	p.ids = append(p.ids, ids...)
	p.sure, p.refused = verdict == leadKnown, verdict == leadRefused
	p.blobFlaws(at)
	comment, cut := commentOf(before, after)
	if cut {
		p.ids = append(p.ids, Wrapped)
	}
	p.take(at.blob, comment)
	if len(p.ids) == 0 && p.key != nil && kindOf(*p.key) == "" {
		p.ids = append(p.ids, Tidied)
	}
	return p
}

func (p *piece) blobFlaws(at place) {
	flaw := func(is bool, id FindingID) {
		if is {
			p.ids = append(p.ids, id)
		}
	}
	flaw(at.joined || strings.Contains(at.apart, "\n"), Broken)
	flaw(at.padding, Padding)
	flaw(at.trailing, Trailing)
	flaw(at.declared == "", TypeMissing)
	flaw(at.declared != "" && at.declared != at.typ, TypeMismatch)
	if at.declared != "" && at.apart != " " && !strings.Contains(at.apart, "\n") {
		flaw(strings.Trim(at.apart, " \t") == "", Spaces)
		flaw(strings.Trim(at.apart, " \t") != "", Wrapped)
	}
	p.sure = p.sure && at.sure
}
