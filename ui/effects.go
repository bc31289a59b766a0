package ui

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// effects runs what commands do, so that nothing of it outlives the UI: Bubble
// Tea starts commands and does not wait for them.
type effects struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	closed   bool
	sessions map[session]bool // connected, and neither run nor discarded

	unfinished map[string]bool // what finish is about
	said       []string        // what came of it after the UI's end
	running    sync.WaitGroup
}

func newEffects(ctx context.Context) *effects {
	ctx, cancel := context.WithCancel(ctx)
	return &effects{ctx: ctx, cancel: cancel, sessions: map[session]bool{}, unfinished: map[string]bool{}}
}

// do makes a command of f, whose context ends with the UI. What it returns after
// that is dropped.
func (e *effects) do(f func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !e.begin() {
			return nil
		}
		defer e.running.Done()
		msg := f(e.ctx)
		if e.ctx.Err() != nil {
			return nil
		}
		return msg
	}
}

// finishTime bounds what [effects.finish] goes on with after the UI's end.
const finishTime = 30 * time.Second

// finish makes a command of f, which goes on when the UI ends: what a person
// agreed to must not be given up because they quit at once. What f then says is
// kept for [effects.outcomes].
func (e *effects) finish(doing string, f func(context.Context) (msg tea.Msg, said string)) tea.Cmd {
	return func() tea.Msg {
		if !e.begin() {
			return nil
		}
		defer e.running.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), finishTime)
		defer cancel()
		e.mu.Lock()
		e.unfinished[doing] = true
		e.mu.Unlock()
		msg, said := f(ctx)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.unfinished, doing)
		if e.ctx.Err() != nil {
			e.said = append(e.said, said)
			return nil
		}
		return msg
	}
}

// waitsFor lists what finish goes on with.
func (e *effects) waitsFor() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.unfinished))
}

// outcomes is what was said after the UI's end; complete after close.
func (e *effects) outcomes() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said
}

// after makes a command that returns msg when d is over.
func (e *effects) after(d time.Duration, msg tea.Msg) tea.Cmd {
	return e.do(func(ctx context.Context) tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return msg
		case <-ctx.Done():
			return nil
		}
	})
}

func (e *effects) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.running.Add(1)
	return true
}

// keep remembers a session until it is run or discarded: the reply that carries
// it may never be read.
func (e *effects) keep(s session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sessions[s] = true
}

// take claims a session for running or discarding; one of them gets it.
func (e *effects) take(s session) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	mine := e.sessions[s]
	delete(e.sessions, s)
	return mine
}

// discard makes a command that closes a session which nobody wants any more.
func (e *effects) discard(s session) tea.Cmd {
	if s == nil {
		return nil
	}
	return e.do(func(context.Context) tea.Msg {
		if e.take(s) {
			s.Discard()
		}
		return nil
	})
}

// close ends what runs, waits for it, and discards sessions that were left.
func (e *effects) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.running.Wait()
	for s := range e.sessions {
		s.Discard()
	}
}
