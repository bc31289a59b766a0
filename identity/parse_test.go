package identity

import (
	"crypto/ed25519"
	"encoding/pem"
	"testing"

	"golang.org/x/crypto/ssh"
)

// openSSHKey wraps a public and a private part as PROTOCOL.key says.
func openSSHKey(public, private []byte) string {
	body := ssh.Marshal(struct {
		CipherName, KDFName, KDFOptions string
		Keys                            uint32
		Public, Private                 []byte
	}{"none", "none", "", 1, public, private})
	return string(pem.EncodeToMemory(&pem.Block{
		Type: "OPENSSH PRIVATE KEY", Bytes: append([]byte("openssh-key-v1\x00"), body...),
	}))
}

func FuzzParsePrivate(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for _, secret := range []string{"", passphrase} {
		block, err := ssh.MarshalPrivateKey(key, "c")
		if secret != "" {
			block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "c", []byte(secret))
		}
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pem.EncodeToMemory(block))
	}
	f.Add([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"))
	f.Add([]byte("PuTTY-User-Key-File-3: ssh-ed25519\n"))
	f.Add([]byte("ssh-ed25519 AAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := parsePrivate(data)
		if err == nil && key.encrypted == (key.signer != nil) {
			t.Errorf("%+v", key)
		}
		if err != nil && key.signer != nil {
			t.Errorf("a signer with %v", err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("openssh-key-v1\x00"))
	block, _ := pem.Decode([]byte(openSSHKey([]byte("public"), []byte("private"))))
	f.Add(block.Bytes)
	f.Fuzz(func(t *testing.T, der []byte) {
		if public := envelopePublic(der); public != nil && public.Type() == "" {
			t.Error("a key without a type")
		}
	})
}
