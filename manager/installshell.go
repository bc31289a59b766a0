package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"podbay/cleantext"
	"podbay/sshconn"
)

const (
	// quiet is how long the far side must have printed nothing to be taken as
	// waiting at a prompt: in the middle of a line, as prompts leave the cursor,
	// and after a finished line, which may be a greeting that goes before one.
	quiet     = 500 * time.Millisecond
	quietLine = 2 * time.Second
	// maxScreen is how much of what the far side prints is kept, the latest.
	maxScreen = 64 << 10
)

// typeInto opens a shell, waits for its prompt, types the command once and waits
// for the sentinel. It types nothing else, whatever comes.
func (in *installing) typeInto(ctx context.Context, conn *sshconn.Conn) error {
	in.proxy.progress("opening a shell")
	bounded, cancel := context.WithTimeout(ctx, in.forPrompt)
	defer cancel()
	// A dumb terminal keeps shells from drawing, and a line this wide from being
	// wrapped in the middle of the command.
	shell, err := conn.Shell(bounded, sshconn.PTY{Term: "dumb", Size: sshconn.WindowSize{Cols: 1000, Rows: 50}})
	if err != nil {
		return fmt.Errorf("nothing was typed: %w", err)
	}
	screen := newScreen()
	var readers sync.WaitGroup
	readers.Go(func() { _, _ = io.Copy(io.Discard, shell.Stderr()) })
	readers.Go(func() {
		defer close(screen.ended)
		_, _ = io.Copy(screen, shell.Stdout())
	})
	defer func() {
		_ = shell.Close()
		_ = conn.Close() // ends the readers, also when the far side does not answer
		readers.Wait()
	}()

	in.proxy.progress("waiting for the shell's prompt")
	if err := screen.awaitPrompt(ctx, in.forPrompt); err != nil {
		return fmt.Errorf("nothing was typed: %w", err)
	}
	in.proxy.progress("typing the command")
	screen.clear()
	// Beside the wait: a far side that reads nothing would hold it up. That the
	// connection has ended is seen by the readers.
	readers.Go(func() { _, _ = io.WriteString(shell.Stdin(), in.req.Command+"\r") })
	return screen.awaitSentinel(ctx, in.want, in.forAnswer)
}

// screen collects what the far side prints.
type screen struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // holds one: something was printed since it was last taken
	ended   chan struct{} // closed when nothing more can come
}

func newScreen() *screen {
	return &screen{changed: make(chan struct{}, 1), ended: make(chan struct{})}
}

// Write keeps the latest of what is printed.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.text = append(s.text, p...)
	if over := len(s.text) - maxScreen; over > 0 {
		s.text = append(s.text[:0], s.text[over:]...)
	}
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *screen) read() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.text)
}

func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = nil
}

// seen is the end of what was printed, for a sentence.
func (s *screen) seen() string {
	const lines, cells = 4, 100
	all := cleantext.Block(strings.ReplaceAll(string(s.read()), "\r", ""), 0, cells)
	if len(all) == 0 {
		return "it printed nothing"
	}
	return fmt.Sprintf("the last it printed is %q", strings.Join(all[max(0, len(all)-lines):], " | "))
}

// awaitPrompt waits until the far side has printed something and then fallen
// silent, as a shell does at its prompt.
func (s *screen) awaitPrompt(ctx context.Context, patience time.Duration) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	silence := time.NewTimer(quiet)
	silence.Stop()
	defer silence.Stop()
	for {
		select {
		case <-s.changed:
			if wait, any := s.silence(); any {
				silence.Reset(wait)
			}
		case <-silence.C:
			if fullScreen(s.read()) {
				return errors.New("a full-screen program answers in place of a shell prompt; use the pod's web terminal")
			}
			return nil
		case <-s.ended:
			return fmt.Errorf("the far side ended the shell at once: %s", s.seen())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			return fmt.Errorf("no shell prompt came in %s: %s; use the pod's web terminal", patience, s.seen())
		}
	}
}

// silence is how long what was printed must stand to be taken for a prompt; any
// is false when there is nothing to see yet.
func (s *screen) silence() (wait time.Duration, any bool) {
	text := s.read()
	switch {
	case len(cleantext.Block(string(text), 1, 1)) == 0:
		return 0, false
	case bytes.HasSuffix(text, []byte("\n")):
		return quietLine, true
	}
	return quiet, true
}

// fullScreen reports whether the alternate screen is shown: what is typed then
// goes to an editor or a multiplexer.
func fullScreen(text []byte) bool {
	last := func(final string) int {
		at := -1
		for _, mode := range []string{"47", "1047", "1049"} {
			at = max(at, bytes.LastIndex(text, []byte("\x1b[?"+mode+final)))
		}
		return at
	}
	return last("h") > last("l")
}

// awaitSentinel waits for what only a shell that ran the command prints.
func (s *screen) awaitSentinel(ctx context.Context, want sentinel, patience time.Duration) error {
	printed := want.printed()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	over, why := false, ""
	for {
		if match := printed.FindSubmatch(s.read()); match != nil {
			if status := string(match[1]); status != "0" {
				return fmt.Errorf("the shell ran the command, which failed with status %s: %s", status, s.seen())
			}
			return nil
		}
		if over {
			return fmt.Errorf("the command was typed, and %s: %s; whether the key was added is not known: try a login, or use the pod's web terminal", why, s.seen())
		}
		select {
		case <-s.changed:
		case <-s.ended:
			over, why = true, "the connection ended before the shell confirmed it"
		case <-deadline.C:
			over, why = true, fmt.Sprintf("no shell confirmed it in %s", patience)
		case <-ctx.Done():
			return fmt.Errorf("cancelled after the command was typed; whether the key was added is not known: %w", context.Cause(ctx))
		}
	}
}
