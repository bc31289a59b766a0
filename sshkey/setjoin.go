package sshkey

import "strings"

// RunPod's web page makes an entry of each line, so that a file that was pasted
// there, or a key that broke over lines, is several entries.

// maxPieces bounds the entries that are joined: an RSA key of 16384 bits is 40
// lines, a PuTTY file a few more.
const maxPieces = 80

// joinFiles joins the entries of a file, from the line that begins it to the one
// that ends it or to the next key that is valid.
func (s *set) joinFiles() {
	for i := 0; i < len(s.lines); i++ {
		if !beginsFile(s.lines[i]) || s.whole(i) {
			continue
		}
		end := s.fileEnd(i)
		whole := Judge(strings.Join(s.lines[i:end], "\n"))
		if end > i+1 && (len(whole.Mended) > 0 || whole.Has(Private)) {
			s.join(i, end, whole)
		}
		i = end - 1
	}
}

func beginsFile(line string) bool {
	text, _ := normalize(line)
	return beginMark.MatchString(text) || strings.Contains(text, ppkMark) || holdsPrivate(text)
}

// fileEnd is the index after the last entry of the file that begins with entry i.
// A file whose end is missing ends before the next entry that can be read by itself.
func (s *set) fileEnd(i int) int {
	last := min(len(s.lines), i+maxPieces)
	for end := i; end < last && (end == i || !s.whole(end)); end++ {
		text, _ := normalize(s.lines[end])
		switch {
		case end > i && beginsFile(s.lines[end]) && !strings.Contains(text, ppkPrivate) && !endMark.MatchString(text):
			last = end
		case endMark.MatchString(text), privateMAC.MatchString(text):
			return end + 1
		}
	}
	for end := i + 1; end < last; end++ {
		if len(s.results[end].Keys) > 0 || len(s.results[end].Prints) > 0 {
			return end
		}
	}
	return last
}

// joinHalves joins entries that are pieces of one broken key.
func (s *set) joinHalves() {
	for i := 0; i < len(s.lines); i++ {
		if !s.open(i) || !s.results[i].Has(Truncated) && !s.results[i].Has(BlobMissing) {
			continue
		}
		for end := i + 2; end <= min(len(s.lines), i+maxPieces) && s.piece(end-1); end++ {
			whole := Judge(strings.Join(s.lines[i:end], "\n"))
			if len(whole.Mended) != 1 || !whole.Has(Broken) || whole.Worst() == Fatal || whole.Has(Extra) {
				continue
			}
			s.join(i, end, whole)
			break
		}
	}
}

// piece reports whether entry i can be one that goes on with a key.
func (s *set) piece(i int) bool {
	return s.open(i) && !s.results[i].Has(Truncated) || s.results[i].Has(TypeMissing)
}

// join makes entries i to end-1 one, whose judgement stands with the first.
func (s *set) join(i, end int, whole Result) {
	private := whole.Has(Private) || whole.Has(PuTTYPrivate)
	for k := i; k < end; k++ {
		s.entries[k].JoinedInto = i
		s.entries[k].Leaked = private
		s.results[k] = Result{Findings: byID([]FindingID{Piece})}
	}
	s.results[i] = whole
}
