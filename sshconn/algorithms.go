package sshconn

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/cpu"
)

// algorithms returns x/crypto's configuration with explicit lists. Its defaults
// still offer SHA-1 in key exchange and MAC.
func algorithms() ssh.Config {
	supported := ssh.SupportedAlgorithms()
	return ssh.Config{
		KeyExchanges: supported.KeyExchanges, // mlkem768x25519 first, no SHA-1
		Ciphers:      orderCiphers(supported.Ciphers, hasAES()),
		MACs:         slices.DeleteFunc(supported.MACs, func(mac string) bool { return strings.HasPrefix(mac, "hmac-sha1") }),
	}
}

// orderCiphers puts AES-GCM first where the CPU computes it, else ChaCha20,
// which is then faster. With AES in hardware x/crypto's GCM does 2.7 times the
// throughput of its ChaCha20.
func orderCiphers(ciphers []string, aes bool) []string {
	if aes {
		return ciphers
	}
	return preferFirst(ciphers, func(c string) bool { return c == ssh.CipherChaCha20Poly1305 })
}

func hasAES() bool {
	return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ ||
		cpu.ARM64.HasAES && cpu.ARM64.HasPMULL ||
		cpu.S390X.HasAES && cpu.S390X.HasAESGCM
}

// hostKeyPreference is the order for a host of which nothing is known, as in
// OpenSSH. SHA-1 signatures and DSA are not in it.
var hostKeyPreference = []string{
	ssh.KeyAlgoED25519,
	ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// hostKeyCertificates is the same for host keys that an authority has signed.
var hostKeyCertificates = []string{
	ssh.CertAlgoED25519v01,
	ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// authoritySignatures are those by which an authority may sign, as OpenSSH's
// CASignatureAlgorithms: ssh_config(5).
var authoritySignatures = slices.Concat(hostKeyPreference, []string{ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256})

// hostKeyAlgorithms orders what is asked of a server by what is known of it: a
// server has keys of several types and shows the one that the client prefers,
// so that a known host would look changed if another type came first.
// Certificates are asked for only where an authority for the host is known.
func hostKeyAlgorithms(known hostKeys) []string {
	plain := preferFirst(hostKeyPreference, func(algorithm string) bool {
		return slices.ContainsFunc(known.plain, func(k KnownKey) bool { return k.Type == keyTypeOf(algorithm) })
	})
	if len(known.authorities) > 0 {
		return slices.Concat(hostKeyCertificates, plain)
	}
	return plain
}

// keyTypeOf returns the type of the keys that sign with algorithm, RFC 8332
// section 3.
func keyTypeOf(algorithm string) string {
	switch algorithm {
	case ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256:
		return ssh.KeyAlgoRSA
	}
	return algorithm
}

// preferFirst returns list with the preferred entries before the others, both
// in their order.
func preferFirst(list []string, preferred func(string) bool) []string {
	var first, rest []string
	for _, entry := range list {
		if preferred(entry) {
			first = append(first, entry)
		} else {
			rest = append(rest, entry)
		}
	}
	return append(first, rest...)
}

// signatureAlgorithms returns what a user key of that type may sign with, in
// order of preference; nil for a type that is no longer safe or not known.
func signatureAlgorithms(key ssh.PublicKey) []string {
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	if slices.Contains(ssh.SupportedAlgorithms().PublicKeyAuths, key.Type()) {
		return []string{key.Type()}
	}
	return nil
}
