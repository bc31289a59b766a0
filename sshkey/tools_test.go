package sshkey

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// made is what ssh-keygen -t and -b make.
var made = []struct {
	name string
	args []string
}{
	{"ed25519", []string{"-t", "ed25519"}},
	{"ecdsa-256", []string{"-t", "ecdsa", "-b", "256"}},
	{"ecdsa-384", []string{"-t", "ecdsa", "-b", "384"}},
	{"ecdsa-521", []string{"-t", "ecdsa", "-b", "521"}},
	{"rsa-1024", []string{"-t", "rsa", "-b", "1024"}},
	{"rsa-2048", []string{"-t", "rsa", "-b", "2048"}},
	{"rsa-3072", []string{"-t", "rsa", "-b", "3072"}},
}

// makeKey makes a key with ssh-keygen and returns its file and the line of its
// public half.
func makeKey(t *testing.T, args ...string) (path, line string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "key")
	keygen(t, append([]string{"-q", "-N", "", "-C", "me@host", "-f", path}, args...)...)
	return path, strings.TrimSpace(read(t, path+".pub"))
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func puttygen(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "puttygen", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("puttygen %q: %v: %s", args, err, out)
	}
	return string(out)
}

// plain is a line without its comment.
func plain(line string) string { return strings.Join(strings.Fields(line)[:2], " ") }

func TestJudgeAgreesWithSSHKeygen(t *testing.T) {
	for _, tt := range made {
		t.Run(tt.name, func(t *testing.T) {
			path, line := makeKey(t, tt.args...)
			r := Judge(read(t, path+".pub"))
			if !r.Valid() || !r.Certain || len(r.Mended) != 1 || r.Mended[0] != line {
				t.Fatalf("%v, %q", ids(r.Findings), r.Mended)
			}
			key := r.Keys[0]
			for format, fingerprint := range map[string]string{"sha256": key.Fingerprint, "md5": key.MD5} {
				want := fmt.Sprintf("%d %s me@host (%s)\n", key.Bits, fingerprint, TypeName(key.PublicKey))
				if listed := keygen(t, "-E", format, "-lf", path); listed != want {
					t.Errorf("ours is %q, ssh-keygen's %q", want, listed)
				}
				if found := Judge(keygen(t, "-E", format, "-lf", path)); len(found.Prints) != 1 || !key.Matches(found.Prints[0]) {
					t.Errorf("%v", found)
				}
			}
		})
	}
}

func TestConversionsAgreeWithSSHKeygen(t *testing.T) {
	for _, tt := range made {
		path, line := makeKey(t, tt.args...)
		for _, format := range []string{"RFC4716", "PKCS8", "PEM"} {
			if tt.name == "ed25519" && format != "RFC4716" {
				continue // ssh-keygen writes neither
			}
			t.Run(tt.name+"/"+format, func(t *testing.T) {
				text := keygen(t, "-e", "-m", format, "-f", path+".pub")
				r := Judge(text)
				if !r.Certain || len(r.Mended) != 1 || plain(r.Mended[0]) != plain(line) {
					t.Fatalf("%v, %q, want %q, of\n%s", ids(r.Findings), r.Mended, line, text)
				}
				file := filepath.Join(t.TempDir(), "exported")
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if format == "PEM" && !strings.Contains(text, "RSA") {
					format = "PKCS8" // which is what ssh-keygen wrote for ECDSA
				}
				if imported := keygen(t, "-i", "-m", format, "-f", file); plain(imported) != plain(r.Mended[0]) {
					t.Errorf("ssh-keygen makes %q of it, Judge %q", imported, r.Mended)
				}
			})
		}
	}
}

func TestConversionsAgreeWithPuTTYgen(t *testing.T) {
	for _, tt := range made {
		path, _ := makeKey(t, tt.args...)
		for _, version := range []string{"2", "3"} {
			t.Run(tt.name+"/"+version, func(t *testing.T) {
				ppk := filepath.Join(t.TempDir(), "key.ppk")
				puttygen(t, path, "-q", "-O", "private", "--ppk-param", "version="+version, "-C", "me at home", "-o", ppk)
				want := strings.TrimSpace(puttygen(t, ppk, "-O", "public-openssh"))
				for _, text := range []string{read(t, ppk), puttygen(t, ppk, "-O", "public")} {
					r := Judge(text)
					if !r.Certain || len(r.Mended) != 1 || r.Mended[0] != want {
						t.Errorf("%v, %q, want %q, of\n%s", ids(r.Findings), r.Mended, want, text)
					}
					if r.Has(PuTTY) != r.Has(PuTTYPrivate) {
						t.Errorf("the private half of a .ppk is not told: %v", ids(r.Findings))
					}
				}
			})
		}
	}
}

