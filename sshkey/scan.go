package sshkey

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// A key's wire form names its type and the length of each of its fields, so
// that its base64 can be found in any text by its beginning, and its end is
// known without looking at what follows it. Broken keys are joined and glued
// ones are split by that alone.

// blob is the base64 of a key as it was found in a text.
type blob struct {
	start, end int    // in the text; padding and trailing garbage are within
	typ        string // that the blob names
	wire       []byte // nil when it is not complete
	cut        bool   // not complete because the text, or its line, ended
	joined     bool   // spaces or line breaks were within
	sure       bool   // nothing in it can be chance
	padding    bool   // the padding or the last bits were wrong
	trailing   bool   // other characters follow
}

// maxField bounds a field's length, in bytes: OpenSSH's largest RSA modulus has
// 2048, a certificate's signer and principals are a few times that.
const maxField = 16 << 10

// readBlob reads the blob that begins at start.
func readBlob(text string, start int) (blob, bool) {
	head := collect(text, start, 64)
	typ := blobTypeAt(head)
	if typ == "" {
		return blob{}, false
	}
	r := reader{text: text, at: start, shortest: len(text)}
	r.fields, r.next = layouts[typ], 4+len(typ)
	b := blob{start: start, typ: typ}
	ok := r.read()
	b.end, b.joined, b.cut = r.at, r.gaps > 0, r.ended
	if !ok {
		if b.joined { // what follows the gap was no part of it
			b.end, b.cut = r.gapAt, true
		}
		return b, true
	}
	b.wire = r.wire[:r.next]
	b.padding = r.finish()
	rest := tokenRest(text[r.at:])
	b.trailing = rest > 0
	if b.trailing && (b.joined || innerBlob(text[start:r.at]) > 0) {
		b.wire, b.cut = nil, true
		return b, true
	}
	b.end = r.at + rest
	b.sure = !b.trailing && (!b.joined || r.shortest >= sureChunk)
	return b, true
}

// innerBlob is where another blob begins within the base64 of one; 0 for nowhere.
func innerBlob(text string) int {
	for at := 1; at < len(text); at++ {
		i := strings.Index(text[at:], blobMark)
		if i < 0 {
			return 0
		}
		if at += i; blobTypeAt(text[at:]) != "" {
			return at
		}
	}
	return 0
}

// sureChunk is how long the pieces of a key that is broken by spaces must be to be
// no words of a comment that happen to be as long as what is missing.
const sureChunk = 12

func fieldHead(field rune) int {
	if field == '8' {
		return 8
	}
	return 4
}

// reader takes a blob's characters from a text, across gaps, until the lengths
// in it are satisfied.
type reader struct {
	text     string
	at       int
	chars    int    // taken
	quad     []byte // taken, not decoded
	wire     []byte
	fields   string // not yet reached
	next     int    // where in wire the next field begins
	gaps     int
	chunk    int  // characters since the last gap
	shortest int  // piece after spaces
	spaced   bool // the last gap was spaces alone
	gapAt    int  // where the last gap began
	ended    bool // the text, or its line, ended first
}

// read reports whether the blob is complete; at is then behind its last character
// but for padding.
func (r *reader) read() bool {
	for {
		if !r.measure() {
			return false
		}
		if r.fields == "" && r.chars >= charsFor(r.next) {
			break
		}
		if r.at < len(r.text) && isBase64(r.text[r.at]) {
			r.take()
			continue
		}
		if !r.gap() {
			return false
		}
	}
	r.endChunk()
	return r.chars == charsFor(r.next)
}

// charsFor is the length of n bytes in base64 without padding.
func charsFor(n int) int { return (n*8 + 5) / 6 }

func (r *reader) take() {
	r.quad = append(r.quad, r.text[r.at])
	r.at++
	r.chars++
	r.chunk++
	if len(r.quad) == 4 || r.fields == "" && r.chars == charsFor(r.next) {
		r.wire, _ = base64.RawStdEncoding.AppendDecode(r.wire, r.quad)
		r.quad = r.quad[:0]
	}
}

