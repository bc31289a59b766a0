package identity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/sshkey"
)

func TestKeyFilesOfEveryKind(t *testing.T) {
	types := map[string][]string{
		"ed25519": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "2048"},
		"ecdsa256": {"-t", "ecdsa", "-b", "256"}, "ecdsa384": {"-t", "ecdsa", "-b", "384"}, "ecdsa521": {"-t", "ecdsa", "-b", "521"},
	}
	formats := map[string][]string{"openssh": nil, "PEM": {"-m", "PEM"}, "PKCS8": {"-m", "PKCS8"}}
	for typeName, typeArgs := range types {
		for format, formatArgs := range formats {
			for _, secret := range []string{"", passphrase} {
				name := typeName + " " + format + map[bool]string{true: " encrypted"}[secret != ""]
				t.Run(name, func(t *testing.T) {
					home := newHome(t)
					path := filepath.Join(home, ".ssh", "id_ed25519")
					public := keygen(t, path, slices.Concat(typeArgs, formatArgs, []string{"-N", secret})...)
					checkKeyFile(t, home, public, secret, true)
					if err := os.Remove(path + ".pub"); err != nil {
						t.Fatal(err)
					}
					checkKeyFile(t, home, public, secret, false)
				})
			}
		}
	}
}

func checkKeyFile(t *testing.T, home string, public ssh.PublicKey, secret string, pub bool) {
	t.Helper()
	path := filepath.Join(home, ".ssh", "id_ed25519")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// PEM and PKCS#8 hide the public half; ssh-keygen writes Ed25519 in OpenSSH's
	// format whatever it is asked for.
	hidden := secret != "" && !pub && !strings.Contains(string(text), "OPENSSH")

	f := finder(home)
	id := only(t, find(t, f))
	if id.Problem != nil || id.Encrypted != (secret != "") || id.Source != SourceFile || id.Path != path ||
		id.Name() != "~/.ssh/id_ed25519" || id.Mode != 0o600 || pub && id.Comment != "id_ed25519@test" {
		t.Errorf("%+v", id)
	}
	if hidden != (id.Public == nil) || !hidden && !sameKey(id.Public, public) {
		t.Errorf("public half %v, want hidden %v", id.Public, hidden)
	}
	if secret == "" {
		wantSigns(t, f, id, nil, public)
		wantSigns(t, f, id, []byte("not needed"), public)
		return
	}
	fingerprint := sshkey.Fingerprint(public)
	if hidden {
		fingerprint = ""
	}
	wantPassphraseError(t, f, id, nil, PassphraseError{Path: path, Fingerprint: fingerprint})
	wrongs := []string{"", "x", "open sesamE", strings.Repeat("y", 100)}
	if strings.Contains(string(text), "DEK-Info") {
		for i := range 1000 { // some pass this format's check
			wrongs = append(wrongs, fmt.Sprint(i))
		}
	}
	for _, wrong := range wrongs {
		wantPassphraseError(t, f, id, []byte(wrong), PassphraseError{Path: path, Fingerprint: fingerprint, Wrong: true})
	}
	wantSigns(t, f, id, []byte(secret), public)
}

func wantPassphraseError(t *testing.T, f Finder, id Identity, secret []byte, want PassphraseError) {
	t.Helper()
	_, err := f.Signer(t.Context(), id, secret)
	got, ok := errors.AsType[*PassphraseError](err)
	if !ok || *got != want {
		t.Errorf("with %q: %v (%+v), want %+v", secret, err, got, want)
	}
}

