package identity

import (
	"context"
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
)

// defaultAgent is the pipe of the OpenSSH agent service.
const defaultAgent = `\\.\pipe\openssh-ssh-agent`

func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	if pipe := strings.ReplaceAll(address, "/", `\`); strings.HasPrefix(pipe, `\\.\pipe\`) {
		return winio.DialPipeContext(ctx, pipe)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", address)
}
