//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binary is the podbay that is tested, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "podbay-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "podbay")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(out string, flags ...string) error {
	args := append([]string{"build", "-buildvcs=false", "-o", out}, flags...)
	text, err := exec.Command("go", append(args, "podbay")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build podbay: %w\n%s", err, text)
	}
	return nil
}

// raceBinary is podbay with the race detector, which ends the process with
// status 66 and a report when it finds a race.
var raceBinary = sync.OnceValues(func() (string, error) {
	path := binary + "-race"
	return path, build(path, "-race")
})
