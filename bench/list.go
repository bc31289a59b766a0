//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// benchList measures the list at size: each frame, the memory, and what an idle list
// costs.
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
	defer func() { err = errorsOf(err, t.close("\x03")) }()
	if _, err := t.wait(); err != nil {
		return nil, err
	}
	for range 2 { // until what was started with the first answer is done
		if err := w.api.nextAnswer(); err != nil {
			return nil, err
		}
	}
	if !o.small() {
		time.Sleep(unattended)
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
		{"filter", []string{"f", "l", "u", "x", "\x15"}}, // a lone escape would wait: it may begin a sequence
	} {
		if pods < 6 {
			break // a move at the end draws nothing
		}
		if f.what == "filter" {
			if err := t.press("/"); err != nil {
				return nil, err
			}
		}
		frame, err := w.frames(t, o, fmt.Sprintf("%s, %d pods", f.what, pods), f.keys...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, frame...)
	}
	rows = append(rows, idle...)
	return append(rows, row{what: fmt.Sprintf("list: memory, %d pods", pods), unit: "MiB", ours: sample{held}, target: atMost(60)}), nil
}

// unattended is after how long podbay takes a list for one that nobody looks at.
const unattended = 35 * time.Second

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
	time.Sleep(time.Duration(o.rounds(60)) * time.Second)
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

// frames measures the frames that keys make, each key for itself, at the pace at which
// a keyboard repeats one: the time until the frame, and the processor time for it.
func (w *world) frames(t *terminal, o options, what string, keys ...string) ([]row, error) {
	took := row{what: "list: " + what, unit: "ms", target: atMost(8), tail: true, note: "from the key to its frame"}
	cost := row{what: "list: " + what + ", processor time", unit: "ms", target: atMost(8), note: "of all threads, from the key to its frame"}
	for range o.rounds(200 / len(keys)) {
		for _, key := range keys {
			time.Sleep(30*time.Millisecond + rand.N(5*time.Millisecond))
			before, err := computed(t.cmd.Process.Pid)
			if err != nil {
				return nil, err
			}
			t.expect("\x1b[")
			began := time.Now()
			if err := t.press(key); err != nil {
				return nil, err
			}
			at, err := t.wait()
			if err != nil {
				return nil, fmt.Errorf("%q: %w", key, err)
			}
			after, err := computed(t.cmd.Process.Pid)
			if err != nil {
				return nil, err
			}
			took.ours = append(took.ours, ms(at.Sub(began))+ms(o.slow))
			cost.ours = append(cost.ours, ms(after-before)+ms(o.slow))
		}
	}
	return []row{took, cost}, nil
}
