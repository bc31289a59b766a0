package demo

import (
	"errors"
	"fmt"
	"net"
)

// closedPort is a port of 127.0.0.1 that refuses connections for as long as it
// is held. It is the local port of a connection to ourselves: taken, so that
// nobody else comes to listen there, and no listener.
type closedPort struct {
	port int
	ends []net.Conn
}

func newClosedPort() (*closedPort, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("hold a closed port: %w", err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("hold a closed port: %w", err)
	}
	far, err := listener.Accept()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hold a closed port: %w", err), near.Close())
	}
	return &closedPort{port: near.LocalAddr().(*net.TCPAddr).Port, ends: []net.Conn{near, far}}, nil
}

// Close gives the port back.
func (p *closedPort) Close() error {
	var errs []error
	for _, end := range p.ends {
		errs = append(errs, end.Close())
	}
	return errors.Join(errs...)
}
