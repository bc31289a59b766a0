package sshkey

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

// Key is one public key, in the forms that people compare keys by. All its
// texts are safe to draw.
type Key struct {
	PublicKey   ssh.PublicKey
	Type        string // the algorithm's name: "ssh-ed25519"
	Blob        string // the key in base64, as in the line of a .pub file
	Comment     string
	Fingerprint string // "SHA256:...", as ssh-keygen -lf prints it
	MD5         string // "MD5:16:27:...", as ssh-keygen -E md5 -lf prints it
	Bits        int    // as ssh-keygen -lf prints it; 0 when the type is not known here
}

// NewKey is key with the cleaned comment.
func NewKey(key ssh.PublicKey, comment string) Key {
	return Key{
		PublicKey: key, Type: key.Type(), Blob: base64.StdEncoding.EncodeToString(key.Marshal()),
		Comment: tidyComment(comment), Fingerprint: Fingerprint(key), MD5: "MD5:" + ssh.FingerprintLegacyMD5(key), Bits: bits(key),
	}
}

// Line is the key as RunPod and authorized_keys take it, without a newline.
func (k Key) Line() string {
	line := k.Type + " " + k.Blob
	if k.Comment != "" {
		line += " " + k.Comment
	}
	return line
}

// String is the key as people tell it from others: "ED25519 SHA256:... comment".
func (k Key) String() string {
	return strings.TrimSpace(TypeName(k.PublicKey) + " " + k.Fingerprint + " " + k.Comment)
}

// Matches reports whether a fingerprint, SHA256 or MD5, is this key's.
func (k Key) Matches(fingerprint string) bool {
	return fingerprint == k.Fingerprint || fingerprint == k.MD5
}

// runPodPattern is what each entry of a PUT /v2/account/ssh-keys must match
// (RunPod's OpenAPI document, components.schemas.UpdateSshKeysRequest). The
// space class is that of ECMAScript, which the document's patterns are written
// in and which counts more characters than Go's.
var runPodPattern = regexp.MustCompile(`\A(ssh|ecdsa|sk)-[^` + ecmaSpace + `]+ [^` + ecmaSpace + `]+([ \t][^\n\r]*)?\z`)

const ecmaSpace = `\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`

// Accepted reports whether RunPod takes the line as an entry. It looks at the
// line's shape alone, as RunPod does: the line need not be a key. One entry that
// is not accepted makes RunPod refuse the whole set.
func Accepted(line string) bool { return runPodPattern.MatchString(line) }

// parseWire reads a key from its wire form. Forms that OpenSSH would write in
// another way are refused: a key has one blob.
func parseWire(wire []byte, comment string) (Key, bool) {
	public, err := ssh.ParsePublicKey(wire)
	if err != nil {
		return Key{}, false
	}
	if !bytes.Equal(public.Marshal(), wire) {
		return Key{}, false
	}
	if modulus := rsaKey(public); modulus != nil && modulus.N.Sign() <= 0 {
		return Key{}, false
	}
	return NewKey(public, comment), true
}

// validLine reads a line that RunPod accepts and that sshd takes as one key,
// byte for byte.
func validLine(line string) (Key, bool) {
	if !Accepted(line) || holdsPrivate(line) {
		return Key{}, false
	}
	typ, rest, _ := strings.Cut(line, " ")
	blob, comment := rest, ""
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		blob, comment = rest[:i], rest[i+1:]
	}
	if holdsBlob(comment) {
		return Key{}, false
	}
	wire, err := base64.StdEncoding.Strict().DecodeString(blob)
	if err != nil {
		return Key{}, false
	}
	key, ok := parseWire(wire, comment)
	if !ok || key.Type != typ || useless(key) || isCertificate(key) {
		return Key{}, false
	}
	return key, true
}

var longRun = regexp.MustCompile(`[A-Za-z0-9+/=_-]{40,}`)

// tidyComment makes a comment that can stand in a line and on a screen. Runs as
// long as a line of base64 are dropped: they are no words, and they could be
// part of a private key.
func tidyComment(comment string) string {
	comment = cleantext.Line(comment, maxComment)
	comment = longRun.ReplaceAllString(comment, "…")
	if holdsBlob(comment) || holdsPrivate(comment) {
		return ""
	}
	return comment
}

// bits is the key's size as ssh-keygen prints it.
func bits(key ssh.PublicKey) int {
	if cert, ok := key.(*ssh.Certificate); ok {
		return bits(cert.Key)
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoECDSA256:
		return 256
	case ssh.KeyAlgoECDSA384:
		return 384
	case ssh.KeyAlgoECDSA521:
		return 521
	case typeDSA:
		return 1024
	}
	if key := rsaKey(key); key != nil {
		return key.N.BitLen()
	}
	return 0
}

func rsaKey(key ssh.PublicKey) *rsa.PublicKey {
	if holder, ok := key.(ssh.CryptoPublicKey); ok {
		if key, ok := holder.CryptoPublicKey().(*rsa.PublicKey); ok {
			return key
		}
	}
	return nil
}

// Bounds of RSA keys, in bits. sshd refuses what is below minRSA (its
// RequiredRSASize, 1024 unless set higher); NIST SP 800-131A wants weakRSA.
const (
	minRSA  = 1024
	weakRSA = 2048
)

// kindOf is what is to be said about a key's kind; "" when there is nothing.
func kindOf(key Key) FindingID {
	switch {
	case isCertificate(key):
		return Certificate
	case key.Type == typeDSA:
		return DSA
	case key.Type == ssh.KeyAlgoRSA && key.Bits < minRSA:
		return RSATooSmall
	case key.Type == ssh.KeyAlgoRSA && key.Bits < weakRSA:
		return RSAWeak
	case strings.HasPrefix(key.Type, "sk-"):
		return SecurityKey
	case strings.HasPrefix(key.Type, "ssh-mldsa-"):
		return TooNew
	}
	return ""
}

// useless reports whether no pod takes the key, however it is written.
func useless(key Key) bool {
	return slices.Contains([]FindingID{DSA, RSATooSmall}, kindOf(key))
}

func isCertificate(key Key) bool {
	_, ok := key.PublicKey.(*ssh.Certificate)
	return ok
}
