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
	// No answer is read meanwhile: its time is none of a key's frame.
	if err := w.api.nextAnswer(); err != nil {
		return nil, err
	}
	w.api.holdBack()
	defer w.api.release()
	time.Sleep(2 * time.Second) // until what the last answer began is done
	for _, f := range []struct {
		what string
		keys []string
	}{
		{"move", []string{"j", "j", "k", "j"}},
		{"sort", []string{"s"}},
		{"filter", []string{"/", "f", "l", "u", "x", "\x1b"}},
	} {
		if pods < 6 {
			break // a move at the end draws nothing
		}
		frame, err := w.frames(t, o, fmt.Sprintf("%s, %d pods", f.what, pods), f.keys...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, frame)
	}
	rows = append(rows, idle...)
	return append(rows, row{what: fmt.Sprintf("list: memory, %d pods", pods), unit: "MiB", ours: sample{held}, target: atMost(60)}), nil
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

// frames measures the processor time of the frames that keys make, each key for
// itself.
func (w *world) frames(t *terminal, o options, what string, keys ...string) (row, error) {
	r := row{what: "list: " + what, unit: "ms", target: atMost(8), tail: true, note: "processor time of all threads, from the key to its frame"}
	for range o.rounds(200 / len(keys)) {
		for _, key := range keys {
			before, err := computed(t.cmd.Process.Pid)
			if err != nil {
				return r, err
			}
			t.expect("\x1b[")
			if err := t.press(key); err != nil {
				return r, err
			}
			if _, err := t.wait(); err != nil {
				return r, fmt.Errorf("%q: %w", key, err)
			}
			after, err := computed(t.cmd.Process.Pid)
			if err != nil {
				return r, err
			}
			r.ours = append(r.ours, ms(after-before)+ms(o.slow))
		}
	}
	return r, nil
}
