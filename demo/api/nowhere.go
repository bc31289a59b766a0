package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// nowhere is the Host of a server that has none: each container gets an address
// of 127.113.0.0/16, where nobody listens, and host keys that nobody has.
type nowhere struct{ started int }

func (n *nowhere) Start(_ context.Context, c Container) (Endpoints, error) {
	n.started++
	e := Endpoints{Direct: Address{
		Host: fmt.Sprintf("127.113.%d.%d", n.started/250%250, 1+n.started%250),
		Port: 30000 + n.started%30000,
	}}
	if c.SSHD {
		e.HostKeys = madeUpKeys(c)
	}
	return e, nil
}

func (n *nowhere) Stop(string)  {}
func (n *nowhere) Close() error { return nil }

// madeUpKeys are in the order in which the image makes them.
func madeUpKeys(c Container) []HostKey {
	var keys []HostKey
	for _, k := range []struct {
		kind, name string
		bits       int
	}{{"rsa", "RSA", 3072}, {"ecdsa", "ECDSA", 256}, {"ed25519", "ED25519", 256}} {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", c.PodID, c.Generation, k.kind))
		keys = append(keys, HostKey{
			Path: "/etc/ssh/ssh_host_" + k.kind + "_key.pub",
			Line: fmt.Sprintf("%d SHA256:%s root@%s (%s)", k.bits, base64.RawStdEncoding.EncodeToString(sum[:]), digest(c.PodID)[:12], k.name),
		})
	}
	return keys
}

// digest is text that looks random and is always the same for s.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func globalIP(on bool, podID string) string {
	if !on {
		return ""
	}
	sum := sha256.Sum256([]byte(podID))
	return fmt.Sprintf("10.65.%d.%d", sum[0], 1+sum[1]%250)
}
