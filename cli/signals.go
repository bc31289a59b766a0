package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals owns the process's signals: SIGTERM and SIGHUP end the command's
// context, so that whatever runs puts the terminal in order and returns. SIGINT
// does so too, but for the terminal UI, which reads ctrl+c as a key and must not
// end by one that the terminal turned into a signal during a hand-off.
type signals struct {
	received chan os.Signal
	quit     chan struct{}
	done     sync.WaitGroup
	cancel   context.CancelCauseFunc

	mu        sync.Mutex
	keepOnInt bool
	ended     os.Signal
}

func ownSignals(parent context.Context) (context.Context, *signals) {
	ctx, cancel := context.WithCancelCause(parent)
	s := &signals{received: make(chan os.Signal, 4), quit: make(chan struct{}), cancel: cancel}
	signal.Notify(s.received, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader that left must not end the process before it has cleaned up: the
	// write's error does.
	signal.Ignore(syscall.SIGPIPE)
	s.done.Go(s.listen)
	return ctx, s
}

func (s *signals) listen() {
	for {
		select {
		case <-s.quit:
			return
		case sig := <-s.received:
			s.mu.Lock()
			ends := sig != os.Interrupt || !s.keepOnInt
			if ends && s.ended == nil {
				s.ended = sig
			}
			s.mu.Unlock()
			if ends {
				s.cancel(fmt.Errorf("ended by signal: %v", sig))
			}
		}
	}
}

// dropInterrupts makes SIGINT do nothing from now on.
func (s *signals) dropInterrupts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepOnInt = true
}

func (s *signals) stop() {
	signal.Stop(s.received)
	close(s.quit)
	s.done.Wait()
	s.cancel(nil)
}

// exitCode is 128+n when signal n ended the command.
func (s *signals) exitCode() (code int, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number, ok := s.ended.(syscall.Signal); ok {
		return 128 + int(number), true
	}
	return 0, false
}
