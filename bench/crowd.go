//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	demoapi "podbay/demo/api"
)

// crowd is an account with many pods that podbay has listed before.
type crowd struct {
	w        *world
	lastList []byte // what podbay kept of the run before
}

// The first pod of a crowd, and what it is named later: no cell of the two is the
// same, so that all of it is drawn anew.
const firstPod, otherName = "AAAAAAAA", "BBBBBBBB"

// full is what the last line of a whole list says.
const full = "quit"

// newCrowd has the account list these pods; end has it list its own again.
func (w *world) newCrowd(pods []demoapi.PodSpec, host demoapi.FixedHost) (c *crowd, err error) {
	options := demoapi.Options{Keys: []demoapi.Key{{Secret: apiKey}}, Quotas: []demoapi.Quota{}, Pods: pods}
	if host != nil {
		options.Host = host
	}
	server, err := demoapi.New(options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	c = &crowd{w: w}
	if err := w.api.setList(server); err != nil {
		return nil, err
	}
	if err := os.Remove(c.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t, _, err := openTerminal(w.client(), firstPod, full)
	if err != nil {
		return nil, err
	}
	_, err = t.wait()
	if err := errorsOf(err, t.close("q")); err != nil {
		return nil, err
	}
	c.lastList, err = os.ReadFile(c.file())
	return c, err
}

func (c *crowd) end() error { return c.w.api.setList(c.w.api.demo) }

func (c *crowd) file() string { return filepath.Join(c.w.home, ".local/state/podbay/list.csv") }

// recall puts the list of the run before back.
func (c *crowd) recall() error { return os.WriteFile(c.file(), c.lastList, 0o600) }

// manyPods is n pods of all kinds, on addresses where nothing answers.
func manyPods(n int) []demoapi.PodSpec {
	now := time.Now()
	pods := make([]demoapi.PodSpec, n)
	for i := range pods {
		p := demoapi.PodSpec{
			ID: fmt.Sprintf("%014x", (i+1)*2654435761), Name: fmt.Sprintf("train-%s-%05d", []string{"llama", "flux", "whisper"}[i%3], i),
			Status: demoapi.StatusRunning, StartedAt: now.Add(-90*time.Minute - time.Duration(49+i)*time.Hour), Cost: 0.69,
			Env: map[string]string{"HF_TOKEN": "hf_0123456789abcdefghijklmnopqrstuvwx", "PUBLIC_KEY": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHPSyK1TK4Cn8pN9Vw9cDLGcGBL1UvDQgHjLkGcZzL3k me@home"},
		}
		switch i % 5 {
		case 3:
			p.NoPublicIP = true
		case 4:
			p.Status = demoapi.StatusExited
		}
		pods[i] = p
	}
	pods[0].Name = firstPod
	return pods
}
