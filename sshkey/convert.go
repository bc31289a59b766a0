package sshkey

import (
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"
)

const ppkMark = "PuTTY-User-Key-File-"

var (
	beginMark = regexp.MustCompile(`-{3,}[ \t]*BEGIN ([A-Z0-9 ]{1,60}?)[ \t]*-{3,}`)
	endMark   = regexp.MustCompile(`-{3,}[ \t]*END [A-Z0-9 ]{1,60}?[ \t]*-{3,}`)
	// The comment of an SSH2 header may be quoted; a flattened text has all headers on one line.
	ssh2Comment = regexp.MustCompile(`(?i)\bComment:[ \t]*("[^"\n]*"|[^\n]*)`)
	ppkComment  = regexp.MustCompile(`(?m)\bComment:[ \t]*(.*?)[ \t]*(Public-Lines:|$)`)
	ppkLines    = regexp.MustCompile(`Public-Lines:[ \t]*[0-9]{1,6}\s+`)
)

// block is a part of a text that has a format of its own, or plain text.
type block struct {
	text string
	key  *piece // nil: plain text
}

// blocks splits a text into files of the formats that are converted and what is
// between them.
func blocks(text string) []block {
	var all []block
	for text != "" {
		start, end, p := nextBlock(text)
		if p == nil {
			break
		}
		if !onlyComments(text[:start]) || holdsBlob(text[:start]) {
			all = append(all, block{text: text[:start]})
		}
		all = append(all, block{key: p})
		text = text[end:]
	}
	if !onlyComments(text) || holdsBlob(text) || len(all) == 0 {
		all = append(all, block{text: text})
	}
	return all
}

func nextBlock(text string) (start, end int, p *piece) {
	mark := beginMark.FindStringSubmatchIndex(text)
	ppk := strings.Index(text, ppkMark)
	if ppk >= 0 && (mark == nil || ppk < mark[0]) {
		return fromPPK(text, ppk)
	}
	if mark == nil {
		return 0, 0, nil
	}
	label, body := text[mark[2]:mark[3]], text[mark[1]:]
	end = len(text)
	if over := endMark.FindStringIndex(body); over != nil {
		end = mark[1] + over[1]
		body = body[:over[0]]
	}
	switch label {
	case "SSH2 PUBLIC KEY":
		p = fromSSH2(body)
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		p = fromPEM(body)
	default:
		p = &piece{ids: []FindingID{Unsupported}}
	}
	return mark[0], end, p
}

// fromSSH2 reads RFC 4716: headers, then the blob in lines of up to 72 characters.
// A header line that ends in a backslash goes on in the next one.
func fromSSH2(body string) *piece {
	body = strings.ReplaceAll(body, "\\\n", "")
	all, _ := blobs(body)
	if len(all) != 1 {
		return &piece{ids: []FindingID{RFC4716, Damaged}}
	}
	comment := ""
	if found := ssh2Comment.FindStringSubmatch(body[:all[0].start]); found != nil {
		comment = strings.Trim(strings.TrimSpace(found[1]), `"`)
	}
	return blockPiece(all[0], comment, RFC4716)
}

// fromPPK reads the public half of PuTTY's format (PuTTY manual, appendix C).
// The private half was cut away before.
func fromPPK(text string, start int) (int, int, *piece) {
	end := len(text)
	if next := strings.Index(text[start+1:], ppkMark); next >= 0 {
		end = start + 1 + next
	}
	body := text[start:end]
	lines := ppkLines.FindStringIndex(body)
	if lines == nil {
		return start, end, &piece{ids: []FindingID{PuTTY, Damaged}}
	}
	b, ok := readBlob(body, lines[1])
	if !ok {
		return start, end, &piece{ids: []FindingID{PuTTY, Damaged}}
	}
	comment := ""
	if found := ppkComment.FindStringSubmatch(body[:lines[1]]); found != nil {
		comment = found[1]
	}
	return start, start + max(b.end, 1), blockPiece(b, comment, PuTTY)
}

// blockPiece is the key of a file whose format says where the key begins.
func blockPiece(b blob, comment string, format FindingID) *piece {
	p := &piece{ids: []FindingID{format}, sure: true}
	if b.wire == nil {
		p.ids = append(p.ids, incomplete(b))
		return p
	}
	p.take(b, comment)
	if b.trailing {
		p.ids, p.sure = append(p.ids, Trailing), false
	}
	return p
}

// fromPEM reads PKIX ("PUBLIC KEY", RFC 7468) and PKCS#1 ("RSA PUBLIC KEY"). The
// label does not matter: ssh-keygen writes both.
func fromPEM(body string) *piece {
	p := &piece{ids: []FindingID{PEMPublic}, sure: true}
	encoded := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' {
			return -1
		}
		return r
	}, body)
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		p.ids = append(p.ids, Damaged)
		return p
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		rsa, err := x509.ParsePKCS1PublicKey(der)
		if err != nil {
			p.ids = append(p.ids, Damaged)
			return p
		}
		public = rsa
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		p.ids = append(p.ids, Unsupported)
		return p
	}
	whole, ok := parseWire(key.Marshal(), "")
	if !ok {
		p.ids = append(p.ids, Unsupported)
		return p
	}
	p.key = &whole
	return p
}