// TestEncryptedPuTTY: the public half of an encrypted file needs no passphrase.
func TestEncryptedPuTTY(t *testing.T) {
	path, line := makeKey(t, "-t", "ed25519")
	dir := t.TempDir()
	passphrase, ppk := filepath.Join(dir, "passphrase"), filepath.Join(dir, "key.ppk")
	if err := os.WriteFile(passphrase, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	puttygen(t, path, "-q", "-O", "private", "--new-passphrase", passphrase, "--ppk-param", "memory=64,time=1", "-o", ppk)
	if r := Judge(read(t, ppk)); len(r.Mended) != 1 || r.Mended[0] != line || !r.Has(PuTTYPrivate) {
		t.Errorf("%v, %q", ids(r.Findings), r.Mended)
	}
}

// TestPrivateKeysAreRefused: in every format, whole, flattened, without marks,
// encoded once more, and by lines.
func TestPrivateKeysAreRefused(t *testing.T) {
	for _, tt := range made {
		for _, format := range []string{"RFC4716", "PEM", "PKCS8"} {
			for _, passphrase := range []string{"", "secret"} {
				if tt.name == "ed25519" && format != "RFC4716" || tt.name == "rsa-3072" || tt.name == "rsa-2048" && passphrase != "" {
					continue
				}
				t.Run(tt.name+"/"+format+"/"+passphrase, func(t *testing.T) {
					path := filepath.Join(t.TempDir(), "key")
					keygen(t, append([]string{"-q", "-Z", "aes256-ctr", "-N", passphrase, "-m", format, "-f", path}, tt.args...)...)
					checkRefused(t, read(t, path), passphrase != "")
				})
			}
		}
	}
}

func checkRefused(t *testing.T, text string, encrypted bool) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	forms := []string{
		text, strings.Join(lines, " "), strings.Join(lines, ""), strings.Join(lines, `\n`), strings.Join(lines, "\r\n"),
		strings.Join(lines[:len(lines)-2], "\n"), base64.StdEncoding.EncodeToString([]byte(text)), "key: |\n  " + strings.Join(lines, "\n  "),
		"ssh-rsa " + strings.Join(lines, ""),
	}
	if !encrypted || strings.HasPrefix(lines[1], opensshMagic) {
		forms = append(forms, strings.Join(lines[1:len(lines)-1], "\n"), strings.Join(lines[1:len(lines)-1], ""))
	}
	for _, form := range forms {
		r := Judge(form)
		if !r.Has(Private) || r.Worst() != Fatal || len(r.Mended) > 0 {
			t.Errorf("%v of %q", ids(r.Findings), form)
		}
		checkSecret(t, text, fmt.Sprintf("%+v", r)+Mask(form), nil)
	}
	r := JudgeSet(lines, nil)
	for _, e := range r.Entries {
		if e.Action != Remove || !e.Leaked {
			t.Errorf("%+v", e)
		}
		checkSecret(t, text, fmt.Sprintf("%+v", e), nil)
	}
}

func TestUTF16(t *testing.T) {
	_, line := makeKey(t, "-t", "ed25519")
	for mark, order := range map[string][2]int{"\xff\xfe": {0, 1}, "\xfe\xff": {1, 0}} {
		text := mark
		for _, c := range []byte(line + "\r\n") {
			var unit [2]byte
			unit[order[0]] = c
			text += string(unit[:])
		}
		if r := Judge(text); len(r.Mended) != 1 || r.Mended[0] != line || !r.Has(UTF16) {
			t.Errorf("%v, %q", ids(r.Findings), r.Mended)
		}
	}
}

func TestBounds(t *testing.T) {
	_, line := makeKey(t, "-t", "ed25519")
	blob := strings.Fields(line)[1]
	large, err := ssh.NewPublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 17000), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		text string
		want FindingID
	}{
		"long":      {line + strings.Repeat(" ", MaxText), TooLong},
		"many":      {strings.Repeat(blob, maxBlobs+1), TooMany},
		"large RSA": {"ssh-rsa " + base64.StdEncoding.EncodeToString(large.Marshal()), Damaged},
	}
	for name, tt := range tests {
		if r := Judge(tt.text); !r.Has(tt.want) {
			t.Errorf("%s: %v", name, ids(r.Findings))
		}
	}
	long := Judge("ssh-ed25519  " + blob + " " + strings.Repeat("word ", 1000))
	if len(long.Mended) != 1 || len(long.Mended[0]) > len(line)+2*maxComment {
		t.Errorf("a long comment stays: %q", long.Mended)
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i := range 200 {
		random[0] = byte(i)
		lines = append(lines, "ssh-ed25519 "+base64.StdEncoding.EncodeToString(ssh.Marshal(struct {
			Type string
			Key  []byte
		}{"ssh-ed25519", random})))
	}
	if r := Judge(strings.Join(lines, "\n")); !r.Valid() || len(r.Mended) != 200 {
		t.Errorf("%d of 200 keys", len(r.Mended))
	}
}

// BenchmarkJudge has the texts that take the longest.
func BenchmarkJudge(b *testing.B) {
	c := readCorpus(b, "testdata/judge.txtar")
	fill := func(unit string) string { return strings.Repeat(unit, MaxText/len(unit)) }
	for name, unit := range map[string]string{
		"marks": "A", "starts": "AAAAB3NzaC1yc2E", "starts-apart": "AAAAB3NzaC1yc2E ", "truncated": c.expand.Replace("{rsa}")[:200] + " x\n",
		"options": `command="`, "begins": "-----BEGIN X ", "begin-marks": "-----BEGIN X-----", "types": "ssh-rsa ", "escapes": `\n`, "entities": "&amp;", "quotes": `"`,
		"putty": ppkMark, "spaces": "AAAA ", "hidden": "\u200b", "magic": opensshMagic + "-", "private": "-----BEGIN PRIVATE KEY-----\n" + c.expand.Replace("ssh-ed25519 {ed}\n"),
	} {
		text := fill(unit)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Judge(text)
			}
		})
	}
}
