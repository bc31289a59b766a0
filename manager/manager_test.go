package manager_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/internal/opensshd"
	"podbay/manager"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apiKey = "rpa_TESTKEY0123456789"

// account is a fake RunPod, a manager that stands on it, and a home with a key.
type account struct {
	api   *api.Server
	url   string
	m     *manager.Manager
	paths config.Paths
	env   map[string]string
	key   ssh.PublicKey
	host  api.FixedHost  // where the pods are: may be changed
	opts  accountOptions // what it was made with
}

type accountOptions struct {
	pods       []api.PodSpec
	host       api.FixedHost
	proxy      api.Address
	keys       []api.Key
	registered bool // register the home's key
	noKeyFile  bool
	passphrase string // of the key file
	settings   func(*config.Settings)
	now        func() time.Time
	noQuota    bool
	api        func(*api.Options)     // changes what the rest says
	manager    func(*manager.Options) // likewise
}

func newAccount(t testing.TB, opts accountOptions) *account {
	t.Helper()
	a := &account{paths: config.PathsUnder(t.TempDir()), env: map[string]string{"RUNPOD_API_KEY": apiKey, "TERM": "xterm"}, host: opts.host}
	a.makeKey(t, opts)
	if opts.keys == nil {
		opts.keys = []api.Key{{Secret: apiKey}}
	}
	options := api.Options{Keys: opts.keys, Now: time.Now, Pods: opts.pods, Host: opts.host, Proxy: opts.proxy}
	if opts.host == nil {
		options.Host = nil
	}
	if opts.noQuota {
		options.Quotas = []api.Quota{}
	}
	if opts.registered {
		options.SSHKeys = []string{string(ssh.MarshalAuthorizedKey(a.key))}
	}
	if opts.api != nil {
		opts.api(&options)
	}
	server, err := api.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	a.api, a.opts = server, opts
	if a.url, err = server.Listen(); err != nil {
		t.Fatal(err)
	}
	a.m = a.open(t, opts)
	return a
}

func (a *account) makeKey(t testing.TB, opts accountOptions) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if a.key, err = ssh.NewPublicKey(public); err != nil {
		t.Fatal(err)
	}
	if opts.noKeyFile {
		return
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if opts.passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "test", []byte(opts.passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(a.keyFile()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.keyFile(), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *account) keyFile() string { return filepath.Join(a.paths.Home, ".ssh", "id_ed25519") }

func (a *account) open(t testing.TB, opts accountOptions) *manager.Manager {
	t.Helper()
	settings := config.DefaultSettings()
	settings.KeepShells = config.KeepNever // the tests that are about kept shells ask
	if opts.settings != nil {
		opts.settings(&settings)
	}
	options := manager.Options{
		Paths:    a.paths,
		Settings: settings,
		Getenv:   func(name string) string { return a.env[name] },
		Origin:   a.url,
		Lifetime: t.Context(),
		Now:      opts.now,
	}
	if opts.manager != nil {
		opts.manager(&options)
	}
	m, err := manager.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// list refreshes and returns the row of the pod with this ID.
func (a *account) list(t *testing.T, id string) manager.Pod {
	t.Helper()
	listing, err := a.m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return find(t, listing.Pods, id)
}

// probed refreshes, probes, and returns the row of the pod with this ID.
func (a *account) probed(t *testing.T, id string) manager.Pod {
	t.Helper()
	listing, err := a.m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for row := range a.m.Probe(t.Context(), listing.Pods) {
		for i := range listing.Pods {
			if listing.Pods[i].ID == row.ID {
				listing.Pods[i] = row
			}
		}
	}
	return find(t, listing.Pods, id)
}

func find(t *testing.T, pods []manager.Pod, id string) manager.Pod {
	t.Helper()
	for _, p := range pods {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("pod %s is not in the list", id)
	return manager.Pod{}
}

func direct(host string, port int) api.Endpoints {
	return api.Endpoints{Direct: api.Address{Host: host, Port: port}}
}

// readyPod is an account with one pod on a real sshd that takes the home's key
// as root's; sshd runs as the current user, so the user name is the fake's.
func readyPod(t *testing.T, opts accountOptions) (*account, *opensshd.Server) {
	t.Helper()
	sshd := opensshd.Start(t, opensshd.Config{})
	opts.pods = append(opts.pods, api.PodSpec{ID: "ready1", Name: "ready", Status: api.StatusRunning, StartSSH: true,
		StartedAt: time.Now().Add(-time.Hour), Cost: 0.44})
	opts.host = api.FixedHost{"ready1": direct(sshd.Host, sshd.Port)}
	a := newAccount(t, opts)
	sshd.Authorize(a.key)
	return a, sshd
}
