package pod_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/pod"
)

// ssh-keygen is the judge of what it prints.
func TestHostKeyLine(t *testing.T) {
	keys, err := pod.NewHostKeys(pod.Ed25519, pod.ECDSA, pod.RSA)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		path := filepath.Join(t.TempDir(), "key.pub")
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.Public()))) + " root@abc123\n"
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := exec.Command("ssh-keygen", "-lf", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Line("abc123") + "\n"; got != string(want) {
			t.Errorf("got %q, ssh-keygen prints %q", got, want)
		}
	}
	if _, err := pod.NewHostKeys("DSA"); err == nil {
		t.Error("a DSA key was made")
	}
}

func TestParseAuthorizedKeys(t *testing.T) {
	keys, err := pod.NewHostKeys(pod.Ed25519, pod.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	text := "# comment\n\nSHA256:fingerprint\n" + string(ssh.MarshalAuthorizedKey(keys[0].Public())) +
		"AAAAC3Nza without its type\r\n" + string(ssh.MarshalAuthorizedKey(keys[1].Public()))
	got := pod.ParseAuthorizedKeys(text)
	if len(got) != 2 || got[0].Type() != "ssh-ed25519" || got[1].Type() != "ecdsa-sha2-nistp256" {
		t.Errorf("got %d keys: %v", len(got), got)
	}
}
