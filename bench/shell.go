//go:build unix

package main

import (
	"fmt"
	"os/exec"
)

// benchShell measures from starting a program to the first prompt of the shell.
func benchShell(w *world, o options) ([]row, error) {
	near, err := inTurns(o.rounds(21), o.warmup(3),
		w.shell(ours, func() *exec.Cmd { return w.client("ssh", nearPod) }, o, nil),
		w.shell(openSSH, func() *exec.Cmd { return w.openssh(w.sshd.Addr) }, o, nil),
	)
	if err != nil {
		return nil, err
	}
	rows := []row{{what: "shell, cold, loopback", ours: near[ours], theirs: near[openSSH], target: atMost(0.35)}}
	if w.noTunnel == nil {
		away, err := inTurns(o.rounds(15), o.warmup(1),
			w.shell(ours, func() *exec.Cmd { return w.client("ssh", farPod) }, o, nil),
			w.shell(openSSH, func() *exec.Cmd { return w.openssh(w.tunneled) }, o, nil),
		)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{what: "shell, cold, 100 ms round trip", ours: away[ours], theirs: away[openSSH], target: atMost(0.82),
			note: "through a tunnel that delays every packet, so that acknowledgements take their time too"})
	} else {
		fmt.Println("NOT RUN: shell, cold, 100 ms round trip: there is no tunnel:", w.noTunnel)
	}
	trips := map[string]sample{}
	count := func(name string) { trips[name] = append(trips[name], float64(w.link.roundTrips())) }
	linked, err := inTurns(o.rounds(15), o.warmup(1),
		w.shell(ours, func() *exec.Cmd { return w.client("ssh", linkPod) }, o, count),
		w.shell(openSSH, func() *exec.Cmd { return w.openssh(w.link.Addr) }, o, count),
	)
	if err != nil {
		return nil, err
	}
	return append(rows, row{what: "shell, cold, 100 ms by a proxy", ours: linked[ours], theirs: linked[openSSH], target: atMost(0.82),
		note: fmt.Sprintf("%.0f round trips against %.0f; the proxy acknowledges in the far side's place, so that only these cost 100 ms",
			trips[ours].median(), trips[openSSH].median())}), nil
}

// shell runs a client until its shell's first prompt is there, and then to its end.
// seen, unless nil, is called between the two.
func (w *world) shell(name string, client func() *exec.Cmd, o options, seen func(name string)) subject {
	return subject{name, func() (float64, error) {
		w.link.roundTrips()
		t, started, err := openSlow(name, client(), o, prompt)
		if err != nil {
			return 0, err
		}
		at, err := t.wait()
		if err != nil {
			t.close("")
			return 0, err
		}
		if seen != nil {
			seen(name)
		}
		return ms(at.Sub(started)), t.close("exit\r")
	}}
}
