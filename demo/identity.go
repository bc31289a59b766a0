package demo

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

const keyComment = "podbay-demo"

type identity struct {
	file string // of the private key
	line string // to register
}

// makeIdentity does what ssh-keygen -t ed25519 does, in the home below dir.
func makeIdentity(dir string) (identity, error) {
	folder := filepath.Join(dir, "home", ".ssh")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return identity{}, fmt.Errorf("make a folder for the identity: %w", err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("make an identity: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, keyComment)
	if err != nil {
		return identity{}, fmt.Errorf("encode the identity: %w", err)
	}
	line, err := keyLine(public)
	if err != nil {
		return identity{}, err
	}
	id := identity{file: filepath.Join(folder, "id_ed25519"), line: line}
	if err := os.WriteFile(id.file, pem.EncodeToMemory(block), 0o600); err != nil {
		return identity{}, fmt.Errorf("write the identity: %w", err)
	}
	if err := os.WriteFile(id.file+".pub", []byte(id.line+"\n"), 0o644); err != nil {
		return identity{}, fmt.Errorf("write the identity's public half: %w", err)
	}
	return id, nil
}

func keyLine(key ed25519.PublicKey) (string, error) {
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("encode a public key: %w", err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " " + keyComment, nil
}
