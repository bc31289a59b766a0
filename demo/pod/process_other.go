//go:build !linux && !darwin

package pod

import (
	"context"
	"errors"
	"io"
)

var errNeedsUnix = errors.New("demo shells need Linux or macOS: on this system the demo shows the list and the login, but no shell")

// terminal stands for a PTY, so that a login goes on to the sentence that says
// why there is no shell.
type terminal struct{}

func openTerminal(windowChange, []mode) (*terminal, error) { return &terminal{}, nil }

func (*terminal) resize(windowChange) error { return nil }
func (*terminal) close()                    {}

type process struct{}

func startProcess(program, *terminal) (*process, error) { return nil, errNeedsUnix }

func (*process) signal(string) bool                             { return false }
func (*process) feed(io.Reader)                                 {}
func (*process) run(context.Context, io.Writer, io.Writer) exit { return exit{status: 1} }
func (*process) sweep()                                         {}

// EndTmux has nothing to end where there are no shells.
func EndTmux(string) {}
