package ui

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"podbay/doctor"
	"podbay/manager"
)

const patience = 30 * time.Second

// program is the root model in a running Bubble Tea program without a terminal.
type program struct {
	*teatest.TestModel
	t    *testing.T
	mu   sync.Mutex
	last string
}

// spy notes each frame that the root draws.
type spy struct {
	model
	p *program
}

func (s spy) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	next, cmd := s.model.Update(msg)
	return spy{next.(model), s.p}, cmd
}

func (s spy) View() tea.View {
	v := s.model.View()
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.last = ansi.Strip(v.Content)
	return v
}

func start(t *testing.T, f *fakeManager) *program {
	t.Helper()
	goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := &program{t: t}
	run := newEffects(context.Background())
	m := newModel(f, Options{Open: nobrowser, Now: func() time.Time { return noon }}, run)
	m.recalling = true
	m.hold.pause = 0
	p.TestModel = teatest.NewTestModel(t, spy{m, p}, teatest.WithInitialTermSize(80, 24))
	t.Cleanup(func() {
		_ = p.Quit()
		p.WaitFinished(t, teatest.WithFinalTimeout(patience))
		run.close()
	})
	return p
}

func (p *program) drawn() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *program) sees(text string) {
	p.t.Helper()
	p.until("the screen shows "+text, func() bool { return strings.Contains(p.drawn(), text) })
}

func (p *program) until(what string, done func() bool) {
	p.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			p.t.Fatalf("%s: not so after %v; the screen is:\n%s", what, patience, p.drawn())
		case <-tick.C:
		}
	}
}

func (p *program) keys(list ...string) {
	for _, msg := range keys(list...) {
		p.Send(msg)
	}
}

func closed(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s: did not happen", what)
	}
}

// The list of the run before is there at once, enter works on it, and RunPod's
// answer takes its place without moving the selection.
func TestLastListIsThereBeforeRunPodAnswers(t *testing.T) {
	answer := make(chan struct{})
	s := newFakeSession()
	f := &fakeManager{
		last: somePods(),
		refresh: func(ctx context.Context) (manager.Listing, error) {
			select {
			case <-answer:
			case <-ctx.Done():
				return manager.Listing{}, ctx.Err()
			}
			pods := somePods()
			pods[4].Name = "asleep"
			return manager.Listing{Pods: pods, At: noon}, nil
		},
		connect: func(context.Context, manager.ConnectRequest) (session, error) { return s, nil },
	}
	p := start(t, f)
	p.sees("as of 3 h ago")
	p.sees("▸ alpha")
	p.keys("j", "enter")
	closed(t, "running the session", s.ran)
	p.sees("exit status 0")
	p.sees("as of 3 h ago")
	close(answer)
	p.sees("asleep")
	p.sees("▸ beta-community")
	if strings.Contains(p.drawn(), "as of") {
		t.Errorf("RunPod has answered:\n%s", p.drawn())
	}
}

func TestEnterRunsASessionAndComesBack(t *testing.T) {
	s := newFakeSession()
	f := &fakeManager{connect: func(context.Context, manager.ConnectRequest) (session, error) { return s, nil }}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("enter")
	closed(t, "the session", s.ran)
	p.sees("alpha: shell ended with exit status 0")
	p.until("the list is asked for again", func() bool { return f.asked() == 2 })
	if diff := cmp.Diff("7f3k2ab9x1", f.requests[0].PodID); diff != "" {
		t.Error(diff)
	}
	select {
	case <-s.discarded:
		t.Error("a session that was run was discarded too")
	default:
	}
}

func TestCancelWhileConnecting(t *testing.T) {
	for _, key := range []string{"esc", "ctrl+c"} {
		t.Run(key, func(t *testing.T) {
			s, dialing, giveUp := newFakeSession(), make(chan struct{}), make(chan struct{})
			f := &fakeManager{connect: func(ctx context.Context, req manager.ConnectRequest) (session, error) {
				req.Progress("connecting to 203.0.113.7:34446")
				close(dialing)
				<-ctx.Done()
				<-giveUp // a dial that answers late, and with a session
				return s, nil
			}}
			p := start(t, f)
			p.sees("▸ alpha")
			p.keys("enter")
			closed(t, "dialing", dialing)
			p.sees("alpha: connecting to 203.0.113.7:34446")
			p.keys("j", "x", "q", "enter", key)
			p.sees("alpha: connecting was cancelled")
			p.sees("▸ alpha")
			close(giveUp)
			closed(t, "the late session is discarded", s.discarded)
		})
	}
}

func TestQuestionsAreAnsweredByAskingAgain(t *testing.T) {
	pod, s := somePods()[0], newFakeSession()
	var passphrase []byte
	f := &fakeManager{connect: func(_ context.Context, req manager.ConnectRequest) (session, error) {
		switch {
		case req.AcceptHostKey == "":
			return nil, &manager.HostKeyUnknown{Pod: pod, Addr: pod.Route.Addr, KeyType: "ED25519", Fingerprint: "SHA256:abc"}
		case len(req.Passphrases) == 0:
			return nil, &manager.PassphraseWanted{Pod: pod, Path: "/home/me/.ssh/id", Name: "~/.ssh/id"}
		case string(req.Passphrases["/home/me/.ssh/id"]) != "qxyes":
			return nil, &manager.PassphraseWanted{Pod: pod, Path: "/home/me/.ssh/id", Name: "~/.ssh/id", Wrong: true}
		}
		passphrase = req.Passphrases["/home/me/.ssh/id"]
		return s, nil
	}}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("enter")
	p.sees("SHA256:abc")
	p.keys("y")
	p.sees("passphrase")
	p.keys("n", "o", "enter")
	p.sees("does not fit")
	p.keys("q", "x", "y", "e", "s", "enter")
	closed(t, "the session", s.ran)
	p.sees("alpha: shell ended with exit status 0")
	if !bytes.Equal(passphrase, make([]byte, 5)) {
		t.Errorf("the passphrase is still in memory: %q", passphrase)
	}
}

