package api

import "time"

// The states of a pod.
const (
	StatusProvisioning = "PROVISIONING"
	StatusStarting     = "STARTING"
	StatusRunning      = "RUNNING"
	StatusExited       = "EXITED"
	StatusError        = "ERROR"
	StatusTerminated   = "TERMINATED"
)

// The tiers of the cloud.
const (
	CloudSecure    = "SECURE"
	CloudCommunity = "COMMUNITY"
)

// PodSpec is a pod to put into the account. Only ID must be set. Its text may be
// hostile: the API hands it out as it is.
type PodSpec struct {
	ID   string
	Name string // "": the ID

	// Status is the state that the pod is in when it is added, for ever if it is
	// one that time does not change; "" means PROVISIONING. A RUNNING pod gets
	// its container before it can be seen.
	Status       string
	Provisioning time.Duration // zero: Options.Provisioning
	Starting     time.Duration // zero: Options.Starting; negative: it never gets further
	FailStart    bool          // becomes ERROR where others become RUNNING
	CreatedAt    time.Time     // zero: now
	StartedAt    time.Time     // of a RUNNING pod; zero: now

	Image    string // "": an image of RunPod's own
	Args     string
	DiskGB   int               // 0: 20
	Ports    []string          // nil: 8888/http and 22/tcp; empty: none
	Env      map[string]string // holds secrets
	Registry string
	Template string
	Cost     float64 // USD per hour while not stopped

	GPU *GPU // both nil: one GeForce RTX 4090
	CPU *CPU

	Persistent *PersistentMount // at most one kind of mount
	Network    *NetworkMount

	Cloud        string // "": SECURE
	DataCenterID string // "": one of RunPod's own
	CUDAVersion  string
	GlobalIP     string // set: global networking is on
	NoPublicIP   bool   // the machine has no public IP: proxy only
	NoProxy      bool   // RunPod's proxy does not lead to the pod
	SSHUser      string // who logs in directly; "": root
	Locked       bool
	NoStart      bool // the pod may not be started, whatever its status
	Cluster      *Cluster

	// StartSSH is the flag of the pod's creation: PUBLIC_KEY is injected with
	// KeysAtCreation, unless Env has one.
	StartSSH       bool
	KeysAtCreation []string // nil: the account's keys when the pod is added
	HideInjected   bool     // an injected PUBLIC_KEY is not in env, and outlives its PATCH
	NoSSHD         bool     // the image has no sshd, whatever PUBLIC_KEY says
	NoHostKeyLog   bool     // the image prints no host keys
	// Prints is what the image prints to the container log as it starts; nil: what
	// RunPod's start script prints.
	Prints func(Container) []string

	// StaleAddress is how long after a start the API still reports the previous
	// container's public address, as RunPod's can.
	StaleAddress time.Duration
	// LateAddress is how long after a start the API reports no public address.
	LateAddress time.Duration

	// Future reports a status, an action and fields that the contract does not
	// have yet.
	Future bool
}

// GPU is what a GPU pod computes with.
type GPU struct {
	ID    string
	Count int // 0: 1
}

// CPU is what a CPU pod computes with.
type CPU struct {
	ID       string
	VCPU     int
	MemoryGB int
}

// PersistentMount is a volume on the pod's machine.
type PersistentMount struct {
	SizeGB int
	Path   string
}

// NetworkMount is a network volume.
type NetworkMount struct {
	VolumeID string
	Path     string
}

// Cluster is a pod's membership in a cluster: the pod calls cannot change it.
type Cluster struct {
	ID   string
	Rank int // negative: not assigned yet
	Role string
	IP   string
}
