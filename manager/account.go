package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"podbay/config"
	"podbay/doctor"
	"podbay/runpod"
)

// The failures of the account that a face decides on.
var (
	ErrNoAPIKey    = config.ErrNoAPIKey                     // ask for one
	ErrCredentials = config.ErrCredentials                  // comes with ErrNoAPIKey: say why
	ErrKeyRejected = errors.New("the API key was rejected") // ask for another one
	ErrForbidden   = runpod.ErrForbidden                    // the key lacks the scope for one call
)

// Origin says whether address can be used as the API's and returns it in its
// normal form. Its error says what is wrong and what is allowed.
func Origin(address string) (string, error) { return runpod.CheckBaseURL(address) }

// IsAPIError reports whether err is a call to RunPod that failed.
func IsAPIError(err error) bool {
	var api *runpod.Error
	return errors.As(err, &api)
}

// Account tells which API key is used where, without telling the key.
type Account struct {
	Origin      string // the API's origin
	Credentials string // the file in which Login keeps a key
	// KeySource is "RUNPOD_API_KEY" or a file's path; "" without a key. While it
	// is "RUNPOD_API_KEY", that variable wins over a key that Login keeps.
	KeySource string
}

// Account tells which API key is used where.
func (m *Manager) Account() Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Account{
		Origin:      m.opts.Origin,
		Credentials: m.opts.Paths.Credentials,
		KeySource:   sourceName(m.key),
	}
}

func sourceName(key config.APIKey) string {
	if key.Source == config.KeyFromEnv {
		return string(config.KeyFromEnv)
	}
	return key.Path
}

// api returns the client, made on first use from the key that is found then.
func (m *Manager) api() (api, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client != nil {
		return m.client, nil
	}
	key, err := config.FindAPIKey(m.opts.Paths, m.opts.Getenv, m.opts.Origin)
	if err != nil {
		return nil, err
	}
	client, err := m.newClient(key.Key)
	if err != nil {
		return nil, m.accountError(err, key)
	}
	m.client, m.key = client, key
	return client, nil
}

func (m *Manager) newClient(key config.Secret) (*runpod.Client, error) {
	return runpod.New(runpod.Options{
		BaseURL:   m.opts.Origin,
		APIKey:    key.Reveal(),
		UserAgent: m.opts.UserAgent,
		Sleep:     m.opts.Sleep,
		Logger:    m.log,
		Now:       m.now,
	})
}

// accountError words a failed call; what a key is the reason of wraps
// ErrKeyRejected.
func (m *Manager) accountError(err error, key config.APIKey) error {
	switch {
	case errors.Is(err, runpod.ErrUnauthorized):
		return fmt.Errorf("%w: RunPod does not accept the key from %s: %s", ErrKeyRejected, sourceName(key), otherKey(key))
	case errors.Is(err, runpod.ErrBadKey):
		return fmt.Errorf("%w: what %s holds is not an API key: %w", ErrKeyRejected, sourceName(key), err)
	}
	return err
}

// otherKey says how another key gets to where key is from. Where keys are made is told by
// who asks for one.
func otherKey(key config.APIKey) string {
	if key.Source == config.KeyFromEnv {
		return "put another one into it, or unset it and run podbay login"
	}
	return "podbay login takes another one"
}

// callError words a failed call with the key in use.
func (m *Manager) callError(err error) error {
	m.mu.Lock()
	key := m.key
	m.mu.Unlock()
	return m.accountError(err, key)
}

// ErrPodGone says that RunPod does not know a pod any more.
var ErrPodGone = errors.New("the pod is gone")

// podError words a failed call for one pod.
func (m *Manager) podError(err error) error {
	if errors.Is(err, runpod.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrPodGone, err)
	}
	return m.callError(err)
}

// Login checks key by a call and keeps it. The error is one plain sentence.
func (m *Manager) Login(ctx context.Context, key string) error {
	secret := config.Secret(strings.TrimSpace(key))
	if secret == "" {
		return fmt.Errorf("%w: nothing was entered; paste the API key", ErrNoAPIKey)
	}
	client, err := m.newClient(secret)
	if err == nil {
		_, err = client.ListPods(ctx)
	}
	if err != nil {
		if client != nil {
			client.Close()
		}
		return loginError(err)
	}
	if err := config.SaveAPIKey(m.opts.Paths, m.opts.Origin, secret); err != nil {
		client.Close()
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client != nil {
		m.client.Close()
	}
	m.client = client
	m.key = config.APIKey{Key: secret, Source: config.KeyFromCredentials, Path: m.opts.Paths.Credentials}
	m.registered = registeredKeys{asking: m.registered.asking}
	m.last = lastList{writing: m.last.writing}
	return nil
}

func loginError(err error) error {
	switch {
	case errors.Is(err, runpod.ErrUnauthorized):
		return fmt.Errorf("%w: RunPod does not accept it; copy it again, or make a new one at %s", ErrKeyRejected, doctor.APIKeysPage)
	case errors.Is(err, runpod.ErrBadKey):
		return fmt.Errorf("%w: it was not sent: %w", ErrKeyRejected, err)
	case errors.Is(err, runpod.ErrForbidden):
		return fmt.Errorf("%w: RunPod knows it, but it may not read pods; make one with read and write access to pods at %s", ErrKeyRejected, doctor.APIKeysPage)
	}
	return err
}

// LoggedOut is what Logout did, and which keys it could not take away.
type LoggedOut struct {
	Removed bool     // a key that Login kept
	Left    string   // where podbay finds another key: as Account.KeySource
	Aside   []string // files beside that may hold keys
}

// Logout removes the key that Login kept. The list of pods that was kept goes with it.
func (m *Manager) Logout() (LoggedOut, error) {
	removed, err := config.RemoveAPIKey(m.opts.Paths, m.opts.Origin)
	out := LoggedOut{Removed: removed, Aside: config.SetAside(m.opts.Paths)}
	if key, findErr := config.FindAPIKey(m.opts.Paths, m.opts.Getenv, m.opts.Origin); findErr == nil {
		out.Left = sourceName(key)
	}
	return out, errors.Join(err, m.store.ForgetLastList())
}
