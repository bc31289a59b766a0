package cli

import (
	"runtime"
	"testing"
)

func TestOneProcessorWhileASessionLasts(t *testing.T) {
	usual := runtime.GOMAXPROCS(0)
	defer runtime.SetDefaultGOMAXPROCS()
	over := oneProcessor(func(string) string { return "" })
	if n := runtime.GOMAXPROCS(0); n != 1 {
		t.Errorf("%d processors during a session", n)
	}
	over()
	if n := runtime.GOMAXPROCS(0); n != usual {
		t.Errorf("%d processors after a session, %d before", n, usual)
	}
	set := func(name string) string { return map[string]string{"GOMAXPROCS": "7"}[name] }
	defer oneProcessor(set)()
	if n := runtime.GOMAXPROCS(0); n != usual {
		t.Errorf("%d processors, though the user has set how many", n)
	}
}
