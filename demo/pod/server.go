package pod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// ErrNotLoopback is the refusal to listen where another machine could connect.
var ErrNotLoopback = errors.New("not a loopback address")

// Container is what a shell finds itself in.
type Container struct {
	PodID string
	Name  string // the pod's, for the prompt; what is unsafe in a prompt is replaced
	Home  string // an existing folder: the shell's HOME and where it starts
	// TmuxDir is an existing folder for the sockets of a tmux in the container; ""
	// means that of the machine. A long path is of no use: a socket's has 104 bytes.
	TmuxDir string
	// Gone is closed when the container ends, and ends the proxy's shells in it;
	// nil means that it outlives the server.
	Gone <-chan struct{}
}

// Config says what a pod's sshd is like.
type Config struct {
	Container Container
	Addr      string    // loopback IP and port; "" means a free port of 127.0.0.1
	HostKeys  []HostKey // nil: new ones, as in a fresh container
	// AuthorizedKeys may log in, as root; they are fixed for the server's life.
	// Those in .ssh/authorized_keys below Container.Home may too: it is read at
	// each login, so that a key can be added from a shell, as in a real pod.
	AuthorizedKeys []ssh.PublicKey
	Behaviour      Behaviour
	// Sleep waits out the delays of Behaviour; nil means a timer that ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
}

// ProxyConfig says what RunPod's SSH proxy is like.
type ProxyConfig struct {
	Addr     string                                // as in Config
	HostKeys []HostKey                             // as in Config
	Keys     func() []ssh.PublicKey                // the account's keys at this moment
	Route    func(token string) (Container, error) // finds the pod; the error's text is told to the client
}

// Server is a running SSH server.
type Server struct {
	listener  net.Listener
	hostKeys  []HostKey
	rules     rules
	behaviour Behaviour
	sleep     func(ctx context.Context, d time.Duration) error

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// rules is where a pod's sshd and the proxy differ.
type rules struct {
	authorized func(user string, key ssh.PublicKey) bool
	container  func(user string) (Container, error)
	shellOnly  bool // the proxy: PTY demanded, commands ignored
}

// Start starts a pod's sshd. It runs until Close.
func Start(cfg Config) (*Server, error) {
	if err := cfg.Behaviour.check(); err != nil {
		return nil, err
	}
	keys := cfg.AuthorizedKeys
	return start(cfg.Addr, cfg.HostKeys, &Server{
		behaviour: cfg.Behaviour,
		sleep:     cfg.Sleep,
		rules: rules{
			authorized: func(user string, key ssh.PublicKey) bool {
				return user == "root" && (contains(keys, key) || contains(homeKeys(cfg.Container.Home), key))
			},
			container: func(string) (Container, error) { return cfg.Container, nil },
		},
	})
}

// StartProxy starts RunPod's SSH proxy. It runs until Close.
func StartProxy(cfg ProxyConfig) (*Server, error) {
	return start(cfg.Addr, cfg.HostKeys, &Server{
		rules: rules{
			authorized: func(_ string, key ssh.PublicKey) bool { return contains(cfg.Keys(), key) },
			container:  cfg.Route,
			shellOnly:  true,
		},
	})
}

func start(addr string, hostKeys []HostKey, s *Server) (*Server, error) {
	if hostKeys == nil {
		var err error
		if hostKeys, err = NewHostKeys(); err != nil {
			return nil, err
		}
	}
	listener, err := listen(addr)
	if err != nil {
		return nil, err
	}
	if s.sleep == nil {
		s.sleep = sleep
	}
	s.listener, s.hostKeys = listener, hostKeys
	s.conns = make(map[*conn]struct{})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	return s, nil
}

func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	// A name is refused with the rest: what it resolves to is not ours to say.
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().IsLoopback() {
		return nil, fmt.Errorf("listen on %q: %w: use 127.0.0.1 and a port", addr, ErrNotLoopback)
	}
	return net.Listen("tcp", ap.String())
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort {
	return s.listener.Addr().(*net.TCPAddr).AddrPort()
}

// HostKeys returns the keys that the server proves itself with.
func (s *Server) HostKeys() []HostKey { return s.hostKeys }

// GoDead lets every connection that is open now go dead, as DeadAfter does.
func (s *Server) GoDead() { s.each((*conn).goDead) }

// Drop resets every connection that is open now, as DropAfter does.
func (s *Server) Drop() { s.each((*conn).reset) }

func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// Close ends the server, its connections and their shells, and waits for them.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.each(func(c *conn) { c.Close() })
	s.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}

func (s *Server) accept() {
	for {
		nc, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, or a client that left early.
			if sleep(s.ctx, 50*time.Millisecond) != nil {
				return
			}
			continue
		}
		c := newConn(nc.(*net.TCPConn), s.behaviour)
		if !s.track(c) {
			return
		}
		s.wg.Go(func() {
			defer s.untrack(c)
			s.serve(c)
		})
	}
}

// track reports false, and closes c, when the server is closing.
func (s *Server) track(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) untrack(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Close()
	delete(s.conns, c)
}

func (s *Server) serve(c *conn) {
	if s.behaviour.BannerDelay > 0 && s.sleep(s.ctx, s.behaviour.BannerDelay) != nil {
		return
	}
	switch s.behaviour.Greeting {
	case GreetSilent:
		_, _ = io.Copy(io.Discard, c) // until either side closes
	case GreetHTTP:
		_, _ = io.WriteString(c, httpGreeting)
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	default:
		s.serveSSH(c)
	}
}

const httpGreeting = "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.18.0 (Ubuntu)\r\n" +
	"Content-Type: text/html\r\nConnection: close\r\n\r\n<h1>400 Bad Request</h1>\r\n"

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
