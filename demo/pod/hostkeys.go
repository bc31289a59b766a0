package pod

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// KeyType is a type of host key, worded as ssh-keygen -lf words it.
type KeyType string

// The types that OpenSSH makes.
const (
	Ed25519 KeyType = "ED25519"
	ECDSA   KeyType = "ECDSA"
	RSA     KeyType = "RSA" // 3072 bits; takes up to a second to make
)

const rsaBits = 3072

// HostKey is a key that a server proves itself with.
type HostKey struct {
	Type   KeyType
	Bits   int
	Path   string // where it would lie in a container
	Signer ssh.Signer
}

// NewHostKeys makes a key of each type; without any, ed25519 and ECDSA.
func NewHostKeys(types ...KeyType) ([]HostKey, error) {
	if len(types) == 0 {
		types = []KeyType{Ed25519, ECDSA}
	}
	keys := make([]HostKey, 0, len(types))
	for _, t := range types {
		key, err := newHostKey(t)
		if err != nil {
			return nil, fmt.Errorf("make %s host key: %w", t, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func newHostKey(t KeyType) (HostKey, error) {
	var private crypto.Signer
	var bits int
	var err error
	switch t {
	case Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
		bits = 256
	case ECDSA:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		bits = 256
	case RSA:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
		bits = rsaBits
	default:
		return HostKey{}, fmt.Errorf("%q is no type of host key", t)
	}
	if err != nil {
		return HostKey{}, err
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return HostKey{}, err
	}
	path := "/etc/ssh/ssh_host_" + strings.ToLower(string(t)) + "_key.pub"
	return HostKey{Type: t, Bits: bits, Path: path, Signer: signer}, nil
}

// Public is the half that clients see.
func (k HostKey) Public() ssh.PublicKey { return k.Signer.PublicKey() }

// Fingerprint is the SHA256 fingerprint: "SHA256:AbC...".
func (k HostKey) Fingerprint() string { return ssh.FingerprintSHA256(k.Public()) }

// Line is what ssh-keygen -lf prints for the key in a pod's container. The start
// script of RunPod's images prints it to the container log, after "Key: " and Path.
func (k HostKey) Line(podID string) string {
	return fmt.Sprintf("%d %s root@%s (%s)", k.Bits, k.Fingerprint(), podID, k.Type)
}

// ParseAuthorizedKeys reads keys as sshd reads authorized_keys: line by line,
// and a line that is no key is skipped.
func ParseAuthorizedKeys(text string) []ssh.PublicKey {
	var keys []ssh.PublicKey
	for line := range strings.Lines(text) {
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}
