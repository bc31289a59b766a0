package sshkey

import (
	"slices"
	"strings"
)

// MaxText bounds, in bytes, the texts that are judged.
const MaxText = 64 << 10

// Result is what is known of a text. It holds nothing of the text but its public
// keys and their cleaned comments: all of it may be shown.
type Result struct {
	// Keys are those that were found, in order, each once. Keys that no pod takes
	// are among them.
	Keys []Key
	// Findings are never empty; the heaviest comes first.
	Findings []Finding
	// Mended are the lines to register in place of the text, one a key. Each is
	// accepted by RunPod and judged valid itself. A text that is valid is its own
	// line, byte for byte but for the line break at its end. Empty when nothing can be used.
	Mended []string
	// Certain says that no line of Mended was read from a text that can also be
	// read in another way. It is false when there is none.
	Certain bool
	// Prints are the fingerprints ("SHA256:...", "MD5:...") in a text without keys.
	Prints []string
}

// Valid reports whether the text can be registered as it is.
func (r Result) Valid() bool { return len(r.Mended) > 0 && r.Worst() < Mendable }

// Worst is the weight of the heaviest finding.
func (r Result) Worst() Weight {
	if len(r.Findings) == 0 {
		return Fine
	}
	return r.Findings[0].Weight
}

// Has reports whether id was found.
func (r Result) Has(id FindingID) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.ID == id })
}

// Judge says what a text is that should be one or more public keys, and mends
// what can be mended: a pasted line, a file, a registered entry. Blank lines and
// lines that begin with # are skipped as in authorized_keys.
func Judge(text string) Result {
	if len(text) > MaxText {
		return Result{Findings: byID([]FindingID{TooLong})}
	}
	j := &judgement{sure: true}
	text, decoded := decodeUTF16(text)
	if decoded {
		j.note(UTF16)
	}
	j.text(strings.TrimRight(text, "\n"))
	return j.result()
}

// judgement gathers what Judge finds.
type judgement struct {
	ids    []FindingID
	keys   []Key
	mended []string
	prints []string
	others []FindingID // what texts without keys are
	fenced bool        // marks without words stood beside the lines
	sure   bool
}

func (j *judgement) note(ids ...FindingID) { j.ids = append(j.ids, ids...) }

// text takes lines that are valid as they are, and reads what is between them.
func (j *judgement) text(text string) {
	var between []string
	flush := func() {
		part := strings.Join(between, "\n")
		switch {
		case onlyComments(part) && !holdsBlob(part) && !holdsPrivate(part):
		case !hasWord.MatchString(part):
			j.fenced = true
		default:
			j.part(part)
		}
		between = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		plain := strings.TrimSuffix(line, "\r")
		key, ok := validLine(plain)
		if !ok {
			between = append(between, line)
			continue
		}
		flush()
		if plain != line {
			j.note(LineEndings)
		}
		j.add(key, plain, true)
	}
	flush()
}

// part reads a text that is not valid as it is.
func (j *judgement) part(text string) {
	text, undone := normalize(text)
	text, private := cutPrivate(text)
	j.note(private...)
	if len(private) > 0 && onlyComments(text) && !holdsBlob(text) {
		return
	}
	before, others := len(j.ids), len(j.others)
	keys := len(j.keys)
	for _, block := range blocks(text) {
		if block.key != nil {
			j.piece(*block.key)
			continue
		}
		j.plain(block.text)
	}
	if len(j.keys) > keys || len(j.ids) == before && len(j.others) == others {
		j.note(undone...)
	}
}

// plain reads a text without files in it.
func (j *judgement) plain(text string) {
	pieces, rest, all := split(text)
	if !all {
		j.note(TooMany)
	}
	if len(pieces) == 0 {
		j.noKey(text)
		return
	}
	for _, p := range pieces {
		j.piece(p)
	}
	if rest {
		j.note(Extra)
	}
}

// piece takes a key that was found, or what was found instead.
func (j *judgement) piece(p piece) {
	j.note(p.ids...)
	if p.key == nil {
		return
	}
	key := *p.key
	if p.refused {
		j.keep(key)
		return
	}
	kind := kindOf(key)
	if kind == Certificate {
		j.note(kind)
		key = NewKey(certified(key), key.Comment)
		if kind := kindOf(key); kind != "" {
			j.note(kind)
		}
	}
	if useless(key) {
		j.note(kindOf(key))
		j.keep(key)
		return
	}
	line := key.Line()
	if _, ok := validLine(line); !ok {
		key.Comment = ""
		line = key.Line()
	}
	if _, ok := validLine(line); !ok {
		j.note(Unsupported)
		return
	}
	j.add(key, line, p.sure)
}

// add takes a key with the line to register for it.
func (j *judgement) add(key Key, line string, sure bool) {
	if !j.keep(key) {
		j.note(Duplicate)
		return
	}
	if kind := kindOf(key); kind != "" {
		j.note(kind)
	}
	j.mended = append(j.mended, line)
	j.sure = j.sure && sure
}

// keep reports whether the key was not there yet.
func (j *judgement) keep(key Key) bool {
	if slices.ContainsFunc(j.keys, func(k Key) bool { return k.Blob == key.Blob }) {
		return false
	}
	j.keys = append(j.keys, key)
	return true
}

func (j *judgement) result() Result {
	switch {
	case len(j.keys) == 0:
		j.note(j.others...)
	case len(j.others) > 0:
		j.note(Extra)
	}
	if len(j.keys) > 0 {
		j.prints = nil
		j.ids = slices.DeleteFunc(j.ids, func(id FindingID) bool { return id == CommentedOut && len(j.mended) > 0 })
	}
	if j.fenced && len(j.mended) > 0 {
		j.note(Wrapped)
	}
	if len(j.mended) == 0 && !slices.ContainsFunc(byID(j.ids), Finding.Fatal) {
		j.note(Empty)
	}
	if slices.ContainsFunc(byID(j.ids), func(f Finding) bool { return f.Weight == Mendable && f.ID != Tidied }) {
		j.ids = slices.DeleteFunc(j.ids, func(id FindingID) bool { return id == Tidied })
	}
	if len(j.ids) == 0 {
		j.note(Valid)
	}
	return Result{
		Keys: j.keys, Findings: byID(j.ids), Mended: j.mended,
		Certain: j.sure && len(j.mended) > 0, Prints: j.prints,
	}
}
