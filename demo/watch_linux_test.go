package demo_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// watchOpens returns a function that tells how often something in dir was
// opened, made or changed, dir itself included, since the watch began.
func watchOpens(t *testing.T, dir string) func() []byte {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	must(t, err)
	file := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { file.Close() })
	must(t, os.WriteFile(dir+"/.bashrc", []byte("echo rc\n"), 0o600))
	must(t, os.WriteFile(dir+"/.inputrc", nil, 0o600))
	_, err = unix.InotifyAddWatch(fd, dir, unix.IN_OPEN|unix.IN_CREATE|unix.IN_MODIFY|unix.IN_DELETE|unix.IN_ATTRIB)
	must(t, err)
	return func() []byte {
		events := make([]byte, 4096)
		n, _ := unix.Read(fd, events) // EAGAIN: there were none
		return events[:max(0, n)]
	}
}
