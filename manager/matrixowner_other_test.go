//go:build !linux

package manager_test

import "testing"

// disown makes the home's key unusable beside a file of root's that the settings
// name.
func (w *world) disown(t *testing.T) (restore func()) {
	t.Helper()
	w.pub(t)
	w.chmod(t, 0)
	opts := w.opts
	opts.settings = shadowed
	w.m, w.opts.settings = w.open(t, opts), shadowed
	return func() { w.opts.settings = nil }
}
