//go:build unix

package sshconn_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"podbay/sshconn"
)

// TestAKnownHostsThatIsNoRegularFile is not waited for, and nothing is done to it.
func TestAKnownHostsThatIsNoRegularFile(t *testing.T) {
	key := newSigner(t).PublicKey()
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "known_hosts")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	file := &sshconn.KnownHosts{Path: link}
	_, _, lookErr := file.Lookup(podName)
	_, forgetErr := file.Forget(podName)
	for what, err := range map[string]error{"lookup": lookErr, "add": file.Add(podName, key), "replace": file.Replace(podName, key), "forget": forgetErr} {
		if err == nil || !strings.Contains(err.Error(), pipe+" is not a regular file") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if info, err := os.Stat(pipe); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the pipe is %v now, %v", info.Mode(), err)
	}
	if _, err := os.Stat(pipe + ".lock"); err == nil {
		t.Error("a lock lies beside the pipe")
	}
}

// TestALinkToTheNullDevice is how people keep a file empty.
func TestALinkToTheNullDevice(t *testing.T) {
	link := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	if keys, warnings, err := (&sshconn.KnownHosts{Path: link}).Lookup(podName); len(keys)+len(warnings) > 0 || err != nil {
		t.Errorf("%v, %v, %v", keys, warnings, err)
	}
}

// TestAFullDiskLeavesNoHalfLine runs into a limit of the file's size in place of a full
// disk: it too ends a write amid the line.
func TestAFullDiskLeavesNoHalfLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known_hosts")
	before := "# " + strings.Repeat("x", 490) + "\n"
	writeFile(t, path, before)
	command := exec.Command("sh", "-c", `ulimit -f 1; exec "$0"`, os.Args[0]) // 512 bytes
	command.Env = append(os.Environ(), addHelper+"="+path, "NAME=runpod-1", fmt.Sprintf("KEY=%s", ssh.MarshalAuthorizedKey(newSigner(t).PublicKey())))
	if out, err := command.CombinedOutput(); err == nil || !strings.Contains(string(out), "file too large") {
		t.Fatalf("%v: %s", err, out)
	}
	if after, err := os.ReadFile(path); string(after) != before || err != nil {
		t.Errorf("the file ends with %q, %v", after[len(before)-1:], err)
	}
}
