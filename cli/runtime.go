package cli

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"podbay/manager"
	"podbay/ui"
)

// What podbay's own memory is kept below while it can be, in bytes: the garbage of
// reading a list of thousands of pods would else double it. Beyond it podbay works on,
// collecting more often.
const (
	heapGoal = 48 << 20
	// startGoal holds while podbay starts: two such lists are read, that of the run
	// before and RunPod's, and a collection amid them takes as long as the reading.
	startGoal = 56 << 20
	// startGC is by how many percent the heap may grow meanwhile, from the 4 MiB that Go
	// begins with: to the goal.
	startGC = 1400
	// listGC is by how many percent it may grow after that. A collection among
	// thousands of pods takes some milliseconds of a frame; with Go's usual 100 every
	// eightieth key met one.
	listGC = 170
)

// saveMemory sets the goal, unless the user has set one by GOMEMLIMIT.
func saveMemory(getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapGoal)
	}
}

// starting is a Manager that does not save memory until RunPod has answered once and is
// asked again: a change of that takes some milliseconds.
type starting struct {
	ui.Manager
	answered atomic.Bool
	over     func()
}

func newStarting(m ui.Manager, getenv func(string) string) *starting {
	if getenv("GOMEMLIMIT") != "" || getenv("GOGC") != "" {
		return &starting{Manager: m, over: func() {}}
	}
	debug.SetGCPercent(startGC)
	debug.SetMemoryLimit(startGoal)
	return &starting{Manager: m, over: sync.OnceFunc(func() {
		debug.SetGCPercent(listGC)
		debug.SetMemoryLimit(heapGoal)
	})}
}

// Refresh implements ui.Manager.
func (s *starting) Refresh(ctx context.Context) (manager.Listing, error) {
	if s.answered.Load() {
		s.over()
	}
	defer s.answered.Store(true)
	return s.Manager.Refresh(ctx)
}

// oneProcessor has the runtime use one processor, unless the user has set GOMAXPROCS,
// until over is called. An attached session is one stream: what x/crypto reads goes
// through three goroutines, one after the other, and with more processors the runtime
// wakes a thread for each, which finds nothing to do and takes its time from sshd's and
// the terminal's where those share the machine. A flood costs a sixth less processor
// time so. Nothing may wait in a system call meanwhile: with one processor the others
// would wait with it, until the runtime's monitor sees it.
func oneProcessor(getenv func(string) string) (over func()) {
	if getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	runtime.GOMAXPROCS(1)
	return runtime.SetDefaultGOMAXPROCS
}
