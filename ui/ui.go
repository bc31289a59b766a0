// Package ui is podbay's terminal UI: the root model that routes between the
// screens, decides what their intents lead to, and hands the terminal to a
// session and takes it back.
//
// Update does no I/O. Side effects happen in commands, which write no model;
// their replies carry the request that they answer, and a reply to a request
// that was given up is dropped.
package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
)

// Manager is what the UI needs of the use cases; a [manager.Manager] is one, and
// describes each method.
type Manager interface {
	backend
	Connect(ctx context.Context, req manager.ConnectRequest) (*manager.Session, error)
}

// backend is what the root model calls.
type backend interface {
	LastList() (manager.Listing, bool)
	Refresh(ctx context.Context) (manager.Listing, error)
	Probe(ctx context.Context, pods []manager.Pod) <-chan manager.Pod
	Preconnect(ctx context.Context, podID string)
	PollInterval() time.Duration
	Stop(ctx context.Context, podID string) error
	hostKeyWork
	Login(ctx context.Context, key string) error
	Account() manager.Account
	remedies
	KeptShells() int
	keyWork
}

// remedies is what the check-up of a pod needs of the use cases.
type remedies interface {
	CheckUp(ctx context.Context, req manager.CheckUpRequest) manager.CheckUp
	PlanRemedy(ctx context.Context, req manager.RemedyRequest) (manager.RemedyPlan, error)
	CarryOut(ctx context.Context, plan manager.RemedyPlan, passphrases map[string][]byte, step func(string)) (manager.RemedyDone, error)
}

// hostKeyWork is what a user agrees to by typing a pod's name.
type hostKeyWork interface {
	ForgetHostKey(ctx context.Context, podID, shown string) error
	TrustAgainstLog(ctx context.Context, podID, shown string) error
}

// dialer is the backend that also connects, to whatever can be run as a session.
type dialer interface {
	backend
	dial(ctx context.Context, req manager.ConnectRequest) (session, error)
}

// session is a connection that is ready for a shell. It is run once, or
// discarded.
type session interface {
	tea.ExecCommand
	Ended() manager.Ended
	Discard()
}

// using makes a dialer of a Manager.
type using struct{ Manager }

func (u using) dial(ctx context.Context, req manager.ConnectRequest) (session, error) {
	s, err := u.Connect(ctx, req)
	if s == nil {
		return nil, err // a nil interface, not a nil pointer in one
	}
	return s, err
}

// Options says what the UI runs on.
type Options struct {
	Manager Manager
	In      *os.File            // a terminal; nil means standard input
	Out     *os.File            // a terminal; nil means standard output
	Getenv  func(string) string // tells of colours and the terminal; nil means os.Getenv
	Title   string              // a badge in the header: "demo: this machine"; "" for none
	Keys    bool                // open the key wizard as soon as RunPod has answered
	Ends    bool                // the pods end with the UI, as the demo's do
	// Open shows a page to the user; nil means in the browser, where there is one.
	Open func(address string) error
	Now  func() time.Time // nil means time.Now
}

// env tells of the environment.
func (o Options) env() func(string) string {
	if o.Getenv == nil {
		return os.Getenv
	}
	return o.Getenv
}

// Run shows the UI until the user quits or ctx ends, and puts the terminal back.
// The process's signals stay the caller's: it must drop SIGINT and end ctx on
// SIGTERM and SIGHUP. While a session owns the terminal Run returns only after
// it; a session watches for those signals by itself. When ctx ended, its cause
// is returned.
func Run(ctx context.Context, opts Options) error {
	run := newEffects(ctx)
	defer farewell(run, opts.Out)
	m := newModel(using{opts.Manager}, opts, run)
	m.recalling = true
	parker := newParker(opts.Out)
	p := tea.NewProgram(newParkedModel(m, parker), programOptions(opts, parker)...)
	parker.begin(p)
	quitting := quitAfter(ctx, p)
	_, err := p.Run()
	quitting()
	parker.end()
	switch {
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("the UI failed, which is a bug of podbay: %w", err)
	case err != nil:
		return fmt.Errorf("terminal UI: %w", err)
	}
	return context.Cause(ctx)
}

// farewell waits for what goes on after the UI and says what came of it.
func farewell(run *effects, out *os.File) {
	if out == nil {
		out = os.Stdout
	}
	for _, doing := range run.waitsFor() {
		fmt.Fprintln(out, doing+"…")
	}
	run.close()
	for _, said := range run.outcomes() {
		fmt.Fprintln(out, said)
	}
}

// quitAfter quits p when ctx ends, as a key would: tea.WithContext would kill it,
// which leaves a read of the input behind. What is returned ends the waiting.
func quitAfter(ctx context.Context, p *tea.Program) (end func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			p.Quit()
		case <-over:
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// terminalVars are the variables that Bubble Tea decides by.
var terminalVars = [...]string{
	"TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_FORCE",
	"TMUX", "SSH_TTY", "WT_SESSION", "GOOGLE_CLOUD_SHELL", "COLUMNS", "LINES",
}

// framesPerSecond is the most that Bubble Tea draws. Nearly all frames are drawn when
// they are made, since the renderer was parked; those that follow fast wait for the
// next tick.
const framesPerSecond = 120

func programOptions(opts Options, parker *parker) []tea.ProgramOption {
	out := []tea.ProgramOption{
		tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond), tea.WithOutput(parker), tea.WithFilter(parker.filter),
	}
	if opts.In != nil {
		out = append(out, tea.WithInput(opts.In))
	}
	if opts.Getenv != nil {
		var environ []string
		for _, name := range terminalVars {
			if value := opts.Getenv(name); value != "" {
				environ = append(environ, name+"="+value)
			}
		}
		out = append(out, tea.WithEnvironment(environ))
	}
	return out
}
