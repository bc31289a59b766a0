//go:build unix

package main

import (
	"bytes"
	"slices"
	"strconv"
	"time"
)

// movingList is a list of pods whose measures move with each answer, as RunPod's do.
type movingList struct {
	text    []byte
	made    time.Time
	numbers []movingNumber
}

type movingNumber struct {
	begin, end int // in text
	value      int
	uptime     bool // else a share in percent
}

func newMovingList(text []byte) movingList {
	l := movingList{text: text, made: time.Now()}
	for _, name := range []string{"uptime", "util", "memoryUtil"} {
		l.find(name)
	}
	slices.SortFunc(l.numbers, func(a, b movingNumber) int { return a.begin - b.begin })
	return l
}

func (l *movingList) find(name string) {
	member := []byte(`"` + name + `":`)
	for at := 0; ; {
		next := bytes.Index(l.text[at:], member)
		if next < 0 {
			break
		}
		begin := at + next + len(member)
		end := begin
		for l.text[end] >= '0' && l.text[end] <= '9' {
			end++
		}
		value, _ := strconv.Atoi(string(l.text[begin:end]))
		l.numbers, at = append(l.numbers, movingNumber{begin, end, value, name == "uptime"}), end
	}
}

// now is the list as it reads at the n-th answer.
func (l movingList) now(n int) []byte {
	passed := int(time.Since(l.made) / time.Second)
	text, at := make([]byte, 0, len(l.text)+2*len(l.numbers)), 0
	for i, number := range l.numbers {
		value := number.value + passed
		if !number.uptime {
			value = (number.value + 7*i + 13*n) % 101
		}
		text = strconv.AppendInt(append(text, l.text[at:number.begin]...), int64(value), 10)
		at = number.end
	}
	return append(text, l.text[at:]...)
}
