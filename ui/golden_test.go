package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

func nobrowser(string) error { return nil }

// still is a model whose commands are never run, at noon.
func still(t *testing.T, title string) model {
	t.Helper()
	run := newEffects(context.Background())
	t.Cleanup(run.close)
	m := newModel(&fakeManager{}, Options{Title: title, Open: nobrowser, Now: func() time.Time { return noon }}, run)
	m.hold.pause = 0
	return after(m, startMsg{})
}

func after(m model, msgs ...tea.Msg) model {
	for _, msg := range msgs {
		next, _ := m.Update(msg)
		m = next.(model)
	}
	return m
}

func keys(list ...string) []tea.Msg {
	named := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "down": tea.KeyDown}
	var out []tea.Msg
	for _, k := range list {
		switch code, ok := named[k]; {
		case ok:
			out = append(out, tea.KeyPressMsg{Code: code})
		case k == "ctrl+c":
			out = append(out, tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
		default:
			out = append(out, tea.KeyPressMsg{Code: []rune(k)[0], Text: k})
		}
	}
	return out
}

func listed(m model, pods ...manager.Pod) model {
	return after(m, refreshedMsg{gen: m.refresh.gen, at: noon, listing: manager.Listing{Pods: pods, At: noon}, next: 5 * time.Second})
}

func failed(m model, later time.Duration) model {
	m.refresh.cancel = func() {}
	return after(m, refreshedMsg{gen: m.refresh.gen, at: noon.Add(later), err: errors.New("RunPod answers 503: it will be asked again"), next: 5 * time.Second})
}

// remembered is the list of a run three hours ago, before RunPod has answered.
func remembered(t *testing.T) model {
	t.Helper()
	m := still(t, "")
	m.recalling = true
	listing, ok := (&fakeManager{last: somePods()}).LastList()
	return m.remembered(recalledMsg{listing, ok})
}

var sizes = [][2]int{{80, 24}, {140, 40}, {60, 15}, {40, 10}, {39, 9}}

func TestScreens(t *testing.T) {
	full := func(t *testing.T) model { return listed(still(t, ""), somePods()...) }
	for name, build := range map[string]func(*testing.T) model{
		"loading":           func(t *testing.T) model { return still(t, "") },
		"never-loaded":      func(t *testing.T) model { return failed(still(t, ""), 0) },
		"remembered":        func(t *testing.T) model { return remembered(t) },
		"remembered-failed": func(t *testing.T) model { return failed(remembered(t), 2*time.Second) },
		"empty":             func(t *testing.T) model { return listed(still(t, "")) },
		"list":              func(t *testing.T) model { return listed(still(t, "demo: this machine"), somePods()...) },
		"stale":             func(t *testing.T) model { return failed(full(t), 14*time.Second) },
		"old":               func(t *testing.T) model { return after(full(t), clockMsg{noon.Add(14 * time.Second)}) },
		"filter":            func(t *testing.T) model { return after(full(t), keys("/", "b", "e")...) },
		"no-match":          func(t *testing.T) model { return after(full(t), keys("/", "q", "q", "q")...) },
		"stopped":           func(t *testing.T) model { return after(full(t), keys("G")...) },
		"details":           func(t *testing.T) model { return after(full(t), keys("d")...) },
		"stop":              func(t *testing.T) model { return after(full(t), keys("x")...) },
		"start":             func(t *testing.T) model { return planned(full(t)) },
		"waiting": func(t *testing.T) model {
			m := after(planned(full(t)), keys("y")...)
			return after(m, workStepMsg{gen: m.work.gen, step: "STARTING; pulling image runpod/pytorch:2.8.0", from: newSteps()}, clockMsg{noon.Add(12 * time.Second)})
		},
		"checking": func(t *testing.T) model {
			return after(after(full(t), keys("c")...), clockMsg{noon.Add(2 * time.Second)})
		},
		"checked": func(t *testing.T) model {
			m := after(full(t), keys("c")...)
			return after(m, checkedMsg{gen: m.work.gen, check: found(mode)})
		},
		"forbidden": func(t *testing.T) model {
			m := still(t, "")
			return after(m, refreshedMsg{gen: m.refresh.gen, at: noon, err: manager.ErrForbidden, next: 5 * time.Second})
		},
		"no-way-in": func(t *testing.T) model { return after(full(t), keys("j", "j", "enter")...) },
		"help":      func(t *testing.T) model { return after(full(t), keys("?")...) },
		"connecting": func(t *testing.T) model {
			m := after(full(t), keys("enter")...)
			return after(m, stepMsg{gen: m.conn.gen, step: "connecting to 203.0.113.7:34446", from: newSteps()}, clockMsg{noon.Add(3 * time.Second)})
		},
		"ended": func(t *testing.T) model {
			m := full(t)
			m.note = note{doctor.ToneWarn, "alpha: connection lost after 4 m: no answer from 203.0.113.7:34446 for 30 s"}
			return after(m, clockMsg{noon})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			m := build(t)
			for _, size := range sizes {
				m = after(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				fmt.Fprintf(&out, "== %d×%d\n%s\n", size[0], size[1], drawn(t, m))
			}
			golden.RequireEqual(t, []byte(out.String()))
		})
	}
}

// planned asks whether the stopped pod is to be started.
func planned(m model) model {
	m = after(m, keys("G", "enter")...)
	plan, _ := starting(manager.RemedyRequest{PodID: "x0x0x0x0x0", Verdict: m.exam.finding.Verdict, Action: doctor.ActStart})
	return after(m, plannedMsg{gen: m.work.gen, plan: plan})
}

// drawn returns the screen without styling, and checks that it fits and that
// styling is the only control code in it.
func drawn(t *testing.T, m model) string {
	t.Helper()
	view := m.View()
	if !view.AltScreen {
		t.Error("the screen is not on the alternate screen")
	}
	text := ansi.Strip(view.Content)
	lines := strings.Split(text, "\n")
	if len(lines) > m.height {
		t.Errorf("%d lines on %d", len(lines), m.height)
	}
	for i, line := range lines {
		if w := screen.Width(line); w > m.width {
			t.Errorf("line %d has %d cells of %d: %q", i, w, m.width, line)
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }) {
		t.Errorf("a control code is drawn: %q", text)
	}
	return strings.Join(lines, "\n")
}
