//go:build unix

package main

import "os"

// benchMemory measures what an attached session holds, after much has passed
// through it, and the binary.
func benchMemory(w *world, o options) (rows []row, err error) {
	info, err := os.Stat(w.podbay)
	if err != nil {
		return nil, err
	}
	binary := row{what: "binary, stripped", unit: "MiB", ours: sample{float64(info.Size()) / mib}, target: atMost(20)}

	clients, order := w.clients(o)
	open, err := w.sessions(clients, order...)
	defer hangUp(open, &err)
	if err != nil {
		return nil, err
	}
	samples := map[string]sample{}
	measure := func(when string) error {
		for _, s := range open {
			value, err := resident(s.cmd.Process.Pid)
			if err != nil {
				return err
			}
			samples[s.name+when] = append(samples[s.name+when], value)
		}
		return nil
	}
	if err := measure(""); err != nil {
		return nil, err
	}
	for range o.rounds(3) {
		for _, s := range open {
			if _, err := s.completes("seq 1 500000", options{}); err != nil {
				return nil, err
			}
		}
		if err := measure("after"); err != nil {
			return nil, err
		}
	}
	return []row{
		binary,
		{what: "memory: a session at its prompt", unit: "MiB", ours: samples[ours], theirs: samples[openSSH], target: atMost(20), absolute: true},
		{what: "memory: a session after a flood", unit: "MiB", ours: samples[ours+"after"], theirs: samples[openSSH+"after"], target: atMost(20), absolute: true},
	}, nil
}
