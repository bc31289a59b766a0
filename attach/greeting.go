package attach

import (
	"sync"
	"time"
)

const (
	greetingMost = 4 << 10
	greetingTime = 10 * time.Second
)

// greeting keeps what a session prints of itself: until somebody types into it, or
// greetingTime has passed. A shell that ends at once says why there and nowhere
// else. Later output is a person's work, and none of it is kept.
type greeting struct {
	mu    sync.Mutex
	began time.Time
	text  []byte
	typed bool
}

func (g *greeting) heard(p []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.began.IsZero() {
		g.began = time.Now()
	}
	if g.typed || time.Since(g.began) > greetingTime {
		g.forget()
		return
	}
	g.text = append(g.text, p[:min(len(p), greetingMost-len(g.text))]...)
}

// answered says that something was typed.
func (g *greeting) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.typed = true
	g.forget()
}

func (g *greeting) forget() {
	clear(g.text)
	g.text = nil
}

// told is what was kept, and whether something was typed.
func (g *greeting) told() (text string, typed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.began) > greetingTime {
		g.forget()
	}
	return string(g.text), g.typed
}
