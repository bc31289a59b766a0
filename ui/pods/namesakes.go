package pods

import (
	"podbay/manager"
	"podbay/ui/screen"
)

// leastTag is how much of an ID tells namesakes apart at least: what podbay's commands
// take for one.
const leastTag = 4

// tags tells pods of one name apart, by their IDs: each gets the shortest beginning of
// its own that none of the others has. A pod whose name no other has gets none, nor does
// one without a name: it is called by its ID.
func tags(all []*manager.Pod) map[string]string {
	first := make(map[string]*manager.Pod, len(all))
	namesakes := map[string][]*manager.Pod{}
	for _, p := range all {
		if p.Name == "" {
			continue
		}
		other, known := first[p.Name]
		if !known {
			first[p.Name] = p
			continue
		}
		if namesakes[p.Name] == nil {
			namesakes[p.Name] = []*manager.Pod{other}
		}
		namesakes[p.Name] = append(namesakes[p.Name], p)
	}
	out := map[string]string{}
	for _, group := range namesakes {
		n := tagLength(group)
		for _, p := range group {
			out[p.ID] = beginning(p.ID, n)
		}
	}
	return out
}

// tagLength is how many characters of their IDs tell pods apart.
func tagLength(group []*manager.Pod) int {
	longest := 0
	for _, p := range group {
		longest = max(longest, len(p.ID))
	}
	for n := leastTag; n < longest; n++ {
		seen := make(map[string]bool, len(group))
		for _, p := range group {
			seen[beginning(p.ID, n)] = true
		}
		if len(seen) == len(group) {
			return n
		}
	}
	return longest
}

// beginning is the first n characters of an ID.
func beginning(id string, n int) string {
	for i := range id {
		if n--; n < 0 {
			return id[:i]
		}
	}
	return id
}

// called is what a pod is called in a list: its name, with what tells it from its
// namesakes.
func called(p *manager.Pod, tags map[string]string) (name, tag string) {
	if p.Name == "" {
		return p.ID, ""
	}
	if tag = tags[p.ID]; tag != "" {
		tag = " " + tag
	}
	return p.Name, tag
}

// nameCell fits what a pod is called into cells. A name that is too long is cut, what
// tells it from its namesakes is not.
func (m Model) nameCell(p *manager.Pod, width int, dim func(string) string) string {
	name, tag := called(p, m.tags)
	name = keptMark(p) + name
	room := width - screen.Width(tag)
	if tag == "" || room < leastTag {
		return screen.Fit(name+tag, width)
	}
	name = screen.Cut(name, room)
	return name + dim(tag) + screen.Fit("", room-screen.Width(name))
}
