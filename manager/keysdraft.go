package manager

import (
	"slices"
	"strings"

	"podbay/cleantext"
	"podbay/sshkey"
)

// maxKeyLine bounds a shown line, in terminal cells: an RSA key of 16384 bits
// with its comment.
const maxKeyLine = 3000

// draft is a KeyPlan on its way.
type draft struct {
	KeyPlan
	set sshkey.SetResult
}

// draft begins a plan on what the account has.
func (a accountKeys) draft() *draft {
	return &draft{KeyPlan: KeyPlan{base: a.lines, want: []string{}, account: a.account}, set: a.set}
}

func (d *draft) keep(line, shown string) {
	d.Diff = append(d.Diff, DiffLine{Op: DiffKeep, Line: shown})
	d.want = append(d.want, line)
}

func (d *draft) add(line, reason string) {
	d.Diff = append(d.Diff, DiffLine{Op: DiffAdd, Line: shownLine(line), Reason: reason})
	d.want = append(d.want, line)
}

func (d *draft) remove(shown, reason string) {
	d.Diff = append(d.Diff, DiffLine{Op: DiffRemove, Line: shown, Reason: reason})
}

func (d *draft) warn(sentence string) {
	if !slices.Contains(d.Warnings, sentence) {
		d.Warnings = append(d.Warnings, sentence)
	}
}

// keepAll keeps every entry as it is, or mends them all when RunPod would refuse
// the set for one of them.
func (d *draft) keepAll() {
	if d.set.Blocked() {
		d.warn("RunPod refuses every change while one of the registered entries is malformed, so what is wrong with them is mended as well.")
		d.mendAll(false)
		return
	}
	for i, entry := range d.set.Entries {
		d.keep(d.base[i], entryLine(entry, d.base[i]))
	}
	if d.set.Changes() {
		d.warn("Other registered entries have mistakes: podbay keys fix mends them.")
	}
	d.warnLeaked()
}

// mendAll takes each entry's proposal; with pruned, entries that do nothing go.
func (d *draft) mendAll(pruned bool) {
	for i := range d.set.Entries {
		d.mend(i, pruned)
	}
	d.warnLeaked()
}

func (d *draft) mend(i int, pruned bool) {
	entry, line := d.set.Entries[i], d.base[i]
	shown := entryLine(entry, line)
	switch {
	case entry.Action == sshkey.Keep && !pruned, stays(entry):
		d.keep(line, shown)
	case entry.Action == sshkey.Replace:
		d.remove(shown, sentences(entry.Findings))
		for _, mended := range entry.Lines {
			d.add(mended, mendReason(entry))
		}
	default:
		d.remove(shown, sentences(entry.Findings))
	}
}

// stays reports whether an entry stays when all are mended. One that does nothing
// goes; a kind of key that is not known here may be known to a pod's sshd.
func stays(entry sshkey.Entry) bool {
	return entry.Action == sshkey.Keep && (!entry.Idle || entry.Has(sshkey.Unsupported))
}

func (d *draft) warnLeaked() {
	if d.set.Leaked() {
		d.warn("A private key is registered. It must be considered leaked: make a new key, and remove the old one wherever it is trusted.")
	}
}

// sentences is what is wrong with an entry; with nothing wrong, what is noted.
func sentences(findings []sshkey.Finding) string {
	var said []string
	for _, f := range findings {
		if f.Weight >= sshkey.Weak || len(said) == 0 && f.Weight == sshkey.Note {
			said = append(said, f.Sentence)
		}
	}
	return strings.Join(said, " ")
}

func mendReason(entry sshkey.Entry) string {
	var said []string
	for _, f := range entry.Findings {
		if f.Weight == sshkey.Mendable && f.Remedy != "" {
			said = append(said, f.Remedy)
		}
	}
	if len(said) == 0 {
		said = append(said, "This is the key that was meant.")
	}
	if !entry.Certain {
		said = append(said, "The text can be read in another way: compare the fingerprint with that of your key.")
	}
	return strings.Join(said, " ")
}

// entryLine is a registered entry as it may be shown.
func entryLine(entry sshkey.Entry, line string) string {
	switch _, valid := validKey(line); {
	case valid:
		return shownLine(line)
	case entry.Leaked:
		return "[a private key]"
	}
	return entry.Label
}

// shownLine is a valid line as it may be shown.
func shownLine(line string) string { return cleantext.Line(line, maxKeyLine) }
