package errno_test

import (
	"fmt"
	"net"
	"os"
	"testing"

	"podbay/errno"
)

func TestRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = net.Dial("tcp", listener.Addr().String())
	if !errno.Refused(fmt.Errorf("dial: %w", err)) || errno.Reset(err) || errno.TimedOut(err) || errno.ClosedPipe(err) {
		t.Errorf("a closed port is told as %v", err)
	}
}

func TestReset(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := far.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	far.Close()
	if _, err = conn.Read(make([]byte, 1)); !errno.Reset(err) || errno.Refused(err) || errno.ClosedPipe(err) {
		t.Errorf("a reset connection is told as %v", err)
	}
}

func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	if _, err = w.WriteString("x"); !errno.ClosedPipe(err) || errno.Reset(err) {
		t.Errorf("a pipe without a reader is told as %v", err)
	}
	if errno.ClosedPipe(nil) || errno.Refused(os.ErrNotExist) {
		t.Error("what is none of it is taken for it")
	}
}
