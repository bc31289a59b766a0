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
