//go:build unix

package main

import (
	"fmt"
	"time"
)

// benchList measures the list at size: the processor time of each frame, the
// memory, and what an idle list costs.
func benchList(w *world, o options) (rows []row, err error) {
	for _, pods := range []int{3, 5000} {
		more, err := w.benchList(o, pods)
		if err != nil {
			return nil, fmt.Errorf("%d pods: %w", pods, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (w *world) benchList(o options, pods int) (rows []row, err error) {
	crowd, err := w.newCrowd(manyPods(pods), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errorsOf(err, crowd.end()) }()
	t, _, err := openTerminal(w.client(), firstPod, full)
	if err != nil {
		return nil, err
	}
	defer func() { err = errorsOf(err, t.close("q")) }()
	if _, err := t.wait(); err != nil {
		return nil, err
	}
	for range 2 { // until what was started with the first answer is done
		if err := w.api.nextAnswer(); err != nil {
			return nil, err
		}
	}
	idle, err := w.idle(t, o)
	if err != nil {
		return nil, err
	}
	for i := range idle {
		idle[i].what += fmt.Sprintf(", %d pods", pods)
	}
	held, err := resident(t.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return append(idle, row{what: fmt.Sprintf("list: memory, %d pods", pods), unit: "MiB", ours: sample{held}, target: atMost(60)}), nil
}

// idle watches a list on which nothing changes.
func (w *world) idle(t *terminal, o options) ([]row, error) {
	pid := t.cmd.Process.Pid
	before, err := computed(pid)
	if err != nil {
		return nil, err
	}
	_, reads := t.taken()
	_, asked := w.api.lastAnswer()
	began := time.Now()
	time.Sleep(time.Duration(o.rounds(20)) * time.Second)
	took := time.Since(began)
	after, err := computed(pid)
	if err != nil {
		return nil, err
	}
	_, readsAfter := t.taken()
	_, askedAfter := w.api.lastAnswer()
	return []row{
		{what: "list: frames drawn while idle", unit: "frames", ours: sample{float64(readsAfter - reads)}, target: atMost(0),
			note: fmt.Sprintf("in %s, with %d answers of RunPod that changed nothing", took.Round(time.Second), askedAfter-asked)},
		{what: "list: processor while idle", unit: "%", ours: sample{100 * float64(after-before) / float64(took)}, target: atMost(0.1)},
	}, nil
}
