package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
)

// Options configures a demo. The zero value is what "podbay demo" runs.
type Options struct {
	// TempDir is the folder in which the demo makes its own; "" means
	// os.TempDir. It must exist.
	TempDir string
	// Now is the clock of the account: pods become ready by it; nil means
	// time.Now.
	Now func() time.Time
	// Cut is how often every connection to a pod is cut, as a bad line does; 0 means
	// never.
	Cut time.Duration
}

// Demo is a running demo.
type Demo struct {
	// BaseURL is the API's origin: "http://127.0.0.1:PORT".
	BaseURL string
	// APIKey is the account's one API key.
	APIKey string
	// Dir is the folder for podbay's own files, for config.PathsUnder.
	Dir string
	// IdentityFile is the private key (ed25519, OpenSSH format, 0600, no
	// passphrase) whose public half is registered on the account. It lies where
	// ssh-keygen would put it in the home below Dir.
	IdentityFile string
	// API is the fake itself, for tests that inject faults or change pods.
	API *api.Server

	root     string
	started  map[string]time.Time // the start of the first containers, by pod ID
	machines *machines
	proxy    *pod.Server
	cutting  sync.WaitGroup
	calm     chan struct{} // closed when no line is cut any more
	close    func() error
}

// KnownHost is a host key of a pod, and when its container was started.
type KnownHost struct {
	PodID     string
	Key       ssh.PublicKey
	StartedAt time.Time
}

// Start starts a demo. It runs until Close; ctx bounds the start alone.
func Start(ctx context.Context, opts Options) (*Demo, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	root, err := os.MkdirTemp(opts.TempDir, "podbay-demo-")
	if err != nil {
		return nil, fmt.Errorf("start the demo: make its folder: %w: check that the folder for temporary files can be written", err)
	}
	d := &Demo{root: root, Dir: filepath.Join(root, "local"), APIKey: "rpa_" + rand.Text(), calm: make(chan struct{})}
	d.close = sync.OnceValue(d.shutDown)
	if err := d.start(opts); err != nil {
		return nil, errors.Join(fmt.Errorf("start the demo: %w", err), d.close())
	}
	return d, nil
}

func (d *Demo) start(opts Options) error {
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	identity, err := makeIdentity(d.Dir)
	if err != nil {
		return err
	}
	d.IdentityFile = identity.file
	if d.machines, err = newMachines(filepath.Join(d.root, "pods")); err != nil {
		return err
	}
	var account atomic.Pointer[api.Server] // the proxy runs before there is one
	if d.proxy, err = pod.StartProxy(pod.ProxyConfig{
		Keys:  func() []ssh.PublicKey { return registeredKeys(account.Load()) },
		Route: d.machines.route,
	}); err != nil {
		return err
	}
	specs, err := podSpecs(now())
	if err != nil {
		return err
	}
	d.machines.name(specs)
	d.started = map[string]time.Time{}
	for _, spec := range specs {
		d.started[spec.ID] = spec.StartedAt
	}
	addr := d.proxy.Addr()
	if d.API, err = api.New(api.Options{
		Keys:    []api.Key{{Secret: d.APIKey}},
		Now:     opts.Now,
		Host:    d.machines,
		Pods:    specs,
		Proxy:   api.Address{Host: addr.Addr().String(), Port: int(addr.Port())},
		SSHKeys: []string{identity.line},
	}); err != nil {
		return err
	}
	account.Store(d.API)
	if opts.Cut > 0 {
		d.cutting.Go(func() { d.cut(opts.Cut) })
	}
	d.BaseURL, err = d.API.Listen()
	return err
}

// cut cuts every connection again and again.
func (d *Demo) cut(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.machines.drop()
			d.proxy.Drop()
		case <-d.calm:
			return
		}
	}
}

func registeredKeys(account *api.Server) []ssh.PublicKey {
	if account == nil {
		return nil
	}
	return pod.ParseAuthorizedKeys(strings.Join(account.SSHKeys(), "\n"))
}

// KnownHosts returns the host keys of the pods at which this machine has been
// before: the ready one, and the one whose address was handed on meanwhile. The
// others are first sights.
func (d *Demo) KnownHosts() []KnownHost {
	var known []KnownHost
	for _, id := range []string{ReadyPodID, HandedOnPodID} {
		for _, key := range d.machines.hostKeys(id) {
			known = append(known, KnownHost{PodID: id, Key: key.Public(), StartedAt: d.started[id]})
		}
	}
	return known
}

// ProxyHostKeys returns the host keys of the SSH proxy, which is a first sight.
func (d *Demo) ProxyHostKeys() []ssh.PublicKey {
	var keys []ssh.PublicKey
	for _, key := range d.proxy.HostKeys() {
		keys = append(keys, key.Public())
	}
	return keys
}

// Close ends the API, every pod and every shell, waits for them and removes the
// demo's folder. That takes a second or two at most, when a shell does not heed
// SIGHUP; when ctx ends earlier, ctx's error is returned and the rest is done
// behind the caller's back. A second Close waits for the first.
func (d *Demo) Close(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- d.close() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("close the demo: %w", ctx.Err())
	}
}

func (d *Demo) shutDown() error {
	var errs []error
	close(d.calm)
	d.cutting.Wait()
	if d.API != nil {
		errs = append(errs, d.API.Close()) // closes the machines too
	} else if d.machines != nil {
		errs = append(errs, d.machines.Close())
	}
	if d.proxy != nil {
		errs = append(errs, d.proxy.Close())
	}
	errs = append(errs, os.RemoveAll(d.root))
	return errors.Join(errs...)
}
