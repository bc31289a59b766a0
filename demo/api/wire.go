package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// The shapes of the contract (components.schemas.Pod and what it refers to).
type wirePod struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Image        string            `json:"image"`
	Args         string            `json:"args"`
	Disk         int               `json:"disk"`
	Ports        []string          `json:"ports"`
	Env          map[string]string `json:"env"`
	Registry     *string           `json:"registry"`
	Status       string            `json:"status"`
	Actions      []string          `json:"actions"`
	Mounts       wireMounts        `json:"mounts"`
	GPU          *wireGPU          `json:"gpu,omitempty"`
	CPU          *wireCPU          `json:"cpu,omitempty"`
	Cloud        string            `json:"cloud"`
	DataCenterID *string           `json:"dataCenterId"`
	CUDAVersion  *string           `json:"cudaVersion"`
	SSH          wireSSH           `json:"ssh"`
	Cluster      *wireCluster      `json:"cluster,omitempty"`
	Template     *string           `json:"template"`
	Cost         float64           `json:"cost"`
	Locked       bool              `json:"locked"`
	Global       wireGlobal        `json:"globalNetworking"`
	Runtime      *wireRuntime      `json:"runtime"`
	CreatedAt    time.Time         `json:"createdAt"`
	StartedAt    *time.Time        `json:"startedAt"`
}

type wireMounts struct {
	Persistent *wirePersistent `json:"persistent,omitempty"`
	Network    []wireNetwork   `json:"network,omitempty"`
}

type wirePersistent struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

type wireNetwork struct {
	VolumeID string `json:"volumeId"`
	Path     string `json:"path"`
}

type wireGPU struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

type wireCPU struct {
	ID     string `json:"id"`
	VCPU   int    `json:"vcpuCount"`
	Memory int    `json:"memory"`
}

type wireSSH struct {
	Proxy  *wireEndpoint `json:"proxy"`
	Direct *wireEndpoint `json:"direct"`
}

type wireEndpoint struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Command  string `json:"command"`
}

type wireCluster struct {
	ID   string `json:"id"`
	Rank *int   `json:"rank"`
	Role string `json:"role,omitempty"`
	IP   string `json:"ip,omitempty"`
}

type wireGlobal struct {
	Enabled bool   `json:"enabled"`
	IP      string `json:"ip,omitempty"`
	DNS     string `json:"internalDns,omitempty"`
}

type wireUtil struct {
	Util int `json:"util"`
}

type wireGPUUtil struct {
	Util       int `json:"util"`
	MemoryUtil int `json:"memoryUtil"`
}

type wireRuntime struct {
	Uptime int           `json:"uptime"`
	GPUs   []wireGPUUtil `json:"gpus"`
	CPU    wireUtil      `json:"cpu"`
	Memory wireUtil      `json:"memory"`
	Ports  []wirePort    `json:"ports"`
}

type wirePort struct {
	Private int     `json:"private"`
	Public  *int    `json:"public"`
	Type    string  `json:"type"`
	IP      *string `json:"ip"`
}

