package sshconn

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

// hostKeyCheck decides on the host keys of one connection.
type hostKeyCheck struct {
	ctx  context.Context
	opts Options

	mu      sync.Mutex
	trusted ssh.PublicKey // what the connection began with
	trust   Trust
	err     error // why it did not begin
}

// callback is an ssh.HostKeyCallback. x/crypto calls it after the server proved
// that it has the key, and again at each new key exchange, where only the key
// that the connection began with is right.
//
// It runs in a goroutine of x/crypto's, which recovers nothing.
func (h *hostKeyCheck) callback(_ string, _ net.Addr, key ssh.PublicKey) (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			h.err = &PanicError{Value: v, Stack: debug.Stack()}
			err = h.err
		}
	}()
	if h.trusted != nil {
		if bytes.Equal(h.trusted.Marshal(), key.Marshal()) {
			return nil
		}
		return fmt.Errorf("the host key of %s changed while connected", h.opts.HostKeyName)
	}
	if h.trust, h.err = h.check(key); h.err == nil {
		h.trusted = key
	}
	return h.err
}

// outcome waits for a check that is under way.
func (h *hostKeyCheck) outcome() (ssh.PublicKey, Trust, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trusted, h.trust, h.err
}

// check looks at shown, asks for evidence where the known keys do not settle it,
// and carries out what was decided.
func (h *hostKeyCheck) check(shown ssh.PublicKey) (Trust, error) {
	o := h.opts
	known, err := o.knownKeys()
	if err != nil {
		return "", err
	}
	if revoked := find(known.revoked, hostKeyParts(shown)...); revoked != nil {
		return "", &HostKeyRevokedError{o.HostKeyName, o.Addr, revoked.Fingerprint, revoked.File, revoked.Line}
	}
	key := shown
	cert, isCert := shown.(*ssh.Certificate)
	if isCert {
		key = cert.Key // as OpenSSH does: judged like a server without a certificate
	}
	s := sighting{
		certified: isCert && certified(cert, o.HostKeyName, known.authorities),
		known:     find(known.plain, key) != nil,
		changed:   len(known.plain) > 0,
		accepted:  o.AcceptHostKey != "" && o.AcceptHostKey == ssh.FingerprintSHA256(key),
	}
	if s.settled() {
		return h.carryOut(decide(s), key, known, evidenceFor{})
	}
	e := h.gather(key)
	s.shared, s.evidence = len(e.elsewhere) > 0, e.Evidence
	return h.carryOut(decide(s), key, known, e)
}

// carryOut does what was decided, which is to go on or to stop.
func (h *hostKeyCheck) carryOut(d decision, key ssh.PublicKey, known hostKeys, e evidenceFor) (trust Trust, err error) {
	o := h.opts
	var unkept error
	switch d {
	case takeKnown:
		trust = TrustKnown
	case takeCertified:
		trust = TrustAuthority
	case takeVerified: // and a key that cannot be written is still the pod's
		trust, unkept = TrustEvidence, o.keep(o.HostKeys.Add, key)
	case takeAccepted:
		trust, unkept = TrustAccepted, o.keep(o.HostKeys.Add, key)
	case replaceVerified:
		trust, err = TrustEvidenceAnew, o.keep(o.HostKeys.Replace, key)
	case replaceAccepted:
		trust, err = TrustAcceptedAnew, o.keep(o.HostKeys.Replace, key)
	case askUnknown:
		err = &HostKeyUnknownError{o.HostKeyName, o.Addr, key, ssh.FingerprintSHA256(key), e.Evidence, e.elsewhere, e.userLines}
	case askChanged, stop:
		err = &HostKeyChangedError{o.HostKeyName, o.Addr, key, ssh.FingerprintSHA256(key), known.plain, d == askChanged, e.Evidence, e.elsewhere, e.userLines}
	}
	if err == nil && o.Trusted != nil {
		o.Trusted(key, trust, unkept)
	}
	return trust, err
}

// keep writes a key under the host's name, unless it is only judged.
func (o Options) keep(write func(string, ssh.PublicKey) error, key ssh.PublicKey) error {
	if o.JudgeOnly {
		return nil
	}
	return write(o.HostKeyName, key)
}

// evidenceFor is all that was found out about a key that is not known.
type evidenceFor struct {
	Evidence
	elsewhere []string // other names that have the key in podbay's own file
	userLines []string // lines of the user's own files that have it for this address
}

func (h *hostKeyCheck) gather(key ssh.PublicKey) (e evidenceFor) {
	o := h.opts
	if o.Evidence != nil {
		e.Evidence = o.Evidence(h.ctx, key)
	}
	text, err := o.HostKeys.read()
	if err == nil {
		e.elsewhere = holders(text, o.HostKeyName, key)
	}
	for _, path := range o.UserHostKeys {
		text, err := readFile(path)
		if err != nil {
			continue // it was warned of
		}
		for _, number := range addressLines(text, o.names(), key) {
			e.userLines = append(e.userLines, fmt.Sprintf("%s line %d", path, number))
		}
	}
	return e
}

// hostKeyParts are the keys that a shown host key stands on.
func hostKeyParts(key ssh.PublicKey) []ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	return []ssh.PublicKey{key}
}

func find(known []KnownKey, keys ...ssh.PublicKey) *KnownKey {
	for _, key := range keys {
		if i := slices.IndexFunc(known, func(k KnownKey) bool { return k.is(key) }); i >= 0 {
			return &known[i]
		}
	}
	return nil
}

// certified reports whether one of the authorities vouches for cert as name's.
func certified(cert *ssh.Certificate, name string, authorities []KnownKey) bool {
	if cert.CertType != ssh.HostCert || find(authorities, cert.SignatureKey) == nil ||
		cert.Signature == nil || !slices.Contains(authoritySignatures, cert.Signature.Format) {
		return false
	}
	host, _ := splitHostPort(name)
	return new(ssh.CertChecker).CheckCert(host, cert) == nil
}
