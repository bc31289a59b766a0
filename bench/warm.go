//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// benchWarm measures from enter in the list to the first prompt of the shell, when
// podbay has logged in ahead, and when a shell on the pod has ended a moment before.
func benchWarm(w *world, o options) (rows []row, err error) {
	pod, addr := farPod, w.tunneled
	if w.noTunnel != nil {
		pod, addr = linkPod, w.link.Addr
	}
	// The pod has taken the key before.
	first := w.shell("before", func() *exec.Cmd { return w.client("ssh", pod) }, o, nil)
	if _, err := first.run(); err != nil {
		return nil, err
	}
	control, err := w.controlMaster(addr)
	if err != nil {
		return nil, err
	}
	defer control.close()
	var back sample
	const mastered = "OpenSSH through a ControlMaster"
	samples, err := inTurns(o.rounds(15), o.warmup(1),
		subject{ours, func() (float64, error) {
			ahead, again, err := w.ahead(o, pod)
			back = append(back, ms(again))
			return ms(ahead), err
		}},
		w.shell(openSSH, func() *exec.Cmd { return w.openssh(addr) }, o, nil),
		w.shell(mastered, func() *exec.Cmd { return w.openssh(addr, "-S", control.path, "-o", "ControlMaster=no") }, o, nil),
	)
	if err != nil {
		return nil, err
	}
	back = back[min(o.warmup(1), len(back)):]
	const ahead, returned = "shell, connected ahead, 100 ms round trip", "shell, after one that ended, 100 ms round trip"
	note := "from enter in the list, which hands the terminal over when the keyboard has been quiet for 20 ms; OpenSSH's from exec"
	return []row{
		{what: ahead, ours: samples[ours], theirs: samples[openSSH], target: atMost(0.15), note: note},
		{what: ahead, ours: samples[ours], theirs: samples[mastered], against: mastered, target: atMost(1)},
		{what: returned, ours: back, theirs: samples[openSSH], target: atMost(0.15)},
	}, nil
}

// ahead opens the list, waits until podbay has logged in to the pod under the cursor,
// opens a shell, leaves it and opens another one.
func (w *world) ahead(o options, pod string) (ahead, again time.Duration, err error) {
	before := strings.Count(w.sshd.Log(), "Accepted publickey")
	t, _, err := openTerminal(w.client(), full, "ready ")
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		keys := "q"
		if err != nil {
			keys = ""
		}
		err = errorsOf(err, t.close(keys))
	}()
	if _, err := t.wait(); err != nil {
		return 0, 0, err
	}
	if pod != farPod {
		if err := t.press("/link\r"); err != nil {
			return 0, 0, err
		}
	}
	for end := time.Now().Add(patience); strings.Count(w.sshd.Log(), "Accepted publickey") == before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return 0, 0, fmt.Errorf("podbay did not log in ahead: %s", t.tail())
		}
	}
	time.Sleep(3 * far) // until the answer is there
	if ahead, err = t.enter(o); err != nil {
		return 0, 0, err
	}
	again, err = t.enter(o)
	return ahead, again, err
}

// enter opens a shell from the list and leaves it again.
func (t *terminal) enter(o options) (time.Duration, error) {
	t.expect(prompt)
	started := time.Now()
	o.dawdle()
	if err := t.press("\r"); err != nil {
		return 0, err
	}
	at, err := t.wait()
	if err != nil {
		return 0, err
	}
	t.expect("the shell ended")
	if err := t.press("exit\r"); err != nil {
		return 0, err
	}
	if _, err := t.wait(); err != nil {
		return 0, err
	}
	time.Sleep(far) // the list has the keys again
	return at.Sub(started), nil
}

// master is an ssh that others share the connection of.
type master struct {
	cmd  *exec.Cmd
	path string
}

func (w *world) controlMaster(addr string) (*master, error) {
	m := &master{path: filepath.Join(w.tb.dir, "control")}
	m.cmd = w.openssh(addr, "-M", "-N", "-S", m.path)
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(m.path); err == nil {
			return m, nil
		}
		if time.Now().After(end) {
			m.close()
			return nil, fmt.Errorf("ssh -M made no socket in %v", patience)
		}
	}
}

func (m *master) close() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}
