package api

import (
	"context"
	"time"
)

// DefaultQuotas returns the windows that RunPod documents.
func DefaultQuotas() []Quota {
	return []Quota{
		{Name: "minute", Limit: 60, Window: time.Minute},
		{Name: "hour", Limit: 3000, Window: time.Hour},
		{Name: "day", Limit: 50000, Window: 24 * time.Hour},
	}
}

// Quota is a number of requests in a window of time. The windows are fixed: each
// begins with the first request after the last one ended.
type Quota struct {
	Name   string
	Limit  int
	Window time.Duration // whole seconds
}

// Scope is a set of calls that an API key may lack.
type Scope string

// The scopes. A call outside a key's scopes is answered 403.
const (
	ScopePodsRead  Scope = "pods:read" // list, get, logs
	ScopePodsWrite Scope = "pods:write"
	ScopeKeysRead  Scope = "ssh-keys:read"
	ScopeKeysWrite Scope = "ssh-keys:write"
)

// Key is an API key of the account.
type Key struct {
	Secret string
	Denied []Scope
}

// Options configures a Server. Only Keys must be set.
type Options struct {
	Keys  []Key // accepted API keys
	Now   func() time.Time
	Host  Host // runs containers; nil: endpoints are made up, nothing listens
	Pods  []PodSpec
	Proxy Address // where every ssh.proxy points; zero: a made-up address

	// SSHKeys are the account's registered lines. They may be malformed: RunPod's
	// web page takes anything.
	SSHKeys []string

	// Quotas are counted for the account. nil means DefaultQuotas; empty means
	// an exempt caller: nothing is counted and no RateLimit header is sent.
	Quotas []Quota

	// Provisioning and Starting are how long a pod stays in these states unless
	// its PodSpec says otherwise. Zero means 20 s and 10 s.
	Provisioning, Starting time.Duration

	// Heartbeat is the pause between comments on a silent log stream, and
	// LogPoll how often an open stream looks at the clock, both in real time.
	// Zero means 15 s and 200 ms.
	Heartbeat, LogPoll time.Duration

	// Sleep waits for a Fault's Delay; nil means a timer that ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error

	// Expected, when not empty, names every call that is meant to come. One that
	// matches none of them is answered 501 and given to Unexpected.
	Expected []Route
	// Unexpected is told of calls that Expected does not name, and of those that
	// no endpoint serves. It may be called by several goroutines.
	Unexpected func(Call)
}
