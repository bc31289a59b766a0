// Package sshkey reads and judges texts that are, or should be, SSH keys. It is
// pure: no files, no agent, no network.
package sshkey

import "golang.org/x/crypto/ssh"

// Fingerprint is the SHA256 fingerprint as ssh-keygen -lf prints it.
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
