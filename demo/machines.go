package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"podbay/demo/api"
	"podbay/demo/pod"
)

// machines runs the containers of the account: an api.Host.
type machines struct {
	dir     string // of the containers' homes
	tmuxDir string // of the sockets of their tmux servers: short, as sockets need it

	mu      sync.Mutex
	names   map[string]string // of pods, by ID
	running map[string]*machine
}

// machine is one container.
type machine struct {
	pod.Container
	token string        // at the proxy
	sshd  *pod.Server   // nil: the container has none
	own   []pod.HostKey // the container's host keys
	mute  *closedPort   // what port 22 leads to then
	gone  chan struct{}
}

// longestTmuxDir leaves room for the socket's name in the 104 bytes that macOS allows
// for its path: "/0123456789/tmux-501/podbay-abcdefghijkl".
const longestTmuxDir = 60

func newMachines(dir string) (*machines, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the pods' homes: %w", err)
	}
	tmuxDir := dir
	if len(dir) > longestTmuxDir {
		var err error
		if tmuxDir, err = os.MkdirTemp("/tmp", "podbay-demo-"); err != nil {
			tmuxDir = dir // tmux will say that it cannot start
		}
	}
	return &machines{dir: dir, tmuxDir: tmuxDir, names: map[string]string{}, running: map[string]*machine{}}, nil
}

// name tells the names of pods, which a prompt shows and the API keeps from its
// Host.
func (m *machines) name(specs []api.PodSpec) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, spec := range specs {
		m.names[spec.ID] = spec.Name
	}
}

// Start runs a container with new host keys on a new port, in an empty home:
// nothing of a container's disk outlives it.
func (m *machines) Start(_ context.Context, c api.Container) (api.Endpoints, error) {
	home, err := os.MkdirTemp(m.dir, "home-")
	if err != nil {
		return api.Endpoints{}, fmt.Errorf("make a home: %w", err)
	}
	tmux, err := os.MkdirTemp(m.tmuxDir, "")
	if err != nil {
		return api.Endpoints{}, fmt.Errorf("make a folder for tmux: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	mach := &machine{token: c.ProxyUser, gone: make(chan struct{})}
	mach.Container = pod.Container{PodID: c.PodID, Name: m.names[c.PodID], Home: home, TmuxDir: tmux, Gone: mach.gone}
	endpoints, err := mach.open(c)
	if err != nil {
		return api.Endpoints{}, errors.Join(err, mach.end())
	}
	m.running[c.PodID] = mach
	return endpoints, nil
}

func (m *machine) open(c api.Container) (api.Endpoints, error) {
	var err error
	if !c.SSHD {
		if m.mute, err = newClosedPort(); err != nil {
			return api.Endpoints{}, err
		}
		return api.Endpoints{Direct: api.Address{Host: "127.0.0.1", Port: m.mute.port}}, nil
	}
	if m.sshd, err = pod.Start(pod.Config{
		Container:      m.Container,
		AuthorizedKeys: pod.ParseAuthorizedKeys(strings.Join(c.AuthorizedKeys, "\n")),
	}); err != nil {
		return api.Endpoints{}, err
	}
	m.own = m.sshd.HostKeys()
	if c.PodID == HandedOnPodID && c.Generation == 1 {
		if m.own, err = pod.NewHostKeys(); err != nil { // what answers has others
			return api.Endpoints{}, err
		}
	}
	addr := m.sshd.Addr()
	e := api.Endpoints{Direct: api.Address{Host: addr.Addr().String(), Port: int(addr.Port())}}
	for _, key := range m.own {
		e.HostKeys = append(e.HostKeys, api.HostKey{Path: key.Path, Line: key.Line(c.PodID)})
	}
	return e, nil
}

// end ends the container, its shells included, and removes its home.
func (m *machine) end() error {
	close(m.gone)
	var errs []error
	if m.sshd != nil {
		errs = append(errs, m.sshd.Close())
	}
	if m.mute != nil {
		errs = append(errs, m.mute.Close())
	}
	pod.EndTmux(m.TmuxDir)
	_ = os.RemoveAll(m.TmuxDir)
	// The proxy's shells may still be ending, and writing: what they leave goes
	// with the demo's folder.
	_ = os.RemoveAll(m.Home)
	return errors.Join(errs...)
}

// Stop ends the pod's container, if it has one.
func (m *machines) Stop(podID string) {
	if mach := m.take(podID); mach != nil {
		_ = mach.end()
	}
}

func (m *machines) take(podID string) *machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	mach := m.running[podID]
	delete(m.running, podID)
	return mach
}

// drop resets every connection to a container.
func (m *machines) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mach := range m.running {
		if mach.sshd != nil {
			mach.sshd.Drop()
		}
	}
}

// Close ends every container.
func (m *machines) Close() error {
	m.mu.Lock()
	all := m.running
	m.running = map[string]*machine{}
	m.mu.Unlock()
	var wg sync.WaitGroup
	errs := make(chan error, len(all))
	for _, mach := range all {
		wg.Go(func() { errs <- mach.end() })
	}
	wg.Wait()
	close(errs)
	var err error
	if m.tmuxDir != m.dir {
		err = os.RemoveAll(m.tmuxDir)
	}
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// route finds the container of a proxy login.
func (m *machines) route(token string) (pod.Container, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mach := range m.running {
		if mach.token != token {
			continue
		}
		if mach.sshd == nil {
			return pod.Container{}, errors.New("the pod's container runs no SSH server")
		}
		return mach.Container, nil
	}
	return pod.Container{}, errors.New("no running pod is known by this username")
}

func (m *machines) hostKeys(podID string) []pod.HostKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mach := m.running[podID]; mach != nil {
		return mach.own
	}
	return nil
}
