package pods

import (
	"cmp"
	"slices"
	"strings"

	"podbay/manager"
)

// order is what the rows are sorted by.
type order int

const (
	byStatus order = iota
	byName
	byCost
	byUptime
	orders // how many there are
)

func (o order) next() order { return (o + 1) % orders }

func (o order) String() string {
	return [...]string{"status", "name", "cost", "uptime"}[o]
}

// statusRank puts what can be worked with first.
func statusRank(status string) int {
	switch status {
	case "RUNNING":
		return 0
	case "STARTING":
		return 1
	case "PROVISIONING":
		return 2
	case "ERROR":
		return 3
	case "EXITED":
		return 5
	case "TERMINATED":
		return 6
	default: // a word that is newer than this program
		return 4
	}
}

// sorted returns the places of all pods in order. before is how they were shown:
// what is nearly in order takes little sorting.
func (o order) sorted(all []*manager.Pod, before []int) []int {
	out := slices.Clone(before)
	if len(before) != len(all) {
		out = make([]int, len(all))
		for i := range out {
			out[i] = i
		}
	}
	slices.SortFunc(out, func(i, j int) int {
		a, b := all[i], all[j]
		if c := o.compare(a, b); c != 0 {
			return c
		}
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func (o order) compare(a, b *manager.Pod) int {
	switch o {
	case byStatus:
		if a.Status == b.Status {
			return 0
		}
		return cmp.Compare(statusRank(a.Status), statusRank(b.Status))
	case byCost:
		return cmp.Compare(b.CostPerHour, a.CostPerHour)
	case byUptime:
		return compareUptime(a, b)
	default:
		return 0
	}
}

// compareUptime puts the longest running first and what does not run last.
func compareUptime(a, b *manager.Pod) int {
	switch {
	case a.StartedAt.IsZero() && b.StartedAt.IsZero():
		return 0
	case a.StartedAt.IsZero():
		return 1
	case b.StartedAt.IsZero():
		return -1
	}
	return a.StartedAt.Compare(b.StartedAt)
}
