//go:build unix

package identity

import (
	"io/fs"
	"syscall"
)

// tooOpen reports whether ssh would refuse the file for its mode. As in OpenSSH
// (sshkey_perm_ok in authfile.c) that is asked of the user's own files alone: what
// another user owns and lets be read was meant to be.
func tooOpen(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == uid && info.Mode().Perm()&0o077 != 0
}

// foreign reports whether another user owns the file.
func foreign(info fs.FileInfo, uid int) bool {
	if info == nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != uid
}

// narrow is the command that leaves a file to its owner alone.
func narrow(name string) string { return "run chmod 600 " + name }

// modesMatter says whether a mode decides who reads a file.
const modesMatter = true
