//go:build !unix

package identity

import "io/fs"

// tooOpen is about Unix modes; Windows has access lists, which its own ssh checks.
func tooOpen(fs.FileInfo, int) bool { return false }

func foreign(fs.FileInfo, int) bool { return false }

// modesMatter says whether a mode decides who reads a file.
const modesMatter = false

// narrow is the command that leaves a file to its owner alone.
func narrow(name string) string {
	return `run icacls "` + name + `" /inheritance:r /grant:r "%USERNAME%:F"`
}
