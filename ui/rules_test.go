package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"podbay/manager"
)

func sized(t *testing.T, pods ...manager.Pod) model {
	t.Helper()
	return after(listed(still(t, ""), pods...), tea.WindowSizeMsg{Width: 80, Height: 24})
}

// Update is given each reply of a request that was given up.
func TestStaleRepliesAreDropped(t *testing.T) {
	m := sized(t, somePods()...)
	m = after(m, keys("enter")...)
	old := m.conn.gen
	m = after(m, keys("esc")...)
	s := newFakeSession()
	m.run.keep(s)
	for _, msg := range []tea.Msg{
		dialedMsg{gen: old, session: s},
		dialedMsg{gen: old, err: errors.New("late")},
		stepMsg{gen: old, step: "late", from: newSteps()},
		settledMsg{gen: old},
		endedMsg{gen: old, hand: &handOff{session: s, run: m.run}},
		refreshedMsg{gen: m.refresh.gen - 1, at: noon, listing: manager.Listing{At: noon}},
		probedMsg{gen: m.probe.gen - 1, at: noon, rows: []manager.Pod{{ID: "7f3k2ab9x1", Name: "late"}}},
		loggedInMsg{gen: m.login.gen, err: errors.New("late")},
		hostKeyActedMsg{gen: old, err: errors.New("late")},
	} {
		next := after(m, msg)
		if next.state != home || len(next.pods.Pods()) != 5 || strings.Contains(drawn(t, next), "late") {
			t.Errorf("%T changed the screen:\n%s", msg, drawn(t, next))
		}
	}
}

func TestFailedRefreshKeepsTheListAndTheKeys(t *testing.T) {
	m := sized(t, somePods()...)
	m = failed(after(m, keys("j")...), 14*time.Second)
	view := drawn(t, m)
	if !strings.Contains(view, "as of 14 s ago: RunPod answers 503") || !strings.Contains(view, "▸ beta-community") {
		t.Errorf("got:\n%s", view)
	}
	if m = listed(m, somePods()...); strings.Contains(drawn(t, m), "503") {
		t.Errorf("the error outlives its cause:\n%s", drawn(t, m))
	}
}

// A key that is refused while something is asked does not take the question away.
func TestRejectedKeyWaitsForTheQuestion(t *testing.T) {
	m := after(sized(t, somePods()...), keys("x")...)
	m.refresh.cancel = func() {}
	m = after(m, refreshedMsg{gen: m.refresh.gen, at: noon, err: manager.ErrKeyRejected, next: time.Second})
	if m.state != asking {
		t.Errorf("the state is %d", m.state)
	}
}

// An idle list must not draw: a frame is written when the text changes.
func TestIdleListHasNoClock(t *testing.T) {
	m := sized(t, somePods()...)
	if wait, any := m.nextChange(noon); any {
		t.Errorf("an idle list ticks in %v", wait)
	}
	before := m.View().Content
	for range 3 {
		m.refresh.cancel = func() {}
		m = listed(m, somePods()...)
	}
	if after := m.View().Content; after != before {
		t.Error("the same pods draw another screen")
	}
	if wait, any := failed(m, time.Second).nextChange(noon.Add(1500 * time.Millisecond)); !any || wait != 500*time.Millisecond {
		t.Errorf("the age of a stale list changes in %v, %v", wait, any)
	}
}

// A tick comes when a time on the screen reads otherwise, and not before.
func TestClockTicksWhenATextChanges(t *testing.T) {
	old := after(remembered(t), tea.WindowSizeMsg{Width: 80, Height: 24})
	wait, any := old.nextChange(noon)
	if !any || wait != time.Minute || !strings.Contains(drawn(t, old), "as of 3 h ago") {
		t.Errorf("a list of three hours ago changes in %v, %v:\n%s", wait, any, drawn(t, old))
	}
	if later := after(old, clockMsg{noon.Add(wait)}); !strings.Contains(drawn(t, later), "as of 3 h 1 m ago") {
		t.Errorf("a minute later:\n%s", drawn(t, later))
	}
	dialing := after(old, keys("enter")...)
	if wait, _ := dialing.nextChange(noon); wait != time.Second || !dialing.tickAt.Equal(noon.Add(wait)) {
		t.Errorf("a connection that is made waits %v for the next second; the tick is at %v", wait, dialing.tickAt)
	}
	asking := sized(t, somePods()...)
	asking.refresh.running = true
	if wait, any := asking.nextChange(noon); !any || wait <= asking.tooOld() {
		t.Errorf("the age of a list that is asked for anew appears in %v, %v", wait, any)
	}
}

func TestKeysOfTheReturnAreKept(t *testing.T) {
	for _, stalled := range []bool{false, true} {
		m := sized(t, somePods()...)
		m = after(m, keys("enter")...)
		s := newFakeSession()
		m.run.keep(s)
		m = after(m, dialedMsg{gen: m.conn.gen, session: s})
		m = after(m, keys("j")...) // typed while connecting
		m = after(m, settledMsg{m.conn.gen, 0})
		if m.state != settling {
			t.Fatal("the terminal is handed over while keys arrive")
		}
		m = after(m, settledMsg{m.conn.gen, 1})
		hand := m.conn.hand
		m = after(m, keys("j")...)
		if err := hand.Run(); err != nil {
			t.Fatal(err)
		}
		hand.stalled.Store(stalled)
		m = after(m, keys("j", "j")...) // typed after the shell, before its end is known here
		m = after(m, endedMsg{gen: m.conn.gen, hand: hand})
		p, _ := m.pods.Selected()
		if want := map[bool]string{false: "no-sshd", true: "alpha"}[stalled]; p.Name != want {
			t.Errorf("stalled %v: selected %s, want %s", stalled, p.Name, want)
		}
	}
}

