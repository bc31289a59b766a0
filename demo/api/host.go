package api

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Host runs the containers of the pods. A Server calls Start and Stop one at a
// time, in an order that makes sense for each pod, never while it holds a lock
// that its own methods need, and Close once, last.
type Host interface {
	// Start runs a new container and says how it is reached. Requests wait for
	// it: it should return within milliseconds, and at once when ctx ends. A pod
	// whose container does not start becomes ERROR, with the error in its system
	// log.
	Start(ctx context.Context, c Container) (Endpoints, error)
	// Stop ends the pod's container and all that runs in it. It must take any
	// pod ID, also one without a container.
	Stop(podID string)
	// Close stops every container and returns when nothing is left running.
	Close() error
}

// Container is what a Host is asked to run.
type Container struct {
	PodID      string
	Generation int // 1 for the pod's first container, one more for each later one

	// AuthorizedKeys are the lines that the image appends to
	// ~/.ssh/authorized_keys: those of PUBLIC_KEY, malformed ones included.
	AuthorizedKeys []string
	// SSHD says that the image starts an sshd: it has one, and PUBLIC_KEY is not
	// empty. Ports are mapped all the same.
	SSHD bool

	Env       map[string]string // with PUBLIC_KEY; holds secrets
	Ports     []string          // "22/tcp"
	ProxyUser string            // the routing token at the SSH proxy
}

// Endpoints is how a container is reached.
type Endpoints struct {
	// Direct is the public address of port 22. It is reported only when 22/tcp is
	// among the pod's ports and the pod has a public IP.
	Direct Address
	// HostKeys are printed to the container log. Nil: none are.
	HostKeys []HostKey
}

// Address is a host and a TCP port.
type Address struct {
	Host string
	Port int
}

// String returns host:port, with brackets around an IPv6 host.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// HostKey is a host key as ssh-keygen -lf prints it.
type HostKey struct {
	Path string // "/etc/ssh/ssh_host_ed25519_key.pub"
	Line string // "256 SHA256:AbC... root@host (ED25519)"
}

// FixedHost is a Host of sshds that someone else runs: by pod ID, the same
// endpoints for each of its containers. A pod that is not in it does not start.
type FixedHost map[string]Endpoints

// Start looks up the pod.
func (h FixedHost) Start(_ context.Context, c Container) (Endpoints, error) {
	e, ok := h[c.PodID]
	if !ok {
		return Endpoints{}, fmt.Errorf("no machine for pod %s", c.PodID)
	}
	return e, nil
}

// Stop does nothing: the sshd is not ours.
func (h FixedHost) Stop(string) {}

// Close does nothing.
func (h FixedHost) Close() error { return nil }
