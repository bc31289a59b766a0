//go:build unix

package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// person is somebody with a key.
type person struct {
	signer  ssh.Signer
	private any
	line    string // as in the .pub file
}

func newPerson(t *testing.T, name string) person {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return personWith(t, name, private)
}

// newRSAPerson has a key that is longer than a line of a terminal.
func newRSAPerson(t *testing.T, name string) person {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return personWith(t, name, private)
}

func personWith(t *testing.T, name string, private any) person {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return person{signer, private, line + " " + name + "@laptop"}
}

func (p person) fingerprint() string { return ssh.FingerprintSHA256(p.signer.PublicKey()) }
func (p person) blob() string        { return strings.Fields(p.line)[1] }
func (p person) comment() string     { return strings.Fields(p.line)[2] }

// halves are the line's parts when it is broken in its key.
func (p person) halves() (first, second string) {
	at := strings.Index(p.line, " ") + 1 + 44
	return p.line[:at], p.line[at:]
}

// pem is the private key as OpenSSH keeps it.
func (p person) pem(t *testing.T) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(p.private, p.comment())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// secret is a piece of the private key's text that stands in no public key.
func (p person) secret(t *testing.T) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(p.pem(t)), "\n")
	if p.signer.PublicKey().Type() == ssh.KeyAlgoED25519 {
		return lines[4][24:40] // the seed begins there; the public half stands before it and behind
	}
	return lines[len(lines)-3][:16]
}

// rfc4716 is the key as "ssh-keygen -e" writes it.
func (p person) rfc4716() string {
	return "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"" + p.comment() + "\"\n" +
		folded(p.blob(), 70) + "---- END SSH2 PUBLIC KEY ----"
}

// ppk is the key as PuTTY keeps it; its private half is made up.
func (p person) ppk() string {
	public := folded(p.blob(), 64)
	return "PuTTY-User-Key-File-3: " + p.signer.PublicKey().Type() + "\nEncryption: none\nComment: " + p.comment() +
		fmt.Sprintf("\nPublic-Lines: %d\n%s", strings.Count(public, "\n"), public) +
		"Private-Lines: 1\n" + ppkSecret + "\nPrivate-MAC: " + strings.Repeat("0123456789abcdef", 4)
}

var ppkSecret = "AAAAIA" + base64.RawStdEncoding.EncodeToString([]byte("made up private half of a key"))

func folded(text string, width int) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(text), width) {
		b.WriteString(string(line) + "\n")
	}
	return b.String()
}

// valid are entries of people who made no mistake, in forms that must be kept
// byte for byte.
func valid(t *testing.T) (lines []string, people []person) {
	t.Helper()
	people = []person{newPerson(t, "ann"), newRSAPerson(t, "bob"), newPerson(t, "cleo")}
	lines = []string{people[0].line, people[1].line + "  with  spaces, größe ✓", people[2].line}
	lines[2] = strings.Join(strings.Fields(people[2].line)[:2], " ") // without a comment
	return lines, people
}
