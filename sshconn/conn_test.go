package sshconn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/internal/netfault"
	"podbay/internal/opensshd"
	"podbay/sshconn"
)

func TestDeadPeerIsNoticed(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	link := netfault.Start(t, server.Addr)
	conn := mustDial(t, options(t, link.Addr, server.User, server.HostKey(), key))
	shell := openShell(t, conn)
	link.Freeze()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		conn.KeepAlive(t.Context(), 20*time.Millisecond, 200*time.Millisecond)
	}()
	within(t, "the end of a dead connection", conn.Done())
	within(t, "the end of KeepAlive", kept)
	if !errors.Is(conn.Err(), sshconn.ErrDeadPeer) {
		t.Errorf("the end is told as %v", conn.Err())
	}
	if _, end := drain(t, shell); end.exit.Status != 255 || !errors.Is(end.err, sshconn.ErrDeadPeer) {
		t.Errorf("the shell ended with %+v (%v)", end.exit, end.err)
	}
	if err := conn.Close(); err != nil || !errors.Is(conn.Err(), sshconn.ErrDeadPeer) {
		t.Errorf("after Close (%v) the end is told as %v", err, conn.Err())
	}
}

func TestKeepAliveKeepsALivingPeer(t *testing.T) {
	var asked atomic.Int32
	enough := make(chan struct{})
	signer, host := newSigner(t), newSigner(t)
	config := accepting(signer.PublicKey())
	config.AddHostKey(host)
	addr := listen(t, func(raw net.Conn) {
		_, chans, reqs, err := ssh.NewServerConn(raw, config)
		if err != nil {
			return
		}
		go func() {
			for range chans {
			}
		}()
		for request := range reqs {
			_ = request.Reply(asked.Load()%2 == 0, nil) // either answer is a sign of life
			if request.Type == "keepalive@openssh.com" && asked.Add(1) == 5 {
				close(enough)
			}
		}
	})
	conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		conn.KeepAlive(ctx, time.Millisecond, patience)
	}()
	within(t, "five keepalives", enough)
	cancel()
	within(t, "the end of KeepAlive", kept)
	select {
	case <-conn.Done():
		t.Errorf("a living connection ended: %v", conn.Err())
	default:
	}
	conn.KeepAlive(t.Context(), 0, 0) // switched off: comes back
}

func TestServerRequestsAndChannelsAreRefused(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	config := accepting(signer.PublicKey())
	config.AddHostKey(host)
	answers := make(chan string, 1)
	addr := listen(t, func(raw net.Conn) {
		conn, chans, reqs, err := ssh.NewServerConn(raw, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(reqs)
		ok, _, err := conn.SendRequest("hostkeys-prove-00@openssh.com", true, nil)
		_, _, openErr := conn.OpenChannel("x11", nil)
		answers <- fmt.Sprint(ok, err, openErr)
		for range chans {
		}
	})
	mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
	if got := within(t, "the answers", answers); !strings.HasPrefix(got, "false <nil> ssh: rejected: unknown channel type") {
		t.Errorf("a server's own requests were answered with %q", got)
	}
}

func TestServersDisconnectIsTold(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{})
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
	server.Stop()
	within(t, "the connection's end", conn.Done())
	if !errors.Is(conn.Err(), sshconn.ErrClosed) {
		t.Errorf("the end is told as %v", conn.Err())
	}
}