func TestEnterThatTheTerminalTurnedIntoALineFeedCounts(t *testing.T) {
	m := sized(t, somePods()...)
	m = after(m, tea.KeyPressMsg{Code: 'j', Mod: tea.ModCtrl})
	if m.state != dialing {
		t.Errorf("the state is %v, want dialing", m.state)
	}
}

func TestEscPeelsAndNeverQuits(t *testing.T) {
	for _, open := range [][]string{{}, {"?"}, {"d"}, {"d", "?"}, {"x"}, {"/", "a"}, {"/", "a", "enter"}} {
		m := after(sized(t, somePods()...), keys(open...)...)
		for range len(open) + 1 {
			next, cmd := m.Update(keys("esc")[0])
			m = next.(model)
			if quits(cmd) {
				t.Errorf("esc after %v quits", open)
			}
		}
		if m.state != home || len(m.pods.ShortHelp()) == 0 || !strings.Contains(drawn(t, m), "▸ alpha") {
			t.Errorf("esc after %v leads to state %d:\n%s", open, m.state, drawn(t, m))
		}
	}
}

func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, quit := cmd().(tea.QuitMsg)
	return quit
}

func TestCtrlC(t *testing.T) {
	m := sized(t, somePods()...)
	for _, c := range []struct {
		open []string
		quit bool
	}{{nil, true}, {[]string{"?"}, true}, {[]string{"/", "a"}, true}, {[]string{"x"}, false}, {[]string{"enter"}, false}} {
		_, cmd := after(m, keys(c.open...)...).Update(keys("ctrl+c")[0])
		if got := quits(cmd); got != c.quit {
			t.Errorf("ctrl+c after %v quits: %v, want %v", c.open, got, c.quit)
		}
	}
}

func TestCopySaysSo(t *testing.T) {
	m := sized(t, somePods()...)
	next, cmd := m.Update(keys("y")[0])
	if !strings.Contains(drawn(t, next.(model)), "sent to the terminal's clipboard: ssh root@203.0.113.7") {
		t.Error("the copy is not told")
	}
	if got := fmt.Sprint(cmd()); got != "ssh root@203.0.113.7 -p 34446" {
		t.Errorf("copied %q", got)
	}
}

// The manager cleans what comes from outside. Should a name slip through, the
// frame that is written must still hold no control code but styling.
func TestHostileTextWritesNoControlCodes(t *testing.T) {
	evil := "a\x1b]0;title\x07b\x1b[2Jc\x9b31md\re\nf\x00g\u202eh"
	p := somePods()[0]
	p.Name, p.Image, p.GPU, p.Verdict.Sentence, p.Route.Command = evil, evil, evil, evil, evil
	for _, open := range [][]string{{}, {"d"}, {"x"}, {"?"}} {
		m := after(sized(t, p), keys(open...)...)
		m.note = note{"", evil}
		for _, size := range sizes {
			m = after(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			for i, line := range strings.Split(m.View().Content, "\n") {
				if rest := styling(line); strings.ContainsFunc(rest, isControl) {
					t.Errorf("after %v at %v line %d: %q", open, size, i, rest)
				}
			}
		}
	}
}

// styling removes SGR sequences alone.
func styling(s string) string {
	var out strings.Builder
	p := ansi.NewParser()
	var state byte
	for len(s) > 0 {
		seq, _, n, next := ansi.DecodeSequence(s, state, p)
		if !(strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m")) {
			out.WriteString(seq)
		}
		state, s = next, s[n:]
	}
	return out.String()
}

func TestGuard(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                         "plain",
		"a\x1b[1;38:5:147mb\x1b[mc\n":   "a\x1b[1;38:5:147mb\x1b[mc\n",
		"a\x1b[2Jb":                     "a[2Jb",
		"a\x1b]0;t\x07b":                "a]0;tb",
		"a\u009b31mb\x9b5nc\x7fd\r\x00": "a31mb5ncd",
		"\x1b[31":                       "[31",
		"日本\u202e語\u2066 🚀":             "日本語 🚀",
	} {
		if got := guarded(in); got != want {
			t.Errorf("guarded(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzGuard(f *testing.F) {
	f.Add("a\x1b[31mb\x1b]8;;x\x1b\\c\u009bm")
	f.Fuzz(func(t *testing.T, in string) {
		if rest := strings.ReplaceAll(styling(guarded(in)), "\n", ""); strings.ContainsFunc(rest, isControl) {
			t.Errorf("guarded(%q) leaves %q", in, rest)
		}
	})
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }

func BenchmarkKey5000(b *testing.B) {
	var many []manager.Pod
	for i := range 5000 {
		p := somePods()[i%5]
		p.ID, p.Name = fmt.Sprintf("id%05d", i), fmt.Sprintf("%s-%05d", p.Name, i)
		many = append(many, p)
	}
	run := newEffects(b.Context())
	defer run.close()
	m := newModel(&fakeManager{}, Options{Now: func() time.Time { return noon }}, run)
	m = after(m, startMsg{}, tea.WindowSizeMsg{Width: 140, Height: 40})
	m = after(m, refreshedMsg{gen: m.refresh.gen, at: noon, listing: manager.Listing{Pods: many, At: noon}, next: time.Hour})
	typing := after(m, keys("/", "a")...)
	for name, one := range map[string]func(){
		"move":   func() { m = after(m, keys("j")...); _ = m.View() },
		"filter": func() { _ = after(typing, keys("l")...).View() },
		"sort":   func() { m = after(m, keys("s")...); _ = m.View() },
		"probed": func() {
			m = after(m, probedMsg{gen: m.probe.gen, at: noon, rows: many[:100], from: nil})
			_ = m.View()
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				one()
			}
		})
	}
}
