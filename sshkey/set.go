package sshkey

import (
	"slices"
	"strings"
)

// Action is what a proposal does with a registered entry.
type Action int

const (
	// Keep leaves the entry as it is, byte for byte.
	Keep Action = iota
	// Replace puts other lines in the entry's place.
	Replace
	// Remove leaves the entry out: RunPod refuses every write that has it (Blocks),
	// it is part of a private key (Leaked), it became part of another entry
	// (JoinedInto), or mending it gives a key that is there already.
	Remove
)

// String is the action's name, as --json prints it.
func (a Action) String() string { return [...]string{"keep", "replace", "remove"}[a] }

// Entry is one registered entry in the light of all others. All its texts but
// Lines may be shown; those may be when Action is Replace.
type Entry struct {
	Index    int    // in what was given
	Label    string // what tells the entry from others: its key, or its text with long runs of base64 taken out
	Keys     []Key  // in it, or for a fingerprint the local key that it is of
	Findings []Finding
	Action   Action
	Lines    []string // what stands in its place in the proposal
	Certain  bool     // with Replace: the lines cannot be another key than was meant
	// Blocks says that RunPod refuses every write of the account's keys for as long
	// as the entry is among them.
	Blocks bool
	// Idle says that an entry that is kept does nothing: it is no key that works,
	// or the same key stands before it. It may be removed without loss.
	Idle bool
	// Leaked says that the entry is part of a private key.
	Leaked bool
	// JoinedInto is the index of the entry that this one is a piece of; -1 for none.
	JoinedInto int
}

// Has reports whether id was found.
func (e Entry) Has(id FindingID) bool {
	return slices.ContainsFunc(e.Findings, func(f Finding) bool { return f.ID == id })
}

// SetResult is what is known of an account's registered entries.
type SetResult struct {
	Entries []Entry // one for each that was given, in order
}

// Lines is the proposed set: RunPod accepts all of it. What was valid is in it byte
// for byte and in its order. With pruned, entries that do nothing are left out.
func (r SetResult) Lines(pruned bool) []string {
	lines := []string{}
	for _, entry := range r.Entries {
		if !pruned || !entry.Idle {
			lines = append(lines, entry.Lines...)
		}
	}
	return lines
}

// Changes reports whether the proposal differs from what is registered.
func (r SetResult) Changes() bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Action != Keep })
}

// Blocked reports whether RunPod refuses every write until entries are mended.
func (r SetResult) Blocked() bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Blocks })
}

// Leaked reports whether private key material is registered.
func (r SetResult) Leaked() bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Leaked })
}

// JudgeSet judges registered entries together and proposes a set that is mended.
// local are the keys of this machine: an entry that is the fingerprint of one is
// replaced by it. Entries that are pieces of one key or file are joined when the
// whole can be read.
func JudgeSet(lines []string, local []Key) SetResult {
	s := &set{lines: lines, local: local, results: make([]Result, len(lines))}
	for i, line := range lines {
		s.results[i] = judgeEntry(line)
		s.entries = append(s.entries, Entry{Index: i, JoinedInto: -1, Blocks: !Accepted(line)})
	}
	s.joinFiles()
	s.joinHalves()
	for i := range s.entries {
		s.decide(i)
	}
	s.dropDuplicates()
	return SetResult{Entries: s.entries}
}

// set is JudgeSet at work.
type set struct {
	lines   []string
	local   []Key
	results []Result
	entries []Entry
}

// judgeEntry is Judge for what must be one line: what a file may hold beside a
// key, its last line break and further lines, is a mistake here.
func judgeEntry(line string) Result {
	r := Judge(line)
	if r.Worst() >= Mendable || len(r.Mended) == 0 {
		return r
	}
	switch {
	case len(r.Mended) > 1:
		r.Findings = with(r.Findings, SeveralKeys)
	case r.Mended[0] != line:
		r.Findings = with(r.Findings, Spaces)
	}
	return r
}

