package cli

import "runtime/debug"

// heapGoal is what podbay's own memory is kept below while it can be, in bytes: the
// garbage of reading a list of thousands of pods would else double it. Beyond it
// podbay works on, collecting more often.
const heapGoal = 44 << 20

// saveMemory sets the goal, unless the user has set one by GOMEMLIMIT.
func saveMemory(getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapGoal)
	}
}