func TestWhatIsNoPrivateKeySaysWhatItIs(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	keygen(t, key, "-t", "ed25519", "-N", "")
	dsa := filepath.Join(dir, "dsa")
	keygen(t, dsa, "-t", "dsa", "-N", "")
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	private := read(key)
	tests := []struct{ name, text, says string }{
		{"empty", "", "is empty"},
		{"blank", " \r\n", "is empty"},
		{"garbage", "hello\x1b[2J", "is not a private key"},
		{"binary", "\x00\xff\xfe", "is not a private key"},
		{"PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n", "is a PuTTY key"},
		{"public", read(key + ".pub"), "is a public key"},
		{"public, BOM", "\ufeff" + read(key+".pub"), "is a public key"},
		{"RFC 4716", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n", "is a public key"},
		{"PEM public", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n", "is a public key"},
		{"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is not a private key"},
		{"cut", private[:len(private)/2], "is not a private key"},
		{"damaged", strings.Replace(private, "b3BlbnNzaC1rZXktdjE", "b3BlbnNzaC1rZXktdjF", 1), "is damaged"},
		{"DSA", read(dsa), "is a DSA key"},
		{"too large", strings.Repeat("#", maxKeyFile+1), "is too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := newHome(t)
			write(t, filepath.Join(home, ".ssh", "id_rsa"), tt.text)
			f := finder(home)
			id := only(t, find(t, f))
			wantPlain(t, id.Problem, "~/.ssh/id_rsa "+tt.says, ": ")
			if _, err := f.Signer(t.Context(), id, nil); err != id.Problem {
				t.Errorf("Signer says %v", err)
			}
		})
	}
}

func TestRealRFC4716IsAPublicKey(t *testing.T) {
	home := newHome(t)
	path := filepath.Join(home, ".ssh", "id_ecdsa")
	keygen(t, path, "-t", "ed25519", "-N", "")
	run(t, nil, "sh", "-c", "ssh-keygen -e -f "+path+" > "+path+".2 && mv "+path+".2 "+path+" && chmod 600 "+path)
	wantPlain(t, only(t, find(t, finder(home))).Problem, "is a public key")
}

func TestWhatIsNoFile(t *testing.T) {
	home := newHome(t)
	folder, missing := filepath.Join(home, "folder"), filepath.Join(home, "missing")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(home, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(write(t, filepath.Join(home, "file"), "x"), "below")
	f := finder(home)
	f.Extra = []string{folder, missing, loop, below}
	set := find(t, f)
	if len(set.Identities) != 4 {
		t.Fatal(names(set))
	}
	for i, says := range []string{"~/folder is a folder", "~/missing does not exist", "~/loop cannot be read", "~/file/below cannot be read"} {
		wantPlain(t, set.Identities[i].Problem, says, ": ")
	}
}

func TestSecurityKeyFileNeedsTheAgent(t *testing.T) {
	home := newHome(t)
	public := ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, make([]byte, 32), "ssh:"})
	write(t, filepath.Join(home, ".ssh", "id_ed25519_sk"), openSSHKey(public, []byte("what only the token understands")))
	id := only(t, find(t, finder(home)))
	wantPlain(t, id.Problem, "~/.ssh/id_ed25519_sk lives on a security key", "ssh-add")
	if id.Public == nil || id.Public.Type() != ssh.KeyAlgoSKED25519 {
		t.Errorf("public half %v", id.Public)
	}
}

func TestPubOfAnotherKeyIsNoticed(t *testing.T) {
	home := newHome(t)
	path, other := filepath.Join(home, ".ssh", "id_rsa"), filepath.Join(home, "other")
	public := keygen(t, path, "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", passphrase)
	keygen(t, other, "-t", "ed25519", "-N", "")
	if err := os.Rename(other+".pub", path+".pub"); err != nil {
		t.Fatal(err)
	}
	f := finder(home)
	id := only(t, find(t, f))
	_, err := f.Signer(t.Context(), id, []byte(passphrase))
	wantPlain(t, err, "~/.ssh/id_rsa and its .pub file are of two keys")
	id.Public = nil
	wantSigns(t, f, id, []byte(passphrase), public)
}

func TestFileThatChangedSinceFind(t *testing.T) {
	home := newHome(t)
	path := filepath.Join(home, ".ssh", "id_ed25519")
	keygen(t, path, "-t", "ed25519", "-N", "")
	f := finder(home)
	id := only(t, find(t, f))
	write(t, path, "gone")
	_, err := f.Signer(t.Context(), id, nil)
	wantPlain(t, err, "~/.ssh/id_ed25519 is not a private key")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = f.Signer(t.Context(), id, nil)
	wantPlain(t, err, "~/.ssh/id_ed25519")
}
