//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// benchTB lets the test support serve a program that is no test: what would fail
// a test is a panic with a failure here, and the end of the program is the end of
// the test. The embedded interface is nil: what is not below is not used.
type benchTB struct {
	testing.TB
	dir      string
	cleanups []func()
}

// failure is what a part of the test support gave up with.
type failure struct{ error }

func newTB() (*benchTB, error) {
	dir, err := os.MkdirTemp("", "podbay-bench-")
	return &benchTB{dir: dir}, err
}

func (b *benchTB) Helper()           {}
func (b *benchTB) Cleanup(f func())  { b.cleanups = append(b.cleanups, f) }
func (b *benchTB) Fatal(args ...any) { panic(failure{errors.New(fmt.Sprint(args...))}) }
func (b *benchTB) Fatalf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}
func (b *benchTB) Errorf(format string, args ...any) { b.Fatalf(format, args...) }

func (b *benchTB) TempDir() string {
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// close ends what was started, the last first.
func (b *benchTB) close() error {
	for i := len(b.cleanups) - 1; i >= 0; i-- {
		b.cleanups[i]()
	}
	return os.RemoveAll(b.dir)
}
