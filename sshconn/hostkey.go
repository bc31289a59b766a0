package sshconn

import (
	"bytes"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

// hostKeyCheck decides on the host keys of one connection.
type hostKeyCheck struct {
	addr   string
	name   string
	file   *KnownHosts
	accept string // fingerprint

	mu      sync.Mutex
	trusted ssh.PublicKey // what the connection began with
	err     error         // why it did not
}

// callback is an ssh.HostKeyCallback. It is called again at each new key
// exchange, where only the key that the connection began with is right.
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
		return fmt.Errorf("the host key of %s changed while connected", h.name)
	}
	if h.err = h.check(key); h.err == nil {
		h.trusted = key
	}
	return h.err
}

func (h *hostKeyCheck) outcome() (ssh.PublicKey, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trusted, h.err
}

func (h *hostKeyCheck) check(key ssh.PublicKey) error {
	known, err := h.file.lookup(h.name)
	if err != nil {
		return err
	}
	if revoked := find(known.revoked, hostKeyParts(key)...); revoked != nil {
		return &HostKeyRevokedError{h.name, h.addr, revoked.Fingerprint, h.file.Path, revoked.Line}
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		if certified(cert, h.name, known.authorities) {
			return nil
		}
		key = cert.Key // as OpenSSH does: judged like a server without a certificate
	}
	fingerprint := ssh.FingerprintSHA256(key)
	switch {
	case find(known.plain, key) != nil:
		return nil
	case len(known.plain) > 0:
		return &HostKeyChangedError{h.name, h.addr, key, fingerprint, known.plain}
	case h.accept == "" || h.accept != fingerprint:
		return &HostKeyUnknownError{h.name, h.addr, key, fingerprint}
	}
	return h.file.Add(h.name, key)
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
	if cert.CertType != ssh.HostCert || find(authorities, cert.SignatureKey) == nil {
		return false
	}
	host, _ := splitHostPort(name)
	return new(ssh.CertChecker).CheckCert(host, cert) == nil
}
