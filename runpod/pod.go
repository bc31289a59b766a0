package runpod

import (
	"fmt"
	"time"
)

// Status is a pod's lifecycle state as the API reports it. Values that are not
// among the constants may appear and are passed through.
type Status string

// The states of the contract.
const (
	StatusProvisioning Status = "PROVISIONING"
	StatusStarting     Status = "STARTING"
	StatusRunning      Status = "RUNNING"
	StatusExited       Status = "EXITED"
	StatusError        Status = "ERROR"
	StatusTerminated   Status = "TERMINATED"
)

// Action is a transition that can be asked of a pod.
type Action string

// The actions of the contract. Which of them are allowed now is in Pod.Actions.
const (
	ActionStart     Action = "start"
	ActionStop      Action = "stop"
	ActionRestart   Action = "restart"
	ActionTerminate Action = "terminate"
)

// Cloud is the tier a pod runs in. Community hosts may have no public IP.
type Cloud string

// The tiers of the contract.
const (
	CloudSecure    Cloud = "SECURE"
	CloudCommunity Cloud = "COMMUNITY"
)

// Env is a pod's environment. It holds secrets: it prints as a count, and
// nothing of it may be logged, cached or drawn.
type Env map[string]string

// String says how many variables there are and none of their text.
func (e Env) String() string { return fmt.Sprintf("[%d variables]", len(e)) }

// GoString keeps %#v from printing what String hides.
func (e Env) GoString() string { return e.String() }

// Format keeps every other verb from printing what String hides.
func (e Env) Format(s fmt.State, _ rune) { fmt.Fprint(s, e.String()) }

// MarshalJSON keeps a Pod that is encoded for a cache or a log free of secrets.
func (e Env) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }

// Args is the container's start command. It may hold secrets, as Env may.
type Args string

// String says whether there are arguments and none of their text.
func (a Args) String() string {
	if a == "" {
		return ""
	}
	return "[arguments]"
}

// GoString keeps %#v from printing what String hides.
func (a Args) GoString() string { return a.String() }

// Format keeps every other verb from printing what String hides.
func (a Args) Format(s fmt.State, _ rune) { fmt.Fprint(s, a.String()) }

// MarshalJSON keeps a Pod that is encoded for a cache or a log free of secrets.
func (a Args) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

// Pod is one GPU or CPU pod, as GET /v2/pods reports it. Its texts are cleaned
// of control sequences and bounded, but for Env and Args, which are never drawn.
type Pod struct {
	ID           string
	Name         string // as given by the user; need not be unique
	Status       Status
	Actions      []Action // transitions allowed now
	Image        string
	Args         Args
	DiskGB       int      // container disk; lost when the container is recreated or the pod stopped
	Ports        []string // as configured: "22/tcp", "8888/http"
	Env          Env
	EnvWhole     bool // every variable was read: only then may Env be written back
	Mounts       Mounts
	GPU          *GPU // nil on a CPU pod
	CPU          *CPU // nil on a GPU pod
	Cloud        Cloud
	DataCenterID string
	CUDAVersion  string
	SSH          SSH
	Cluster      *Cluster // nil on a standalone pod
	TemplateID   string
	CostPerHour  float64 // USD; 0 when EXITED, although a stopped volume is billed
	Locked       bool    // cannot be stopped or reset
	Runtime      *Runtime
	CreatedAt    time.Time
	StartedAt    time.Time // zero when the API has none
}

// GPU is what a GPU pod computes with.
type GPU struct {
	ID    string // "NVIDIA GeForce RTX 4090"
	Count int    // at least 1
}

// CPU is what a CPU pod computes with.
type CPU struct {
	ID       string
	VCPU     int
	MemoryGB int
}

// Mounts is the storage that outlives the container. At most one is set.
type Mounts struct {
	Persistent *PersistentMount
	Network    []NetworkMount
}

// PersistentMount is a volume on the pod's host.
type PersistentMount struct {
	SizeGB int
	Path   string
}

// NetworkMount is a network volume.
type NetworkMount struct {
	VolumeID string
	Path     string
}

// SSH tells how a pod can be reached. Both endpoints can be set on a pod on
// which no sshd answers: only a probe knows. An endpoint whose host, port or
// user name cannot be used as it is counts as not there.
type SSH struct {
	Proxy  *Endpoint // nil until the pod has a machine
	Direct *Endpoint // nil unless 22/tcp is in Ports and has a public port
}

// Endpoint is one way to reach a pod over SSH.
type Endpoint struct {
	Host     string
	Port     int
	Username string // for the proxy an opaque routing token
}

// Cluster is a pod's membership in a cluster. Members cannot be changed
// through the pod calls.
type Cluster struct {
	ID   string
	Rank *int
	Role string
	IP   string
}

// Runtime is what a running pod reports of itself.
type Runtime struct {
	Ports []RuntimePort
}

// RuntimePort is one live port mapping.
type RuntimePort struct {
	Private int
	Public  int // 0 when the API has none
	Type    string
	IP      string // "" when the API has none
}

// Allows reports whether action is among the transitions allowed now.
func (p *Pod) Allows(action Action) bool {
	for _, a := range p.Actions {
		if a == action {
			return true
		}
	}
	return false
}

// PodUpdate is a PATCH of a pod. Nil fields are left as they are. A change of
// Ports or Env recreates the container: everything outside the volume is lost.
type PodUpdate struct {
	Name   *string
	Ports  []string // nil: unchanged
	Env    Env      // nil: unchanged; replaces the whole environment
	Locked *bool
}
