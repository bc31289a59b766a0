package runpod

import (
	"time"

	"podbay/cleantext"
)

// The wire structs follow the schemas Pod and UpdatePodRequest of the contract.
// What the contract lets be null or absent, and what is of another type than it
// says, becomes the zero value.

type podWire struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Status       string       `json:"status"`
	Actions      []string     `json:"actions"`
	Image        string       `json:"image"`
	Args         string       `json:"args"`
	Disk         int          `json:"disk"`
	Ports        []string     `json:"ports"`
	Env          envWire      `json:"env"`
	Mounts       mountsWire   `json:"mounts"`
	GPU          *gpuWire     `json:"gpu"`
	CPU          *cpuWire     `json:"cpu"`
	Cloud        string       `json:"cloud"`
	DataCenterID string       `json:"dataCenterId"`
	CUDAVersion  string       `json:"cudaVersion"`
	SSH          sshWire      `json:"ssh"`
	Cluster      *clusterWire `json:"cluster"`
	Template     string       `json:"template"`
	Cost         float64      `json:"cost"`
	Locked       bool         `json:"locked"`
	Runtime      *runtimeWire `json:"runtime"`
	CreatedAt    string       `json:"createdAt"`
	StartedAt    string       `json:"startedAt"`
}

type mountsWire struct {
	Persistent *struct {
		Size int    `json:"size"`
		Path string `json:"path"`
	} `json:"persistent"`
	Network []struct {
		VolumeID string `json:"volumeId"`
		Path     string `json:"path"`
	} `json:"network"`
}

type gpuWire struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

type cpuWire struct {
	ID     string `json:"id"`
	VCPU   int    `json:"vcpuCount"`
	Memory int    `json:"memory"`
}

type sshWire struct {
	Proxy  *endpointWire `json:"proxy"`
	Direct *endpointWire `json:"direct"`
}

type endpointWire struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
}

type clusterWire struct {
	ID   string `json:"id"`
	Rank *int   `json:"rank"`
	Role string `json:"role"`
	IP   string `json:"ip"`
}

type runtimeWire struct {
	Ports []struct {
		Private int    `json:"private"`
		Public  int    `json:"public"`
		Type    string `json:"type"`
		IP      string `json:"ip"`
	} `json:"ports"`
}

// pod translates the entry, all that is ever drawn cleaned. It reports false
// when there is no ID to name the pod by.
func (w *podWire) pod() (Pod, bool) {
	if w.ID == "" || text(w.ID) != w.ID {
		return Pod{}, false
	}
	return Pod{
		ID:           w.ID,
		Name:         text(w.Name),
		Status:       Status(text(w.Status)),
		Actions:      texts[Action](w.Actions),
		Image:        text(w.Image),
		Args:         Args(w.Args),
		DiskGB:       w.Disk,
		Ports:        texts[string](w.Ports),
		Env:          w.Env.vars,
		EnvWhole:     w.Env.whole,
		Mounts:       w.Mounts.mounts(),
		GPU:          w.GPU.gpu(),
		CPU:          w.CPU.cpu(),
		Cloud:        Cloud(text(w.Cloud)),
		DataCenterID: text(w.DataCenterID),
		CUDAVersion:  text(w.CUDAVersion),
		SSH:          w.SSH.ssh(),
		Cluster:      w.Cluster.cluster(),
		TemplateID:   text(w.Template),
		CostPerHour:  w.Cost,
		Locked:       w.Locked,
		Runtime:      w.Runtime.runtime(),
		CreatedAt:    instant(w.CreatedAt),
		StartedAt:    instant(w.StartedAt),
	}, true
}

// maxTextCells bounds the texts of a pod: far above any real image or name.
const maxTextCells = 512

func text(s string) string { return cleantext.Line(s, maxTextCells) }

func texts[T ~string](raw []string) []T {
	if raw == nil {
		return nil
	}
	list := make([]T, len(raw))
	for i, s := range raw {
		list[i] = T(text(s))
	}
	return list
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (w mountsWire) mounts() Mounts {
	var m Mounts
	if p := w.Persistent; p != nil {
		m.Persistent = &PersistentMount{SizeGB: p.Size, Path: text(p.Path)}
	}
	for _, n := range w.Network {
		m.Network = append(m.Network, NetworkMount{VolumeID: text(n.VolumeID), Path: text(n.Path)})
	}
	return m
}

func (w *gpuWire) gpu() *GPU {
	if w == nil {
		return nil
	}
	return &GPU{ID: text(w.ID), Count: max(w.Count, 1)}
}

func (w *cpuWire) cpu() *CPU {
	if w == nil {
		return nil
	}
	return &CPU{ID: text(w.ID), VCPU: w.VCPU, MemoryGB: w.Memory}
}

func (w sshWire) ssh() SSH { return SSH{Proxy: w.Proxy.endpoint(), Direct: w.Direct.endpoint()} }

// endpoint returns nil for one that cannot be dialled as it is.
func (w *endpointWire) endpoint() *Endpoint {
	if w == nil || w.Host == "" || text(w.Host) != w.Host || text(w.Username) != w.Username || w.Port < 1 || w.Port > 65535 {
		return nil
	}
	return &Endpoint{Host: w.Host, Port: w.Port, Username: w.Username}
}

func (w *clusterWire) cluster() *Cluster {
	if w == nil {
		return nil
	}
	return &Cluster{ID: text(w.ID), Rank: w.Rank, Role: text(w.Role), IP: text(w.IP)}
}

func (w *runtimeWire) runtime() *Runtime {
	if w == nil {
		return nil
	}
	r := &Runtime{}
	for _, p := range w.Ports {
		r.Ports = append(r.Ports, RuntimePort{Private: p.Private, Public: p.Public, Type: text(p.Type), IP: text(p.IP)})
	}
	return r
}

type updateWire struct {
	Name   *string            `json:"name,omitempty"`
	Ports  *[]string          `json:"ports,omitempty"`
	Env    *map[string]string `json:"env,omitempty"`
	Locked *bool              `json:"locked,omitempty"`
}

// wire translates the update; problem says why it cannot be sent.
func (u PodUpdate) wire() (w updateWire, problem string) {
	w = updateWire{Name: u.Name, Locked: u.Locked}
	if u.Ports != nil {
		w.Ports = &u.Ports
	}
	if u.Env != nil {
		env := map[string]string(u.Env)
		w.Env = &env
	}
	switch {
	case w == updateWire{}:
		return w, "there is nothing to change"
	case u.Name != nil && *u.Name == "":
		return w, "a pod's name cannot be empty"
	}
	return w, ""
}
