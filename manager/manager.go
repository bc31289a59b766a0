// Package manager holds podbay's use cases, which both faces share: list pods
// with their routes and verdicts, probe them, connect to one, start and stop,
// log in and out of RunPod.
package manager

import (
	"context"
	"errors"
	"io"
	"time"

	"podbay/config"
)

var errNotBuilt = errors.New("not built yet")

// APIKeysPage is where a user makes an API key.
const APIKeysPage = "https://console.runpod.io/user/settings"

// The failures of the account that a face decides on.
var (
	ErrNoAPIKey    = errors.New("no API key")               // ask for one
	ErrKeyRejected = errors.New("the API key was rejected") // ask for another one
)

// Options says what a Manager stands on.
type Options struct {
	Paths    config.Paths
	Settings config.Settings
	Getenv   func(string) string
}

// Manager carries out the use cases. It may be used by several goroutines.
type Manager struct{}

// Open returns a manager. Without an API key it opens all the same; Refresh then
// returns ErrNoAPIKey.
func Open(opts Options) (*Manager, error) { return nil, errNotBuilt }

// Close releases connections.
func (m *Manager) Close() error { return nil }

// Refresh asks RunPod for the account's pods. The rows carry what earlier probes
// measured, as far as it is still about the same container. Errors wrap
// ErrNoAPIKey or ErrKeyRejected where a key is the reason; each is one plain
// sentence with the next step.
func (m *Manager) Refresh(ctx context.Context) (Listing, error) { return Listing{}, errNotBuilt }

// Probe measures the SSH endpoints of pods side by side, bounded, and sends each
// row again with its new verdict. The channel is closed when all are done or ctx
// ended; it must be drained or ctx cancelled.
func (m *Manager) Probe(ctx context.Context, pods []Pod) <-chan Pod { return nil }

// PollInterval is how long to wait until the next Refresh: the setting, or
// longer when RunPod's quota asks for it.
func (m *Manager) PollInterval() time.Duration { return 5 * time.Second }

// Connect dials, checks the host key and authenticates. It returns
// [*HostKeyUnknown], [*HostKeyChanged], [*PassphraseWanted] or [*Failure], or an
// error that wraps ctx's when it was cancelled. The Session must be run or
// discarded.
func (m *Manager) Connect(ctx context.Context, req ConnectRequest) (*Session, error) {
	return nil, errNotBuilt
}

// Stop asks RunPod to stop a pod: billing for compute ends, the container disk
// is lost.
func (m *Manager) Stop(ctx context.Context, podID string) error { return errNotBuilt }

// Start asks RunPod to start a stopped pod: billing starts.
func (m *Manager) Start(ctx context.Context, podID string) error { return errNotBuilt }

// ForgetHostKey removes what is known of the pod's host key, so that the next
// connection asks about the key that it finds.
func (m *Manager) ForgetHostKey(ctx context.Context, podID string) error { return errNotBuilt }

// Login checks key by a call and keeps it. The error is one plain sentence.
func (m *Manager) Login(ctx context.Context, key string) error { return errNotBuilt }

// Session is a connection that is ready for a shell. By its shape it is a Bubble
// Tea ExecCommand.
type Session struct{}

// SetStdin says which terminal to read keys from.
func (s *Session) SetStdin(r io.Reader) {}

// SetStdout says which terminal to draw on.
func (s *Session) SetStdout(w io.Writer) {}

// SetStderr is part of the shape; a PTY has one output.
func (s *Session) SetStderr(io.Writer) {}

// Run attaches the terminal until the shell or the line ends, then closes the
// connection. The error is nil whenever Ended tells how it went.
func (s *Session) Run() error { return errNotBuilt }

// Ended tells how Run went.
func (s *Session) Ended() Ended { return Ended{} }

// Discard closes a session that is not going to be run.
func (s *Session) Discard() {}
