//go:build !windows

package identity

import (
	"context"
	"net"
)

// defaultAgent is asked when SSH_AUTH_SOCK is not set: here none.
const defaultAgent = ""

func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", address)
}
