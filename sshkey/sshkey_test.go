package sshkey

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// keygen runs ssh-keygen and returns what it printed.
func keygen(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ssh-keygen", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen %q: %v: %s", args, err, out)
	}
	return string(out)
}

func TestNamesAreThoseOfSSHKeygen(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca")
	keygen(t, "-q", "-t", "ed25519", "-N", "", "-f", ca)
	files := []string{ca + ".pub"}
	for _, typ := range []string{"ed25519", "rsa", "ecdsa"} {
		path := filepath.Join(dir, typ)
		keygen(t, "-q", "-t", typ, "-N", "", "-C", "me@"+typ, "-f", path)
		keygen(t, "-q", "-s", ca, "-I", "x", path+".pub")
		files = append(files, path+".pub", path+"-cert.pub")
	}
	files = append(files, securityKeys(t, dir)...)
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		key, _, err := ParsePublicLine(string(text))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		// "256 SHA256:... comment (ED25519)"
		listed := keygen(t, "-lf", path)
		if !strings.Contains(listed, " "+Fingerprint(key)+" ") && !isCert(key) || !strings.HasSuffix(strings.TrimSpace(listed), "("+TypeName(key)+")") {
			t.Errorf("ours is %s %s, ssh-keygen's %s", TypeName(key), Fingerprint(key), listed)
		}
	}
}

// isCert: ssh-keygen prints the fingerprint of the key inside a certificate.
func isCert(key ssh.PublicKey) bool {
	_, ok := key.(*ssh.Certificate)
	return ok
}

// securityKeys writes .pub files of keys that would need a token to be made.
func securityKeys(t *testing.T, dir string) []string {
	t.Helper()
	blob := make([]byte, 32)
	if _, err := rand.Read(blob); err != nil {
		t.Fatal(err)
	}
	wire := ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, blob, "ssh:"})
	key, err := ssh.ParsePublicKey(wire)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sk.pub")
	if err := os.WriteFile(path, ssh.MarshalAuthorizedKey(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}

func TestParsePublicLine(t *testing.T) {
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7sRVcyvtDJsFkJc1FJ0/j1aSVkkn4Oe8FzC3wWBnLd"
	good := []struct{ text, comment string }{
		{line, ""},
		{line + " me@host\n", "me@host"},
		{"\ufeff" + line + " me at home\r\n\r\n", "me at home"},
		{line + " \x1b[31mred\x07", "red"},
	}
	for _, tt := range good {
		key, comment, err := ParsePublicLine(tt.text)
		if err != nil || comment != tt.comment || TypeName(key) != "ED25519" {
			t.Errorf("%q: %v, %q, %v", tt.text, key, comment, err)
		}
	}
	for _, bad := range []string{
		"", "\n", "ssh-ed25519", "SHA256:abc", strings.TrimPrefix(line, "ssh-ed25519 "), line + "\n" + line,
		"no-pty " + line, line[:40], "ssh-rsa" + strings.TrimPrefix(line, "ssh-ed25519"),
		"-----BEGIN OPENSSH PRIVATE KEY-----\n",
	} {
		if _, _, err := ParsePublicLine(bad); !errors.Is(err, ErrNotPublicKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParsePublicLine(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7sRVcyvtDJsFkJc1FJ0/j1aSVkkn4Oe8FzC3wWBnLd me\r\n")
	f.Add("\ufeffsk-ssh-ed25519@openssh.com AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		key, comment, err := ParsePublicLine(text)
		if err != nil {
			return
		}
		if TypeName(key) == "" || Fingerprint(key) == "" || strings.ContainsAny(comment, "\x1b\r\n") {
			t.Errorf("%v %q", key, comment)
		}
	})
}

func TestAccepted(t *testing.T) {
	tests := map[string]bool{
		"ssh-ed25519 AAAA": true, "ssh-ed25519 AAAA me at home": true, "ssh-ed25519 AAAA\tme": true, "ssh-x garbage ": true,
		"sk-ssh-ed25519@openssh.com AAAA": true, "ecdsa-sha2-nistp256 AAAA": true, "ssh-ed25519 SHA256:abc me": true,
		"": false, "ssh-ed25519": false, "ssh-ed25519 ": false, "ssh-ed25519\tAAAA": false, "ssh-ed25519  AAAA": false,
		" ssh-ed25519 AAAA": false, "ssh-ed25519 AAAA\n": false, "ssh-ed25519 AAAA me\r": false, "AAAA me": false,
		"ssh-ed25519 AAAA\u00a0me": false, "\ufeffssh-ed25519 AAAA": false, "no-pty ssh-ed25519 AAAA": false,
	}
	for line, want := range tests {
		if Accepted(line) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
}
