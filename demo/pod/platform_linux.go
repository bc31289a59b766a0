package pod

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	ioctlGetTermios = unix.TCGETS
	ioctlSetTermios = unix.TCSETS
	posixVDisable   = 0
)

// makePollable puts the PTY's master back under Go's poller: creack/pty asks for
// its Fd, which takes it out, and then Close and deadlines wake no reader.
func makePollable(master *os.File) error {
	raw, err := master.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.SetNonblock(int(fd), true) }); err != nil {
		return err
	}
	return failed
}

// sessionMembers returns the live processes of the session that leader began.
func sessionMembers(leader int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var members []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err == nil && inSession(string(stat), leader) {
			members = append(members, pid)
		}
	}
	return members
}

// inSession reads a line of proc_pid_stat(5): after the name in parentheses,
// which can hold anything, come state, parent, group and session.
func inSession(stat string, leader int) bool {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	return len(fields) > 3 && fields[3] == strconv.Itoa(leader) && fields[0] != "Z" && fields[0] != "X"
}
