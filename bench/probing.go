//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	demoapi "podbay/demo/api"
)

// benchProbing measures how long it takes until each of 100 pods was measured when
// half of them never answer: from RunPod's answer to the last new row.
func benchProbing(w *world, o options) (rows []row, err error) {
	const pods = 100
	silent, err := net.Listen("tcp", "127.0.0.1:0") // completes TCP by its backlog and never speaks
	if err != nil {
		return nil, err
	}
	defer silent.Close()
	speaking, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var served sync.WaitGroup
	defer served.Wait()
	defer speaking.Close()
	served.Go(func() { greet(speaking) })

	host := demoapi.FixedHost{}
	specs := make([]demoapi.PodSpec, pods)
	for i := range specs {
		specs[i] = running(fmt.Sprintf("%014x", i+1), fmt.Sprintf("pod-%03d", i))
		listener := speaking
		if i%2 == 0 {
			listener = silent
		}
		host[specs[i].ID] = demoapi.Endpoints{Direct: demoapi.Address{Host: "127.0.0.1", Port: portOf(listener.Addr().String())}}
	}
	specs[0].Name = firstPod
	crowd, err := w.newCrowd(specs, host)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, crowd.end()) }()
	samples, err := inTurns(o.rounds(15), o.warmup(1), subject{ours, func() (float64, error) { return crowd.probeOnce(o, pods) }})
	return []row{{what: "list: 100 pods measured, 50 of them silent", unit: "ms", ours: samples[ours], target: atMost(1200),
		note: "from RunPod's answer to the row of the last pod, in podbay's trace"}}, err
}

// greet speaks like sshd, to whoever comes.
func greet(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
		conn.Close()
	}
}

// probeOnce counts the probes in podbay's trace: the rows are on more than one
// screen.
func (c *crowd) probeOnce(o options, pods int) (float64, error) {
	trace := c.file() + ".trace"
	defer os.Remove(trace)
	if err := os.Remove(c.file()); err != nil {
		return 0, err
	}
	t, _, err := openTerminal(c.w.client("--debug", trace), firstPod, full)
	if err != nil {
		return 0, err
	}
	_, err = t.wait()
	sent, _ := c.w.api.lastAnswer()
	for deadline := time.Now().Add(patience); err == nil && probesIn(trace) < pods; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			err = fmt.Errorf("%d of %d pods were measured", probesIn(trace), pods)
		}
	}
	took := ms(time.Since(sent)) + ms(o.slow)
	return took, errors.Join(err, t.close("q"))
}

// probesIn counts the pods of which a trace tells a probe.
func probesIn(trace string) int {
	text, _ := os.ReadFile(trace) // not there yet: none
	pods := map[string]bool{}
	for line := range bytes.Lines(text) {
		if _, rest, found := bytes.Cut(line, []byte("msg=probed pod=")); found {
			id, _, _ := bytes.Cut(rest, []byte(" "))
			pods[string(id)] = true
		}
	}
	return len(pods)
}
