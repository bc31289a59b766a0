package api

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	firstPort    = 20000 // of the made-up public ports
	sshPort      = "22/tcp"
	publicKey    = "PUBLIC_KEY"
	defaultImage = "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"
)

var errNoPod = errors.New("demo api: no such pod")

// pod is guarded by Server.mu.
type pod struct {
	spec   PodSpec // the configuration, as PATCH changes it
	status string
	due    time.Time // when a passing status ends; zero: never by itself
	hidden string    // an injected PUBLIC_KEY that env does not show
	global *bool     // global networking from the next start on

	machine    bool // assigned once, kept while stopped
	generation int  // of containers
	container  bool // the Host runs one
	startedAt  time.Time
	public     Address // of port 22; zero when there is none
	previous   Address // of the container before
	tcp        map[int]int
	log        podLog
}

// add puts a pod into the account, without bringing it up to the present.
func (s *Server) add(spec PodSpec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("demo api: add a pod: the server is closed")
	}
	if err := checkSpec(spec); err != nil {
		return err
	}
	if _, ok := s.pods[spec.ID]; ok {
		return fmt.Errorf("demo api: add a pod: there is one with ID %q already", spec.ID)
	}
	p := s.newPod(spec)
	s.pods[spec.ID] = p
	s.order = append(s.order, p)
	return nil
}

func checkSpec(spec PodSpec) error {
	switch {
	case spec.ID == "":
		return errors.New("demo api: add a pod: it has no ID")
	case spec.GPU != nil && spec.CPU != nil:
		return fmt.Errorf("demo api: add pod %q: it has a GPU and a CPU: want one of them", spec.ID)
	case spec.Persistent != nil && spec.Network != nil:
		return fmt.Errorf("demo api: add pod %q: it has two kinds of mount: want at most one", spec.ID)
	}
	return nil
}

func (s *Server) newPod(spec PodSpec) *pod {
	now := s.opts.Now()
	p := &pod{spec: filled(spec, s.opts, now)}
	if spec.StartSSH {
		p.inject(s.sshKeys)
	}
	p.log.add(p.spec.CreatedAt, sourceSystem, "create pod "+p.spec.ID)
	switch status := p.spec.Status; status {
	case StatusProvisioning:
		p.provision(now)
	case StatusStarting, StatusRunning:
		p.machine = true
		if status == StatusRunning {
			p.starting(p.spec.StartedAt)
			p.due = p.spec.StartedAt
		} else {
			p.starting(now)
		}
	default:
		p.machine = true
		p.status = status
	}
	return p
}

// filled returns spec with its defaults, sharing nothing with the caller's.
func filled(spec PodSpec, opts Options, now time.Time) PodSpec {
	orElse(&spec.Name, spec.ID)
	orElse(&spec.Status, StatusProvisioning)
	orElse(&spec.Image, defaultImage)
	orElse(&spec.Cloud, CloudSecure)
	orElse(&spec.DataCenterID, "US-KS-2")
	orElse(&spec.DiskGB, 20)
	orElse(&spec.Provisioning, opts.Provisioning)
	orElse(&spec.Starting, opts.Starting)
	orElse(&spec.CreatedAt, now)
	orElse(&spec.StartedAt, now)
	if spec.StartedAt.Before(spec.CreatedAt) {
		spec.CreatedAt = spec.StartedAt
	}
	if spec.GPU == nil && spec.CPU == nil {
		spec.GPU = &GPU{ID: "NVIDIA GeForce RTX 4090", Count: 1}
	}
	if spec.GPU != nil {
		orElse(&spec.CUDAVersion, "12.8")
	}
	if spec.Ports == nil {
		spec.Ports = []string{"8888/http", sshPort}
	}
	spec.Ports = slices.Clone(spec.Ports)
	spec.KeysAtCreation = slices.Clone(spec.KeysAtCreation)
	spec.Env = maps.Clone(spec.Env)
	if spec.Env == nil {
		spec.Env = map[string]string{}
	}
	spec.GPU, spec.CPU, spec.Cluster = clone(spec.GPU), clone(spec.CPU), clone(spec.Cluster)
	spec.Persistent, spec.Network = clone(spec.Persistent), clone(spec.Network)
	return spec
}

func orElse[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func clone[T any](v *T) *T {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}

// inject gives the pod its PUBLIC_KEY, as startSsh does: nothing when the request
// has one, nothing when no key is registered.
func (p *pod) inject(account []string) {
	keys := p.spec.KeysAtCreation
	if keys == nil {
		keys = account
	}
	if _, ok := p.spec.Env[publicKey]; ok || len(keys) == 0 {
		return
	}
	line := strings.Join(keys, "\n")
	if p.spec.HideInjected {
		p.hidden = line
		return
	}
	p.spec.Env[publicKey] = line
}

// containerEnv is the environment that the container sees.
func (p *pod) containerEnv() map[string]string {
	env := maps.Clone(p.spec.Env)
	if _, ok := env[publicKey]; !ok && p.hidden != "" {
		env[publicKey] = p.hidden
	}
	env["RUNPOD_POD_ID"] = p.spec.ID
	return env
}

// exposesSSH reports whether port 22 has a public address.
func (p *pod) exposesSSH() bool {
	return !p.spec.NoPublicIP && slices.Contains(p.spec.Ports, sshPort)
}

// proxyUser is the pod's routing token at the SSH proxy.
func (p *pod) proxyUser() string { return p.spec.ID + "-" + digest(p.spec.ID)[:8] }
