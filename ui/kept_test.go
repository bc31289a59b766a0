package ui

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
)

func TestKeptShellsAreAskedAbout(t *testing.T) {
	for key, want := range map[string]manager.KeepAnswer{"enter": manager.KeepYes, "n": manager.KeepNo} {
		t.Run(key, func(t *testing.T) {
			s := newFakeSession()
			f := &fakeManager{connect: func(_ context.Context, req manager.ConnectRequest) (session, error) {
				if req.Keep == "" {
					return nil, &manager.KeepWanted{Pod: somePods()[0]}
				}
				return s, nil
			}}
			p := start(t, f)
			p.sees("alpha")
			p.keys("enter")
			p.sees("Keep shells on alpha alive?")
			p.keys(key)
			closed(t, "the session", s.ran)
			f.mu.Lock()
			defer f.mu.Unlock()
			if got := f.requests[len(f.requests)-1]; got.Keep != want || got.PodID != somePods()[0].ID {
				t.Errorf("asked for %+v", got)
			}
		})
	}
}

// keptList is an account with a shell that was left on alpha.
func keptList(line manager.KeptLine) *fakeManager {
	return &fakeManager{kept: 1, refresh: func(context.Context) (manager.Listing, error) {
		pods := somePods()
		pods[0].Kept = manager.Kept{Since: noon, Line: line}
		return manager.Listing{Pods: pods, At: noon}, nil
	}}
}

func TestTheListMarksKeptShells(t *testing.T) {
	for line, words := range map[manager.KeptLine]string{
		manager.KeptConnected: "connected; enter comes back to it",
		manager.KeptLineLost:  "its connection is lost",
		manager.KeptLeft:      "if it still runs",
	} {
		t.Run(string(line), func(t *testing.T) {
			p := start(t, keptList(line))
			p.sees("▸ ◂ alpha")
			p.sees("◂ 1 kept")
			p.sees("enter come back")
			p.sees(words)
		})
	}
}

func TestQuittingWithKeptShellsAsks(t *testing.T) {
	for _, quit := range []string{"q", "ctrl+c"} {
		t.Run(quit, func(t *testing.T) {
			p := start(t, keptList(manager.KeptConnected))
			p.sees("◂ 1 kept")
			p.keys(quit)
			p.sees("Quit podbay?")
			p.keys("enter") // to stay is chosen
			p.sees("◂ 1 kept")
			p.keys(quit)
			p.sees("Quit podbay?")
			p.keys(quit) // ctrl+c leaves the question, and q is no answer
			if quit == "ctrl+c" {
				p.sees("◂ 1 kept")
				p.keys(quit)
			}
			p.sees("Quit podbay?")
			p.keys("y")
			p.WaitFinished(t)
		})
	}
}

// The demo's pods end with it: to quit does not promise that a shell outlives it there.
func TestQuittingTheDemoPromisesNothing(t *testing.T) {
	for ends, want := range map[bool]string{false: "The next podbay comes back", true: "only until the demo ends"} {
		run := newEffects(context.Background())
		defer run.close()
		m := newModel(keptList(manager.KeptConnected), Options{Ends: ends, Open: nobrowser, Now: func() time.Time { return noon }}, run)
		m = listed(after(m, startMsg{}, tea.WindowSizeMsg{Width: 80, Height: 24}), somePods()...)
		m = after(m, keys("q")...)
		if text := drawn(t, m); !strings.Contains(text, want) {
			t.Errorf("the pods end with podbay: %v:\n%s", ends, text)
		}
	}
}
