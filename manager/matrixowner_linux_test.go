package manager_test

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// disown makes the home's key one that another user owns and lets nobody else read,
// for the goroutine that calls it, until restore. For root that is a file of another
// user's, while the capabilities that read everybody's files are laid down. Nobody
// else can give a file away: for them a file of root's is named in the settings, and
// the home's key is not usable.
func (w *world) disown(t *testing.T) (restore func()) {
	t.Helper()
	w.pub(t)
	if os.Getuid() != 0 {
		w.chmod(t, 0)
		opts := w.opts
		opts.settings = shadowed
		w.m, w.opts.settings = w.open(t, opts), shadowed
		return func() { w.opts.settings = nil }
	}
	if err := os.Chown(w.keyFile(), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // capabilities are a thread's
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had [2]unix.CapUserData
	if err := unix.Capget(&header, &had[0]); err != nil {
		t.Fatal(err)
	}
	fewer := had
	fewer[0].Effective &^= 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH
	if err := unix.Capset(&header, &fewer[0]); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Capset(&header, &had[0]); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
	}
}
