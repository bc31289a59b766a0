// Package sshkey reads, judges and mends texts that are, or should be, SSH keys. It
// is pure: no files, no agent, no network.
//
// [Judge] takes any text that a person pastes, names or has registered: it says
// what is wrong with it in [Finding]s, and gives the lines that can be registered
// in its place. [JudgeSet] does so for all entries of a RunPod account together,
// and proposes a set that RunPod accepts.
//
// What it promises, and what its tests hold against a corpus, against ssh-keygen
// and puttygen, and against a fuzzer:
//   - a mended line is a key that was in the text, is accepted by RunPod, and is
//     valid when it is judged again. Where chance could have made a key of
//     something else, Certain is false;
//   - an entry that is valid is kept byte for byte, and its key is always in the
//     proposal;
//   - what is returned holds no part of a private key and no control characters,
//     and may be shown. Only the lines of a proposal that are kept are the
//     account's own: they may be sent, and are shown by their Label;
//   - a text is read up to [MaxText], in time that grows with its length alone.
package sshkey

import (
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

// Fingerprint is the SHA256 fingerprint as ssh-keygen -lf prints it.
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }

// TypeName is the key's type as ssh-keygen -lf prints it: "ED25519", "RSA",
// "ECDSA-SK", "ED25519-CERT". A type that is not known here is returned as its
// algorithm's name.
func TypeName(key ssh.PublicKey) string {
	if cert, ok := key.(*ssh.Certificate); ok {
		return TypeName(cert.Key) + "-CERT"
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519:
		return "ED25519"
	case ssh.KeyAlgoRSA:
		return "RSA"
	case ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return "ECDSA"
	case ssh.KeyAlgoSKED25519:
		return "ED25519-SK"
	case ssh.KeyAlgoSKECDSA256:
		return "ECDSA-SK"
	case typeDSA:
		return "DSA"
	}
	return key.Type()
}

// maxComment bounds a comment, in terminal cells.
const maxComment = 200

// ErrNotPublicKey says that a text is not a line of a .pub file.
var ErrNotPublicKey = errors.New("this is not a public key line: it begins with a type such as ssh-ed25519, then the key")

// ParsePublicLine reads the line of a .pub file: type, key and comment. A byte
// order mark, CRLF and blank lines around it are allowed, options before it are
// not. The comment is cleaned.
func ParsePublicLine(text string) (key ssh.PublicKey, comment string, err error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil || len(options) > 0 || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, "", ErrNotPublicKey
	}
	return key, cleantext.Line(comment, maxComment), nil
}