func TestChangedHostKeyIsForgottenThenAskedAbout(t *testing.T) {
	pod := somePods()[0]
	forgotten := make(chan struct{})
	f := &fakeManager{act: func(verb, id string) error {
		if verb == "forget" && id == pod.ID {
			close(forgotten)
		}
		return nil
	}}
	f.connect = func(context.Context, manager.ConnectRequest) (session, error) {
		select {
		case <-forgotten:
			return nil, &manager.HostKeyUnknown{Pod: pod, Addr: pod.Route.Addr, KeyType: "ED25519", Fingerprint: "SHA256:new"}
		default:
			return nil, &manager.HostKeyChanged{Pod: pod, Addr: pod.Route.Addr, KeyType: "ED25519", Offered: "SHA256:new", Known: []string{"ED25519 SHA256:old"}}
		}
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("enter")
	p.sees("has changed")
	p.keys("f", "a", "l", "p", "h", "a", "enter")
	p.sees("Is this really alpha?")
	p.keys("esc")
	p.sees("▸ alpha")
}

func TestFailureGoesBackToTheList(t *testing.T) {
	pod := somePods()[0]
	f := &fakeManager{connect: func(context.Context, manager.ConnectRequest) (session, error) {
		return nil, &manager.Failure{Pod: pod, Verdict: doctor.Verdict{Tone: doctor.ToneBad, Word: "key refused", Sentence: "The pod took none of your keys."}}
	}}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("enter")
	p.sees("took none of your keys")
	p.keys("enter")
	p.sees("▸ alpha")
	p.keys("j", "j", "j", "enter") // by status: starting-up has no way in yet
	p.sees("RunPod is making the pod ready.")
	if got := len(f.requests); got != 1 {
		t.Errorf("%d connections were tried", got)
	}
}

func TestStopAsksWithCancelChosen(t *testing.T) {
	did := make(chan string, 1)
	f := &fakeManager{act: func(verb, id string) error { did <- verb + " " + id; return nil }}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("x")
	p.sees("[ Cancel ]")
	p.sees("50 GB is lost")
	p.sees("20 GB at /workspace")
	p.keys("enter")
	p.sees("▸ alpha")
	p.keys("x")
	p.sees("[ Cancel ]")
	p.keys("y")
	p.sees("alpha: stopping")
	if got := <-did; got != "stop 7f3k2ab9x1" {
		t.Errorf("did %q", got)
	}
	p.until("the list is asked for again", func() bool { return f.asked() >= 2 })
}

func TestNoKeyAsksForOne(t *testing.T) {
	tried := make(chan string, 4)
	var mu sync.Mutex
	known := ""
	f := &fakeManager{}
	f.refresh = func(context.Context) (manager.Listing, error) {
		mu.Lock()
		defer mu.Unlock()
		if known == "" {
			return manager.Listing{}, manager.ErrNoAPIKey
		}
		return manager.Listing{Pods: somePods(), At: noon}, nil
	}
	f.act = func(verb, key string) error {
		tried <- key
		if key != "rpa_good" {
			return manager.ErrKeyRejected
		}
		mu.Lock()
		defer mu.Unlock()
		known = key
		return nil
	}
	p := start(t, f)
	p.sees("needs an API key")
	p.Send(tea.PasteMsg{Content: "rpa_bad"})
	p.keys("enter")
	p.sees("rejected")
	p.Send(tea.PasteMsg{Content: "rpa_good\n"})
	p.keys("enter")
	p.sees("▸ alpha")
	if diff := cmp.Diff([]string{"rpa_bad", "rpa_good"}, []string{<-tried, <-tried}); diff != "" {
		t.Error(diff)
	}
}

func TestMeasuredRowsArrive(t *testing.T) {
	f := &fakeManager{probe: func(_ context.Context, due []manager.Pod, out chan<- manager.Pod) {
		for _, p := range due {
			p.Verdict.Word = "ready 7 ms"
			out <- p
		}
	}}
	p := start(t, f)
	p.sees("ready 7 ms")
}

// A session that is never run is closed when the UI ends: the reply that carries
// it has no reader any more.
func TestLateSessionIsDiscardedWhenTheUIEnds(t *testing.T) {
	s, dialing := newFakeSession(), make(chan struct{})
	run := newEffects(context.Background())
	f := &fakeManager{connect: func(ctx context.Context, _ manager.ConnectRequest) (session, error) {
		close(dialing)
		<-ctx.Done()
		return s, nil
	}}
	m := listed(after(newModel(f, Options{}, run), startMsg{}), somePods()...)
	_, cmd := m.connect(somePods()[0])
	go func() { _ = cmd().(tea.BatchMsg)[0]() }()
	closed(t, "dialing", dialing)
	run.close()
	closed(t, "the session is discarded", s.discarded)
}

// Keys that are typed before the list of the run before is read act on it.
func TestKeysBeforeTheFirstListAreKept(t *testing.T) {
	m := still(t, "")
	m.recalling = true
	m = after(m, keys("j", "/", "s", "l")...)
	listing, ok := (&fakeManager{last: somePods()}).LastList()
	m = after(m, recalledMsg{listing, ok})
	if p, _ := m.pods.Selected(); p.Name != "sleeping" {
		t.Errorf("%s is selected, not the pod that was filtered for", p.Name)
	}
	if m = after(m, keys("ctrl+c")...); len(m.early) > 0 {
		t.Error("keys are kept although the list is there")
	}
}
