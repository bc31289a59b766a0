package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is an account at RunPod. Make one with New and Close it. It may be used
// by several goroutines.
//
// Its methods may be called from a Host's, except for those that change pods:
// AddPod, RemovePod, SetStatus, Recreate, Change, SetFuture, Advance and Close.
type Server struct {
	opts     Options
	host     Host
	ctx      context.Context // ends when the server closes
	cancel   context.CancelFunc
	inflight sync.WaitGroup // requests being answered
	serving  sync.WaitGroup // the accept loop and its connections

	// work is held while pods change, calls to the Host included. It is taken
	// before mu and never by anything that a Host may call.
	work sync.Mutex

	mu       sync.Mutex // guards what follows; never held during a call to the Host
	closed   bool
	http     *http.Server
	keys     []hashedKey
	sshKeys  []string
	pods     map[string]*pod
	order    []*pod // as added
	gone     []*pod // terminated, their containers perhaps not stopped yet
	nextID   int
	nextPort int
	windows  []window
	faults   []*activeFault
	calls    []Call
	met      []bool // for each of Options.Expected
}

// New returns a server with the account that opts describe. It owns opts.Host
// from then on, also when it returns an error.
func New(opts Options) (*Server, error) {
	s := &Server{opts: withDefaults(opts), pods: map[string]*pod{}, nextPort: firstPort}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.host = s.opts.Host
	if s.host == nil {
		s.host = &nowhere{}
	}
	s.met = make([]bool, len(s.opts.Expected))
	s.windows = newWindows(s.opts.Quotas)
	s.SetSSHKeys(opts.SSHKeys)
	s.SetKeys(opts.Keys)
	if err := s.checkOptions(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, spec := range opts.Pods {
		if err := s.add(spec); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.Advance()
	return s, nil
}

func withDefaults(opts Options) Options {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Quotas == nil {
		opts.Quotas = DefaultQuotas()
	}
	if opts.Proxy == (Address{}) {
		opts.Proxy = Address{Host: "127.113.255.1", Port: 22}
	}
	if opts.Sleep == nil {
		opts.Sleep = sleep
	}
	setDefault(&opts.Provisioning, 20*time.Second)
	setDefault(&opts.Starting, 10*time.Second)
	setDefault(&opts.Heartbeat, 15*time.Second)
	setDefault(&opts.LogPoll, 200*time.Millisecond)
	return opts
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) checkOptions() error {
	if len(s.opts.Keys) == 0 {
		return errors.New("demo api: no API key given: set Options.Keys")
	}
	for _, q := range s.opts.Quotas {
		if q.Name == "" || q.Limit < 0 || q.Window < time.Second || q.Window%time.Second != 0 {
			return fmt.Errorf("demo api: quota %q: want a name, a limit of 0 or more, and a window of whole seconds", q.Name)
		}
	}
	return nil
}

// Listen starts to serve on a free port of 127.0.0.1 and returns the base URL,
// "http://127.0.0.1:PORT". It can be called once.
func (s *Server) Listen() (baseURL string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return "", errors.New("demo api: listen: the server is closed")
	case s.http != nil:
		return "", errors.New("demo api: listen: it listens already")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("demo api: listen: %w", err)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ConnState: s.countConn}
	s.serving.Add(1)
	go func(srv *http.Server) {
		defer s.serving.Done()
		_ = srv.Serve(l) // always ErrServerClosed: Close is the only way out
	}(s.http)
	return "http://" + l.Addr().String(), nil
}

// countConn lets Close wait for the goroutine of each connection: net/http has no
// other way to join them.
func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew: // reported by the accept loop, which serving counts too
		s.serving.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.serving.Done()
	}
}

// Close cuts what is under way, waits for it, stops the containers and closes
// the Host. Answers after it are 503. A second Close does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	srv := s.http
	s.mu.Unlock()

	s.cancel()
	var err error
	if srv != nil {
		err = srv.Close()
	}
	s.inflight.Wait()
	s.serving.Wait()

	s.work.Lock()
	defer s.work.Unlock()
	s.mu.Lock()
	for _, p := range s.order {
		p.retire()
	}
	s.gone = append(s.gone, s.order...)
	s.order, s.pods = nil, map[string]*pod{}
	s.mu.Unlock()
	s.settle()
	return errors.Join(err, s.host.Close())
}

// begin counts a request in, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.inflight.Add(1)
	return true
}
