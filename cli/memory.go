package cli

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"podbay/manager"
	"podbay/ui"
)

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

// startGC is by how many percent the heap may grow before it is collected, while
// podbay starts. A list of thousands of pods is then read without a collection; it
// took four, with a fifth of the time.
const startGC = 400

// starting is a Manager that saves no memory until RunPod has answered once and is
// asked again: to change it takes some milliseconds. The goal holds all the same.
type starting struct {
	ui.Manager
	answered atomic.Bool
	over     func()
}

func newStarting(m ui.Manager, getenv func(string) string) *starting {
	if getenv("GOGC") != "" {
		return &starting{Manager: m, over: func() {}}
	}
	usual := debug.SetGCPercent(startGC)
	return &starting{Manager: m, over: sync.OnceFunc(func() { debug.SetGCPercent(usual) })}
}

// Refresh implements ui.Manager.
func (s *starting) Refresh(ctx context.Context) (manager.Listing, error) {
	if s.answered.Load() {
		s.over()
	}
	defer s.answered.Store(true)
	return s.Manager.Refresh(ctx)
}
