// Package manager holds podbay's use cases, which both faces share: list pods
// with their routes and verdicts, probe them, connect to one, start and stop,
// log in and out of RunPod.
//
// It translates: what RunPod reports and what was measured become doctor's
// Facts, and every text that leaves it is cleaned and safe to draw.
package manager

import (
	"context"
	crand "crypto/rand"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"podbay/config"
	"podbay/identity"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/state"
)

// Options says what a Manager stands on.
type Options struct {
	Paths    config.Paths
	Settings config.Settings
	Getenv   func(string) string // for RUNPOD_API_KEY, SSH_AUTH_SOCK, TERM, LANG and LC_*
	Origin   string              // of the API, as Origin returns it
	NoAgent  bool                // keeps the user's agent out
	// Lifetime ends attached sessions when it ends: the owner of signals cancels
	// it on SIGTERM and SIGHUP. nil means that nothing does.
	Lifetime  context.Context
	UserAgent string
	Logger    *slog.Logger     // nil means none; never receives a secret
	Now       func() time.Time // nil means time.Now
	// Sleep waits between writes of the registered keys; nil means a timer that
	// ctx ends. Jitter is a random number in [0, 1) that spreads these waits and
	// those for a new line; nil means a random one.
	Sleep  func(ctx context.Context, d time.Duration) error
	Jitter func() float64
	Polled func() (over func()) // see [attach.Options]
	Random io.Reader            // for the names of kept shells; nil means crypto/rand's
}

// api is what the manager needs of RunPod's client.
type api interface {
	ListPods(ctx context.Context) ([]runpod.Pod, error)
	PollPods(ctx context.Context) ([]*runpod.Pod, error)
	GetPod(ctx context.Context, id string) (*runpod.Pod, error)
	PodAction(ctx context.Context, id string, action runpod.Action) (*runpod.Pod, error)
	UpdatePod(ctx context.Context, id string, update runpod.PodUpdate) (*runpod.Pod, error)
	SSHKeys(ctx context.Context) ([]string, error)
	ReplaceSSHKeys(ctx context.Context, keys []string) ([]string, error)
	Logs(ctx context.Context, id string, opts runpod.LogOptions) iter.Seq2[runpod.LogLine, error]
	HostKeyLog(ctx context.Context, id string, startedAt time.Time) (runpod.HostKeyLog, error)
	PollInterval(want time.Duration) time.Duration
	Close()
}

// Manager carries out the use cases. It may be used by several goroutines.
type Manager struct {
	opts   Options
	now    func() time.Time
	log    *slog.Logger
	known  *sshconn.KnownHosts
	store  *state.Store
	finder identity.Finder
	kept   keptConns
	aheads aheads

	side     sync.WaitGroup // work beside the calls; Close ends it by stopSide and waits
	sideCtx  context.Context
	stopSide context.CancelFunc

	askingKeys sync.Mutex // held while the registered keys are asked for; taken before mu

	mu         sync.Mutex
	closed     bool
	client     api // nil without an API key
	key        config.APIKey
	pods       map[string]*listedPod // what was last reported
	rows       []Pod                 // of the last listing; never changed, only replaced
	answers    int                   // how many listed the pods
	listed     time.Time
	answered   bool // RunPod has listed them in this run; else they are of the last one
	last       lastList
	probes     map[string]probed
	memory     map[string]state.PodMemory
	holdersOf  map[string]int // how many pods are remembered with a host key, by fingerprint
	registered registeredKeys
	met        map[string]met
	// startTroubles and systemLogs are what RunPod last said of a pod that does not
	// run. By pod ID, as what follows.
	startTroubles map[string]startTrouble
	systemLogs    map[string]systemLine
	shells        map[string]state.KeptShell // that may live on pods, by name
	missing       map[string]bool            // pod IDs that were listed once and are not now
	unkept        map[string]string          // by pod ID: why the host key could not be written, not yet told
	stopped       map[string]stopped         // by pod ID: the last connection was stopped at a host key
	logs          map[string]readLog         // by pod ID
	lastAgreed    map[string]Agreed          // by pod ID
	created       []string                   // key files that were made in this run, where it would not look
}

// Open returns a manager. Without an API key it opens all the same; Refresh then
// returns ErrNoAPIKey.
func Open(opts Options) (*Manager, error) {
	m := &Manager{
		opts:          opts,
		now:           opts.Now,
		log:           opts.Logger,
		known:         &sshconn.KnownHosts{Path: opts.Paths.KnownHosts},
		store:         &state.Store{Dir: opts.Paths.State},
		finder:        identity.Finder{Home: opts.Paths.Home, Getenv: opts.Getenv, Extra: opts.Settings.IdentityFile, NoAgent: opts.NoAgent},
		pods:          map[string]*listedPod{},
		probes:        map[string]probed{},
		memory:        map[string]state.PodMemory{},
		met:           map[string]met{},
		startTroubles: map[string]startTrouble{},
		systemLogs:    map[string]systemLine{},
		shells:        map[string]state.KeptShell{},
		missing:       map[string]bool{},
		unkept:        map[string]string{},
		stopped:       map[string]stopped{},
		logs:          map[string]readLog{},
		lastAgreed:    map[string]Agreed{},
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.opts.Sleep == nil {
		m.opts.Sleep = sleep
	}
	if m.opts.Jitter == nil {
		m.opts.Jitter = rand.Float64
	}
	if m.opts.Random == nil {
		m.opts.Random = crand.Reader
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.opts.Lifetime == nil {
		m.opts.Lifetime = context.Background()
	}
	m.kept = keptConns{
		now: m.now, byPod: map[string]*keptConn{},
		interval: opts.Settings.KeepAlive, patience: patience(opts.Settings.KeepAlive),
	}
	m.sideCtx, m.stopSide = context.WithCancel(m.opts.Lifetime)
	if memory, err := m.store.Pods(); err != nil {
		m.log.Warn("what was remembered of the pods cannot be read", "error", err)
	} else {
		m.memory = memory
	}
	m.holdersOf = map[string]int{}
	for _, memory := range m.memory {
		m.holdersOf[memory.HostKey]++
	}
	m.recall()
	return m, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends what runs beside the calls, keeps the last list and releases
// connections.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stopSide()
	m.side.Wait()
	m.keepList()
	m.kept.close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client != nil {
		m.client.Close()
		m.client = nil
	}
	return nil
}

// PollInterval is how long to wait until the next Refresh: the setting, or
// longer when RunPod's quota asks for it.
func (m *Manager) PollInterval() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client == nil {
		return m.opts.Settings.Refresh
	}
	return m.client.PollInterval(m.opts.Settings.Refresh)
}

// remember changes what is kept of a pod, in memory and on disk. A disk that
// cannot be written costs the memory, never the connection.
func (m *Manager) remember(podID string, change func(*state.PodMemory)) {
	m.mu.Lock()
	memory := m.memory[podID]
	change(&memory)
	m.holdersOf[m.memory[podID].HostKey]--
	m.holdersOf[memory.HostKey]++
	m.memory[podID] = memory
	m.mu.Unlock()
	if err := m.store.UpdatePod(podID, change); err != nil {
		m.log.Warn("cannot remember", "pod", podID, "error", err)
	}
}