// with adds findings to those that were made, in their order.
func with(found []Finding, ids ...FindingID) []Finding {
	for _, finding := range found {
		if finding.ID != Valid {
			ids = append(ids, finding.ID)
		}
	}
	return byID(ids)
}

// whole reports whether entry i is valid as it is.
func (s *set) whole(i int) bool {
	return s.results[i].Valid() && len(s.results[i].Mended) == 1 && s.results[i].Mended[0] == s.lines[i]
}

// open reports whether entry i can be a piece of something longer: nothing was
// read from it by itself.
func (s *set) open(i int) bool {
	return s.entries[i].JoinedInto < 0 && len(s.results[i].Keys) == 0 && len(s.results[i].Prints) == 0
}

// decide settles what the proposal does with entry i.
func (s *set) decide(i int) {
	entry, result := &s.entries[i], s.results[i]
	entry.Findings, entry.Keys = result.Findings, result.Keys
	entry.Leaked = entry.Leaked || result.Has(Private) || result.Has(PuTTYPrivate)
	entry.Label = s.label(i)
	switch {
	case entry.JoinedInto >= 0 && entry.JoinedInto != i:
		entry.Action = Remove
	case s.whole(i):
		entry.Lines = []string{s.lines[i]}
	case len(result.Mended) > 0:
		entry.Action, entry.Lines, entry.Certain = Replace, result.Mended, result.Certain
	case s.fromLocal(i):
	case entry.Blocks || entry.Leaked:
		entry.Action = Remove
	default:
		entry.Lines, entry.Idle = []string{s.lines[i]}, true
	}
}

// fromLocal replaces the fingerprints of this machine's keys by the keys.
func (s *set) fromLocal(i int) bool {
	entry := &s.entries[i]
	for _, print := range s.results[i].Prints {
		at := slices.IndexFunc(s.local, func(k Key) bool { return k.Matches(print) })
		if at < 0 {
			entry.Lines, entry.Keys = nil, nil
			return false
		}
		line := s.local[at].Line()
		if _, ok := validLine(line); !ok || slices.Contains(entry.Lines, line) {
			continue
		}
		entry.Keys = append(entry.Keys, s.local[at])
		entry.Lines = append(entry.Lines, line)
	}
	if len(entry.Lines) == 0 {
		return false
	}
	entry.Action, entry.Certain = Replace, true
	entry.Findings = byID([]FindingID{PrintOfOwn})
	return true
}

// label is entry i on one line of the screen.
func (s *set) label(i int) string {
	switch {
	case s.entries[i].Leaked && len(s.results[i].Keys) == 0:
		return "(part of a private key, not shown)"
	case len(s.results[i].Keys) == 1 && s.entries[i].JoinedInto < 0:
		return s.results[i].Keys[0].String()
	}
	return Mask(s.lines[i])
}

// dropDuplicates marks keys that stand in the proposal more than once. Of those
// that are valid the later ones are idle; mended ones give way to them.
func (s *set) dropDuplicates() {
	seen := map[string]bool{}
	for i := range s.entries {
		entry := &s.entries[i]
		if entry.Action != Keep || entry.Idle {
			continue
		}
		blob := entry.Keys[0].Blob
		if seen[blob] {
			entry.Findings = with(entry.Findings, Duplicate)
			entry.Idle = true
		}
		seen[blob] = true
	}
	for i := range s.entries {
		entry := &s.entries[i]
		if entry.Action != Replace {
			continue
		}
		before := len(entry.Lines)
		entry.Lines = slices.DeleteFunc(entry.Lines, func(line string) bool {
			blob := strings.Fields(line)[1]
			known := seen[blob]
			seen[blob] = true
			return known
		})
		if len(entry.Lines) < before {
			entry.Findings = with(entry.Findings, Duplicate)
		}
		if len(entry.Lines) == 0 {
			entry.Action, entry.Certain = Remove, false
		}
	}
}