// measure goes on to the next field whose length is not known yet; false when a
// length makes no sense.
func (r *reader) measure() bool {
	for r.fields != "" {
		head := fieldHead(rune(r.fields[0]))
		if len(r.wire) < r.next+head {
			return true
		}
		if r.fields[0] == 's' {
			length := binary.BigEndian.Uint32(r.wire[r.next:])
			if length > maxField {
				return false
			}
			head += int(length)
		}
		r.next += head
		r.fields = r.fields[1:]
	}
	return true
}

// gap skips what may break a key: spaces, line breaks, and the backslash before
// one. A gap that is followed by a key or by no base64 is the end of the text's key.
func (r *reader) gap() bool {
	size := gapSize(r.text[r.at:])
	after := r.text[r.at+size:]
	if size == 0 && (strings.HasPrefix(after, "..") || strings.HasPrefix(after, "…")) {
		r.ended = true
		return false
	}
	if size == 0 || after == "" || !isBase64(after[0]) || typeAt(after) != "" || blobTypeAt(after) != "" {
		r.ended = size > 0 || after == "" || typeAt(after) != ""
		return false
	}
	r.endChunk()
	r.gaps++
	r.chunk, r.gapAt = 0, r.at
	r.spaced = !strings.ContainsAny(r.text[r.at:r.at+size], "\n\\")
	r.at += size
	return true
}

// endChunk notes a piece that could be a word after the key.
func (r *reader) endChunk() {
	if r.spaced {
		r.shortest = min(r.shortest, r.chunk)
	}
}

// finish consumes the padding; true when it, or the bits before it, are not as
// they should be.
func (r *reader) finish() (wrong bool) {
	padding := 0
	for r.at < len(r.text) && r.text[r.at] == '=' {
		padding++
		r.at++
	}
	if padding != (4-r.chars%4)%4 {
		return true
	}
	if tail := r.chars % 4; tail > 0 {
		// The last character, written anew, must be the one that was there.
		whole := base64.RawStdEncoding.EncodeToString(r.wire[r.next/3*3 : r.next])
		return whole[len(whole)-1] != r.text[r.at-padding-1]
	}
	return false
}

func gapSize(text string) int {
	n := 0
	for n < len(text) {
		switch {
		case text[n] == ' ' || text[n] == '\t' || text[n] == '\n':
			n++
		case strings.HasPrefix(text[n:], "\\\n"):
			n += 2
		case strings.HasPrefix(text[n:], `\n`), strings.HasPrefix(text[n:], `\r`):
			n += 2
		default:
			return n
		}
	}
	return n
}

// tokenRest is how many characters follow a key before the next space, key, or
// mark that closes what is around it.
func tokenRest(text string) int {
	for i := range len(text) {
		c := text[i]
		if isSpace(c) || strings.IndexByte("\"'`\\<>()[]{},;|", c) >= 0 || typeAt(text[i:]) != "" || blobTypeAt(text[i:]) != "" {
			return i
		}
	}
	return len(text)
}

// collect takes up to n base64 characters from start on, across gaps.
func collect(text string, start, n int) string {
	taken := make([]byte, 0, n)
	for i := start; i < len(text) && len(taken) < n; {
		if isBase64(text[i]) {
			taken = append(taken, text[i])
			i++
			continue
		}
		size := gapSize(text[i:])
		if size == 0 {
			break
		}
		i += size
	}
	return string(taken)
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// maxBlobs bounds the keys that are looked for in one text, so that a text that
// begins a key everywhere is read in time that grows with its length alone.
const maxBlobs = 128

// blobs is every blob in text, complete or not; false when there are too many.
func blobs(text string) (found []blob, all bool) {
	for at := 0; ; {
		i := strings.Index(text[at:], blobMark)
		if i < 0 {
			return found, true
		}
		at += i
		b, ok := readBlob(text, at)
		if !ok {
			at++
			continue
		}
		if len(found) == maxBlobs {
			return found, false
		}
		if inner := innerBlob(text[at:b.end]); b.wire == nil && inner > 0 && !strings.HasSuffix(b.typ, certSuffix) {
			b.end = at + inner // a certificate has other keys in it
		}
		found = append(found, b)
		at = b.end
	}
}
