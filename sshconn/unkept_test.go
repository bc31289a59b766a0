package sshconn_test

import (
	"context"
	"crypto/rsa"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/sshconn"
)

// sha1Signer signs as authorities did before OpenSSH 8.2.
type sha1Signer struct{ ssh.Signer }

func (s sha1Signer) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.Signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand, data, ssh.KeyAlgoRSA)
}

func rsaSigner(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(randReader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// TestAHostKeyThatCannotBeWritten: the connection goes on, as OpenSSH's does, and says so.
func TestAHostKeyThatCannotBeWritten(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	addr := sshServer{config: accepting(signer.PublicKey())}.start(t, host)
	for name, opts := range map[string]sshconn.Options{
		"accepted": {AcceptHostKey: ssh.FingerprintSHA256(host.PublicKey())},
		"verified": {Evidence: func(context.Context, ssh.PublicKey) sshconn.Evidence { return sshconn.Evidence{Says: sshconn.SaysYes} }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, addr, "root", nil, keyOf("k", signer, nil))
			o.AcceptHostKey, o.Evidence = opts.AcceptHostKey, opts.Evidence
			if err := os.MkdirAll(o.HostKeys.Path+".lock", 0o700); err != nil {
				t.Fatal(err)
			}
			var told error
			o.Trusted = func(_ ssh.PublicKey, _ sshconn.Trust, unkept error) { told = unkept }
			mustDial(t, o)
			if told == nil || !strings.Contains(told.Error(), ".lock") {
				t.Errorf("told %v", told)
			}
		})
	}
}
