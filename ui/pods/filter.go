package pods

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"podbay/manager"
)

// filterTexts is what the filter looks at, a text for each pod.
func filterTexts(all []*manager.Pod) []string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = strings.ToLower(p.Name + " " + p.GPU + " " + p.ID)
	}
	return texts
}

// containing returns those of the places among whose texts contain each word of the
// filter, in the order that they have there.
func containing(texts []string, filter string, among []int) []int {
	words := strings.Fields(strings.ToLower(filter))
	out := make([]int, 0, len(among))
next:
	for _, i := range among {
		for _, word := range words {
			if !strings.Contains(texts[i], word) {
				continue next
			}
		}
		out = append(out, i)
	}
	return out
}

// resembling returns the places of the texts that have the filter's letters in their
// order, the nearest first.
func resembling(texts []string, filter string) []int {
	found := fuzzy.FindNoSort(filter, texts)
	// The library sorts in place, which takes five times as long for thousands.
	slices.SortStableFunc(found, func(a, b fuzzy.Match) int { return cmp.Compare(b.Score, a.Score) })
	out := make([]int, len(found))
	for i, match := range found {
		out[i] = match.Index
	}
	return out
}

// filtered shows what contains the filter, in order; where nothing does, what
// resembles it. What does not contain a filter does not contain a longer one.
func (m Model) filtered(filter string) Model {
	among := m.sorted[m.order]
	if m.texts != nil && !m.near && m.found != "" && len(filter) > len(m.found) && strings.HasPrefix(filter, m.found) {
		among = m.shown
	}
	if m.texts == nil {
		m.texts = filterTexts(m.all)
	}
	m.shown = containing(m.texts, filter, among)
	if m.near = len(m.shown) == 0; m.near {
		m.shown = resembling(m.texts, filter)
	}
	return m
}
