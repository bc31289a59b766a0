package manager_test

import (
	"net/http"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/doctor"
)

// newKey is an API key that works where apiKey does not.
const newKey = "rpa_ANOTHERKEY0123456789"

// keptKey is a world whose API key was entered with podbay login.
func keptKey(t *testing.T, keys ...api.Key) *world {
	t.Helper()
	w := newWorld(t, accountOptions{registered: true, keys: append(keys, api.Key{Secret: apiKey})}, api.Endpoints{}, nil)
	w.env["RUNPOD_API_KEY"] = ""
	if err := w.m.Login(t.Context(), apiKey); err != nil {
		t.Fatal(err)
	}
	return w
}

// enters is what podbay does about a key: it asks for one and keeps it.
func (c *meeting) enters(w *world, key string) {
	c.Helper()
	if err := w.m.Login(c.Context(), key); err != nil {
		c.Fatal(err)
	}
	c.became(w.m.JudgeAccount(c.Context()), "")
}

// fails is a cell of an API that fails until the fault is taken away.
func fails(f api.Fault) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w := newWorld(c.T, accountOptions{registered: true}, api.Endpoints{}, nil)
		f.Path = "/v2/**"
		remove := w.api.AddFault(f)
		c.account(w.account)
		remove()
		c.became(w.m.JudgeAccount(c.Context()), "")
	}
}

const entered = "podbay: another key is entered"

func accountCells() []cell {
	return []cell{
		{doctor.NoAPIKey, "neither RUNPOD_API_KEY nor a kept key", doctor.ActAPIKey, "podbay: a key is entered", doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{}, api.Endpoints{}, nil)
			w.env["RUNPOD_API_KEY"] = ""
			c.account(w.account)
			c.enters(w, apiKey)
		}},
		{doctor.APIKeyRejected, "the kept key was revoked", doctor.ActAPIKey, entered, doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := keptKey(c.T)
			w.api.SetKeys([]api.Key{{Secret: newKey}})
			c.account(w.account)
			c.enters(w, newKey)
		}},
		{doctor.APIKeyLacksPods, "the kept key lost its scope for pods", doctor.ActAPIKey, entered, doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := keptKey(c.T)
			w.api.SetKeys([]api.Key{{Secret: newKey}, {Secret: apiKey, Denied: []api.Scope{api.ScopePodsRead}}})
			c.account(w.account)
			c.enters(w, newKey)
		}},
		{doctor.APIKeyLacksKeys, "a key without the scope for SSH keys", doctor.ActAPIKey, entered, doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := keptKey(c.T, api.Key{Secret: newKey})
			w.api.SetKeys([]api.Key{{Secret: newKey}, {Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}})
			c.is("JudgeAccount", w.m.JudgeAccount(c.Context()))
			c.enters(w, newKey)
		}},
		{doctor.RunPodFailing, "503 to every call", doctor.ActRetry, "RunPod recovers", doctor.AccountReady,
			fails(api.Fault{Kind: api.FaultStatus, Status: http.StatusServiceUnavailable})},
		{doctor.RunPodUnreachable, "connections are reset", doctor.ActRetry, "the network is back", doctor.AccountReady,
			fails(api.Fault{Kind: api.FaultDrop})},
		{doctor.RunPodUnreadable, "a web page in place of JSON", doctor.ActRetry, "the page goes away", doctor.AccountReady,
			fails(api.Fault{Kind: api.FaultGarbage, Body: "<!doctype html><title>Welcome to our WiFi</title>"})},
		{doctor.RunPodUnreadable, "a redirect to a login page", doctor.ActRetry, "the page goes away", doctor.AccountReady,
			fails(api.Fault{Kind: api.FaultStatus, Status: http.StatusFound, Header: http.Header{"Location": {"https://wifi.invalid/"}}})},
		{doctor.RunPodLimiting, "the quota of the minute is used up", doctor.ActRetry, "the next minute begins", doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true, api: func(o *api.Options) {
				o.Quotas = []api.Quota{{Name: "minute", Limit: 2, Window: time.Minute}}
			}}, api.Endpoints{}, nil)
			other := w.client(c.T)
			for range 2 {
				if _, err := other.ListPods(c.Context()); err != nil {
					c.Fatal(err)
				}
			}
			c.account(w.account)
			w.clock.add(61 * time.Second)
			c.became(w.m.JudgeAccount(c.Context()), "")
		}},
		{doctor.AccountReady, "a key with every scope", "", "", "", func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true}, api.Endpoints{}, nil)
			c.is("JudgeAccount", w.m.JudgeAccount(c.Context()))
		}},
	}
}
