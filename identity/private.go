package identity

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/youmark/pkcs8"
	"golang.org/x/crypto/ssh"

	"podbay/sshkey"
)

// privateKey is what a private key file shows without a passphrase.
type privateKey struct {
	public    ssh.PublicKey // nil when the format hides it
	encrypted bool
	signer    ssh.Signer // nil when encrypted
	raw       any        // what signer was made of, as crypto has it; nil when encrypted
}

// pkcs8Encrypted is a format that ssh.ParseRawPrivateKey does not know.
const pkcs8Encrypted = "ENCRYPTED PRIVATE KEY"

// parsePrivate reads a private key in OpenSSH's, PEM's or PKCS#8's format. Its
// error continues a sentence that begins with the path. The public half may be
// known even so.
func parsePrivate(data []byte) (privateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return notPrivate(data)
	}
	if block.Type == pkcs8Encrypted {
		return privateKey{encrypted: true}, nil
	}
	raw, err := ssh.ParseRawPrivateKey(pem.EncodeToMemory(block))
	if missing, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		return refuseKinds(privateKey{public: missing.PublicKey, encrypted: true})
	}
	if err != nil {
		if public := envelopePublic(block.Bytes); public != nil {
			if key, err := refuseKinds(privateKey{public: public}); err != nil {
				return key, err
			}
		}
		return privateKey{}, &fault{NotAKey, "is damaged, or a kind of key that podbay does not know: ssh-keygen -y -f tells which", nil}
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return privateKey{}, &fault{NotAKey, "is a kind of key that podbay does not know: make one with ssh-keygen -t ed25519", nil}
	}
	return refuseKinds(privateKey{public: signer.PublicKey(), signer: signer, raw: raw})
}

// typeDSA is the algorithm's name; x/crypto's constant of it is deprecated together
// with the algorithm.
const typeDSA = "ssh-dss"

// refuseKinds refuses keys whose file alone cannot sign, or whose signatures no
// server takes.
func refuseKinds(key privateKey) (privateKey, error) {
	if key.public == nil {
		return key, nil
	}
	switch key.public.Type() {
	case ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		key.signer = nil
		return key, &fault{SecurityKey, "lives on a security key: add it to the agent with ssh-add, podbay signs with it there", nil}
	case typeDSA:
		key.signer = nil
		return key, &fault{Useless, "is a DSA key, which servers refuse: make one with ssh-keygen -t ed25519", nil}
	}
	return key, nil
}

// envelopePublic reads the public half from the header of an OpenSSH private key
// (openssh-key-v1, PROTOCOL.key); nil when it is none.
func envelopePublic(der []byte) ssh.PublicKey {
	body, ok := bytes.CutPrefix(der, []byte("openssh-key-v1\x00"))
	if !ok {
		return nil
	}
	var header struct {
		CipherName, KDFName, KDFOptions string
		Keys                            uint32
		Public                          []byte
		Rest                            []byte `ssh:"rest"`
	}
	if ssh.Unmarshal(body, &header) != nil || header.Keys != 1 {
		return nil
	}
	public, err := ssh.ParsePublicKey(header.Public)
	if err != nil {
		return nil
	}
	return public
}

// notPrivate says what a file is instead of a private key.
func notPrivate(data []byte) (privateKey, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
	if public, _, err := sshkey.ParsePublicLine(text); err == nil {
		return privateKey{public: public}, &fault{PublicKey, "is a public key: name the private key, whose name has no .pub", nil}
	}
	switch {
	case text == "":
		return privateKey{}, &fault{NotAKey, "is empty: name a private key file", nil}
	case strings.HasPrefix(text, "PuTTY-User-Key-File-"):
		return privateKey{}, &fault{PuTTYKey, "is a PuTTY key: export it in PuTTYgen with Conversions, Export OpenSSH key", nil}
	case strings.HasPrefix(text, "---- BEGIN SSH2 PUBLIC KEY"), strings.HasPrefix(text, "-----BEGIN") && strings.Contains(text, "PUBLIC KEY-----"):
		return privateKey{}, &fault{PublicKey, "is a public key: name the private key, whose name has no .pub", nil}
	}
	return privateKey{}, &fault{NotAKey, "is not a private key: name a file that ssh-keygen made", nil}
}

// decrypt opens an encrypted private key. A passphrase that does not fit is
// x509.IncorrectPasswordError; any other error continues a sentence that begins
// with the path.
func decrypt(data, passphrase []byte) (key privateKey, err error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return notPrivate(data)
	}
	var raw any
	if block.Type == pkcs8Encrypted {
		raw, err = decryptPKCS8(block.Bytes, passphrase)
	} else {
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(pem.EncodeToMemory(block), passphrase)
	}
	if errors.Is(err, x509.IncorrectPasswordError) || err != nil && decryptedToGarbage(block, err) {
		return privateKey{}, x509.IncorrectPasswordError
	}
	var signer ssh.Signer
	if err == nil {
		signer, err = ssh.NewSignerFromKey(raw)
	}
	if err != nil {
		return privateKey{}, &fault{NotAKey, "is encrypted in a way that podbay does not know: ssh-keygen -p -f rewrites it", nil}
	}
	return privateKey{public: signer.PublicKey(), signer: signer, raw: raw}, nil
}

// decryptedToGarbage reports whether an old PEM file was decrypted and then made no
// sense: one wrong passphrase in 256 passes the format's only check, of padding.
// The libraries do not type what follows.
func decryptedToGarbage(block *pem.Block, err error) bool {
	return block.Headers["DEK-Info"] != "" && !strings.HasPrefix(err.Error(), "ssh: cannot decode")
}

// decryptPKCS8 opens what ssh-keygen -m PKCS8 writes with a passphrase.
func decryptPKCS8(der, passphrase []byte) (raw any, err error) {
	// The library panics on an initialisation vector of the wrong length.
	defer func() {
		if recover() != nil {
			raw, err = nil, errors.New("malformed PKCS#8")
		}
	}()
	raw, err = pkcs8.ParsePKCS8PrivateKey(der, passphrase)
	if err != nil && err.Error() == "pkcs8: incorrect password" {
		return nil, x509.IncorrectPasswordError
	}
	return raw, err
}
