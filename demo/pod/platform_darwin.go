package pod

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	ioctlGetTermios = unix.TIOCGETA
	ioctlSetTermios = unix.TIOCSETA
	posixVDisable   = 0xff
)

// makePollable does nothing: kqueue does not serve PTY masters. Nor is it
// needed, for macOS revokes the terminal when the session's leader ends, which
// ends a reader of the master.
func makePollable(*os.File) error { return nil }

// sessionMembers returns the live processes of the session that leader began.
func sessionMembers(leader int) []int {
	const zombie = 5 // SZOMB of sys/proc.h
	processes, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	var members []int
	for _, p := range processes {
		pid := int(p.Proc.P_pid)
		if p.Proc.P_stat == zombie {
			continue
		}
		if sid, err := unix.Getsid(pid); err == nil && sid == leader {
			members = append(members, pid)
		}
	}
	return members
}