// wire is the pod as the API answers it: a wirePod, or what a future version of
// the API could answer. The caller holds mu.
func (s *Server) wire(p *pod) any {
	now := s.opts.Now()
	spec := p.spec
	w := wirePod{
		ID: spec.ID, Name: spec.Name, Image: spec.Image, Args: spec.Args, Disk: spec.DiskGB,
		Ports: append([]string{}, spec.Ports...), Env: maps.Clone(spec.Env),
		Registry: orNull(spec.Registry), Template: orNull(spec.Template),
		Status: p.status, Actions: p.allowed(), Mounts: mounts(spec),
		Cloud: spec.Cloud, SSH: wireSSH{Proxy: p.proxyEndpoint(s.opts.Proxy), Direct: p.directEndpoint(now)},
		Cost: spec.Cost, Locked: spec.Locked, Global: global(spec),
		Runtime: p.runtime(now), CreatedAt: spec.CreatedAt.UTC(),
	}
	if p.machine {
		w.DataCenterID, w.CUDAVersion = orNull(spec.DataCenterID), orNull(spec.CUDAVersion)
	}
	if p.status == StatusExited || p.status == StatusTerminated {
		w.Cost = 0
	}
	if !p.startedAt.IsZero() {
		t := p.startedAt.UTC()
		w.StartedAt = &t
	}
	if spec.GPU != nil {
		w.GPU = &wireGPU{ID: spec.GPU.ID, Count: max(1, spec.GPU.Count)}
	}
	if spec.CPU != nil {
		w.CPU = &wireCPU{ID: spec.CPU.ID, VCPU: cmp.Or(spec.CPU.VCPU, 2), Memory: cmp.Or(spec.CPU.MemoryGB, 4)}
	}
	if c := spec.Cluster; c != nil {
		w.Cluster = &wireCluster{ID: c.ID, Role: c.Role, IP: c.IP}
		if c.Rank >= 0 {
			w.Cluster.Rank = &c.Rank
		}
	}
	if spec.Future {
		return future(w)
	}
	return w
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func mounts(spec PodSpec) wireMounts {
	var m wireMounts
	if v := spec.Persistent; v != nil {
		m.Persistent = &wirePersistent{Size: v.SizeGB, Path: v.Path}
	}
	if v := spec.Network; v != nil {
		m.Network = []wireNetwork{{VolumeID: v.VolumeID, Path: v.Path}}
	}
	return m
}

func global(spec PodSpec) wireGlobal {
	if spec.GlobalIP == "" {
		return wireGlobal{}
	}
	return wireGlobal{Enabled: true, IP: spec.GlobalIP, DNS: spec.ID + ".runpod.internal"}
}

// proxyEndpoint is there as soon as the pod has a machine, sshd or not.
func (p *pod) proxyEndpoint(proxy Address) *wireEndpoint {
	if !p.machine || p.spec.NoProxy {
		return nil
	}
	user := p.proxyUser()
	command := fmt.Sprintf("ssh %s@%s", user, proxy.Host)
	if proxy.Port != 22 {
		command += fmt.Sprintf(" -p %d", proxy.Port)
	}
	return &wireEndpoint{Host: proxy.Host, Port: proxy.Port, Username: user, Command: command}
}

// directEndpoint is there as soon as port 22 is mapped, sshd or not.
func (p *pod) directEndpoint(now time.Time) *wireEndpoint {
	a := p.address(now)
	if a == (Address{}) {
		return nil
	}
	user := cmp.Or(p.spec.SSHUser, "root")
	return &wireEndpoint{Host: a.Host, Port: a.Port, Username: user, Command: fmt.Sprintf("ssh %s@%s -p %d", user, a.Host, a.Port)}
}

// address is port 22's public address as the API reports it, which for
// StaleAddress after a start can be that of the container before, and for
// LateAddress none.
func (p *pod) address(now time.Time) Address {
	switch {
	case p.status != StatusRunning || !p.exposesSSH():
		return Address{}
	case now.Before(p.startedAt.Add(p.spec.LateAddress)):
		return Address{}
	case p.previous != (Address{}) && now.Before(p.startedAt.Add(p.spec.StaleAddress)):
		return p.previous
	}
	return p.public
}

func (p *pod) runtime(now time.Time) *wireRuntime {
	if p.status != StatusRunning {
		return nil
	}
	r := &wireRuntime{
		Uptime: int(max(0, now.Sub(p.startedAt)) / time.Second),
		GPUs:   []wireGPUUtil{}, CPU: wireUtil{Util: 3}, Memory: wireUtil{Util: 12},
		Ports: []wirePort{},
	}
	if p.spec.GPU != nil {
		r.GPUs = make([]wireGPUUtil, max(1, p.spec.GPU.Count))
	}
	for _, port := range p.spec.Ports {
		if w, ok := p.livePort(port, p.address(now)); ok {
			r.Ports = append(r.Ports, w)
		}
	}
	return r
}

// livePort is the mapping of a configured port. HTTP ports go through RunPod's
// own proxy and have no public number; a port above 70000 asks for the same
// number inside and outside.
func (p *pod) livePort(port string, ssh Address) (wirePort, bool) {
	number, kind, _ := strings.Cut(port, "/")
	private, err := strconv.Atoi(number)
	if err != nil {
		return wirePort{}, false
	}
	w := wirePort{Private: private, Type: kind}
	if kind != "tcp" || p.spec.NoPublicIP {
		return w, true
	}
	public, ip := p.tcp[private], cmp.Or(ssh.Host, p.public.Host)
	if port == sshPort {
		public, ip = ssh.Port, ssh.Host
	}
	if private > 70000 {
		w.Private = public
	}
	if public != 0 {
		w.Public, w.IP = &public, orNull(ip)
	}
	return w, true
}

// future is w with a status, an action and fields that no client knows yet.
func future(w wirePod) map[string]any {
	w.Status = "MIGRATING"
	w.Actions = append(w.Actions, "hibernate")
	data, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings, numbers and times: it cannot fail
	}
	m := map[string]any{}
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err) // it was just marshalled
	}
	m["migration"] = map[string]any{"phase": "COPYING", "progress": 0.5}
	m["ssh"].(map[string]any)["mesh"] = map[string]any{"host": w.ID + ".mesh.example"}
	return m
}
