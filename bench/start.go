//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// benchStart measures from exec to the first whole frame, which the list of the
// run before fills, and from RunPod's answer to the frame that shows it.
func benchStart(w *world, o options) (rows []row, err error) {
	for _, c := range []struct {
		pods          int
		frame, answer float64
	}{{3, 30, 5}, {5000, 60, 50}} {
		more, err := w.benchStart(o, c.pods, c.frame, c.answer)
		if err != nil {
			return nil, fmt.Errorf("%d pods: %w", c.pods, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (w *world) benchStart(o options, pods int, frame, answer float64) (rows []row, err error) {
	crowd, err := w.newCrowd(manyPods(pods), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errorsOf(err, crowd.end()) }()
	var answers sample
	samples, err := inTurns(o.rounds(21), o.warmup(3), subject{ours, func() (float64, error) {
		drawn, answered, err := crowd.startOnce(o)
		answers = append(answers, ms(answered))
		return ms(drawn), err
	}})
	return []row{
		{what: fmt.Sprintf("start: exec to the first whole frame, %d pods", pods), unit: "ms", ours: samples[ours], target: atMost(frame),
			note: "the list of the run before; RunPod does not answer meanwhile"},
		{what: fmt.Sprintf("start: RunPod's answer to its frame, %d pods", pods), unit: "ms", ours: answers[min(o.warmup(3), len(answers)):], target: atMost(answer),
			note: "from when the last byte of the answer was handed to the kernel"},
	}, err
}

// startOnce starts podbay while RunPod does not answer, then has it answer.
func (c *crowd) startOnce(o options) (drawn, answered time.Duration, err error) {
	if err := c.recall(); err != nil {
		return 0, 0, err
	}
	c.w.api.holdBack()
	defer c.w.api.release()
	t, began, err := openSlow(ours, c.w.client(), o, "as of", firstPod, full)
	if err != nil {
		return 0, 0, err
	}
	at, err := t.wait()
	if err != nil {
		return 0, 0, errorsOf(err, t.close(""))
	}
	c.w.api.rename(firstPod, otherName)
	defer c.w.api.rename(otherName, firstPod)
	t.expect(otherName)
	time.Sleep(rand.N(100 * time.Millisecond)) // RunPod is further away than loopback
	c.w.api.release()
	seen, err := t.wait()
	sent, _ := c.w.api.lastAnswer()
	return at.Sub(began), seen.Sub(sent) + o.slow, errorsOf(err, t.close("q"))
}
