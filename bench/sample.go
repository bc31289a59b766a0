//go:build unix

package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// sample is what one subject gave, a value a run.
type sample []float64

// quantile is the value below which the share q of the sample lies.
func (s sample) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

func (s sample) median() float64 { return s.quantile(0.5) }

// spread is the middle half of the sample.
func (s sample) spread() (low, high float64) { return s.quantile(0.25), s.quantile(0.75) }

// subject is one way to do what a bench measures.
type subject struct {
	name string
	run  func() (value float64, err error)
}

// The names of the subjects.
const (
	ours    = "podbay"
	openSSH = "OpenSSH"
)

// inTurns runs the subjects alternately, each first as often as every other, and
// throws the first warmup rounds away.
func inTurns(rounds, warmup int, subjects ...subject) (map[string]sample, error) {
	samples := map[string]sample{}
	for round := range warmup + rounds {
		for i := range subjects {
			s := subjects[(i+round)%len(subjects)]
			value, err := s.run()
			if err != nil {
				return nil, fmt.Errorf("%s, run %d: %w", s.name, round+1, err)
			}
			if round >= warmup {
				samples[s.name] = append(samples[s.name], value)
			}
		}
	}
	return samples, nil
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
