package ui

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

// found is a check-up of alpha that says v.
func found(v doctor.Verdict) manager.CheckUp {
	p := somePods()[0]
	p.Verdict = v
	return manager.CheckUp{Pod: p, Verdict: v, Evidence: []manager.Evidence{{By: "the server", What: "refused the login"}}}
}

// always checks up alpha with v.
func always(v doctor.Verdict) func(context.Context, manager.CheckUpRequest) manager.CheckUp {
	return func(context.Context, manager.CheckUpRequest) manager.CheckUp { return found(v) }
}

func TestCheckUpFromTheListAndTheDetails(t *testing.T) {
	v := doctor.Verdict{ID: doctor.KeyRefused, Tone: doctor.ToneBad, Word: "key refused 0s", Sentence: "The pod refused the key.", Remedy: "Add the key.", Action: doctor.ActAddKey, Shell: true}
	var asked atomic.Bool
	f := &fakeManager{}
	f.check = func(context.Context, manager.CheckUpRequest) manager.CheckUp {
		asked.Store(true)
		return found(v)
	}
	f.refresh = func(context.Context) (manager.Listing, error) {
		l := manager.Listing{Pods: somePods(), At: noon}
		if asked.Load() {
			l.Pods[0] = found(v).Pod
		}
		return l, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("The pod refused the key.")
	p.sees("the server: refused the login")
	p.sees("[ a Add the key to the pod ]")
	p.keys("esc")
	p.sees("✕ key refused 0s") // the row says the same
	p.keys("d", "c")
	p.sees("What was seen")
	p.keys("esc")
	p.sees("back to the list")
	p.keys("esc")
	p.sees("▸ alpha")
}

func TestADeclinedQuestionGoesBackToTheCheckUp(t *testing.T) {
	v := doctor.Verdict{ID: doctor.KeyRefused, Tone: doctor.ToneBad, Sentence: "The pod refused the key.", Action: doctor.ActRetry}
	f := &fakeManager{check: always(v)}
	f.connect = func(context.Context, manager.ConnectRequest) (session, error) {
		pod := found(v).Pod
		return nil, &manager.HostKeyUnknown{Pod: pod, Addr: pod.Route.Addr, KeyType: "ED25519", Fingerprint: "SHA256:abc"}
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("The pod refused the key.")
	p.keys("r")
	p.sees("SHA256:abc")
	p.keys("esc")
	p.sees("The pod refused the key.")
	p.keys("esc")
	p.sees("▸ alpha")
}

func TestCheckUpIsGivenUp(t *testing.T) {
	for _, key := range []string{"esc", "ctrl+c"} {
		t.Run(key, func(t *testing.T) {
			begun, ended := make(chan struct{}), make(chan struct{})
			f := &fakeManager{check: func(ctx context.Context, _ manager.CheckUpRequest) manager.CheckUp {
				close(begun)
				<-ctx.Done()
				close(ended)
				return found(doctor.Verdict{ID: doctor.Ready, Sentence: "Too late."})
			}}
			p := start(t, f)
			p.sees("▸ alpha")
			p.keys("c")
			closed(t, "the check-up", begun)
			p.sees("alpha: looking at what is in the way")
			p.sees("esc give up waiting")
			p.keys("j", "x", "enter", key)
			p.sees("alpha: the check-up was given up")
			closed(t, "its end", ended)
			p.sees("▸ alpha")
			if strings.Contains(p.drawn(), "Too late.") {
				t.Error("what came too late is shown")
			}
		})
	}
}

func TestASessionThatEndsWronglyIsAScreen(t *testing.T) {
	s := newFakeSession()
	s.ended = manager.Ended{PodName: "alpha", Status: 255, Sentence: "alpha: the pod refused a terminal",
		Verdict: doctor.Verdict{ID: doctor.PTYRefused, Tone: doctor.ToneBad, Sentence: "The pod took the login and refused a terminal (PTY).", Action: doctor.ActConsole}}
	p := start(t, &fakeManager{connect: func(context.Context, manager.ConnectRequest) (session, error) { return s, nil }})
	p.sees("▸ alpha")
	p.keys("enter")
	closed(t, "the session", s.ran)
	p.sees("The shell on alpha")
	p.sees("refused a terminal (PTY)")
	p.sees("o Open RunPod's console")
	p.keys("enter")
	p.sees("▸ alpha")
}

// Keys that were typed ahead must not choose a remedy.
func TestACheckUpTakesNoKeyBeforeItWasRead(t *testing.T) {
	m := sized(t, somePods()...)
	m.hold.pause = time.Second
	m = after(m, keys("c")...)
	m = after(m, checkedMsg{gen: m.work.gen, check: found(mode)})
	if m = after(m, keys("m", "r", "enter")...); m.state != asking {
		t.Errorf("a key led to state %d", m.state)
	}
	if m = after(m, append([]tea.Msg{releaseMsg{m.hold.gen}}, keys("m")...)...); m.state != waiting {
		t.Errorf("m leads to state %d", m.state)
	}
}

func TestAnAccountThatCannotBeAsked(t *testing.T) {
	m := still(t, "")
	m = after(m, tea.WindowSizeMsg{Width: 80, Height: 24},
		refreshedMsg{gen: m.refresh.gen, at: noon, err: manager.ErrForbidden, next: 5 * time.Second})
	view := drawn(t, m)
	for _, want := range []string{"The API key is valid and may not read pods.", "Give it the scope", "i enter an API key", "c check up"} {
		if !strings.Contains(view, want) {
			t.Errorf("%q is not in:\n%s", want, view)
		}
	}
	if asked := after(m, keys("i")...); asked.state != loggingIn {
		t.Errorf("i leads to state %d", asked.state)
	}
	m = after(m, keys("c")...)
	if view := drawn(t, m); !strings.Contains(view, "RunPod and your account") || !strings.Contains(view, "[ i Enter an API key ]") {
		t.Errorf("got:\n%s", view)
	}
	if asked := after(m, keys("enter")...); asked.state != loggingIn {
		t.Errorf("enter leads to state %d", asked.state)
	}
	if back := after(m, keys("esc")...); back.state != home {
		t.Errorf("esc leads to state %d", back.state)
	}
	stale := failed(listed(still(t, ""), somePods()...), 14*time.Second)
	stale = after(stale, tea.WindowSizeMsg{Width: 80, Height: 24})
	if view := drawn(t, stale); !strings.Contains(view, "▸ alpha") || !strings.Contains(view, "RunPod answers 503") {
		t.Errorf("a stale list keeps its rows:\n%s", view)
	}
}

// The list's row, the details and the screen say the same.
func TestOneVerdictEverywhere(t *testing.T) {
	m := after(sized(t, somePods()...), keys("c")...)
	m = after(m, checkedMsg{gen: m.work.gen, check: found(mode)})
	onScreen := drawn(t, m)
	m = after(m, keys("esc")...)
	row, _ := m.pods.Pod(alphaID)
	onDetails := drawn(t, after(m, keys("d")...))
	for where, text := range map[string]string{"the screen": onScreen, "the details": onDetails, "the row": row.Verdict.Sentence} {
		if !strings.Contains(text, screen.Cut(mode.Sentence, 70)) {
			t.Errorf("%s says otherwise: %s", where, text)
		}
	}
}

// What the list learns while its verdict is on the screen is shown there.
func TestTheScreenFollowsTheList(t *testing.T) {
	m := after(sized(t, somePods()...), keys("j", "j", "j", "enter")...)
	if view := drawn(t, m); !strings.Contains(view, "RunPod is making the pod ready.") || !strings.Contains(view, "w Wait and connect") {
		t.Fatalf("got:\n%s", view)
	}
	pods := somePods()
	for i := range pods {
		if pods[i].Name == "starting-up" {
			pods[i].Verdict = doctor.Verdict{ID: doctor.Ready, Tone: doctor.ToneGood, Sentence: "An SSH server answers now.", Shell: true}
		}
	}
	m = listed(m, pods...)
	if view := drawn(t, m); !strings.Contains(view, "An SSH server answers now.") || !strings.Contains(view, "[ r Connect ]") {
		t.Errorf("got:\n%s", view)
	}
	m = after(m, keys("esc", "g", "c")...)
	m = after(m, checkedMsg{gen: m.work.gen, check: found(mode)})
	if m = listed(m, somePods()...); !strings.Contains(drawn(t, m), mode.Sentence) {
		t.Errorf("what a check-up saw is gone:\n%s", drawn(t, m))
	}
	lost := still(t, "")
	lost = after(lost, tea.WindowSizeMsg{Width: 80, Height: 24}, refreshedMsg{gen: lost.refresh.gen, at: noon, err: manager.ErrForbidden, next: 5 * time.Second})
	lost = after(lost, keys("c")...)
	lost.refresh, _ = lost.refresh.start(lost.run)
	if lost = listed(lost, somePods()...); lost.state != home {
		t.Errorf("with a list again the state is %d", lost.state)
	}
}
