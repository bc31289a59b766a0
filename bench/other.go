//go:build !unix

package main

import "os"

func main() {
	os.Stderr.WriteString("bench: it needs Unix terminals and OpenSSH's sshd\n")
	os.Exit(1)
}
