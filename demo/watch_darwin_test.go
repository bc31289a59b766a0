package demo_test

import (
	"os"
	"testing"
)

// watchOpens returns a function that lists what is in dir, which holds nothing
// when the watch begins: macOS tells of no opens.
func watchOpens(t *testing.T, dir string) func() []byte {
	return func() []byte {
		entries, err := os.ReadDir(dir)
		must(t, err)
		var names []byte
		for _, entry := range entries {
			names = append(names, entry.Name()...)
		}
		return names
	}
}
