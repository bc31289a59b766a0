package ui

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"podbay/doctor"
	"podbay/manager"
)

// mode is a key file that one key press mends.
var mode = doctor.Verdict{ID: doctor.KeyModeTooOpen, Tone: doctor.ToneBad, Word: "key mode", Shell: true,
	Sentence: "~/.ssh/id has mode 0644.", Remedy: "Let podbay set its mode to 0600.", Action: doctor.ActMendKey}

// mending plans without a question, and connects after it.
func mending(req manager.RemedyRequest) (manager.RemedyPlan, error) {
	return manager.RemedyPlan{RemedyRequest: req, Title: "Mend ~/.ssh/id", Button: "Mend the key file", Connects: true}, nil
}

func TestOneKeyPressMendsAndConnects(t *testing.T) {
	s, mended := newFakeSession(), make(chan struct{})
	f := &fakeManager{plan: mending}
	f.connect = func(context.Context, manager.ConnectRequest) (session, error) {
		select {
		case <-mended:
			return s, nil
		default:
			return nil, &manager.Failure{Pod: somePods()[0], Verdict: mode}
		}
	}
	f.carry = func(context.Context, manager.RemedyPlan, map[string][]byte, func(string)) (manager.RemedyDone, error) {
		close(mended)
		return manager.RemedyDone{Sentence: "The mode of ~/.ssh/id was set to 0600."}, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("enter")
	p.sees("~/.ssh/id has mode 0644.")
	p.keys("m")
	closed(t, "the session", s.ran)
	p.sees("alpha: shell ended with exit status 0")
}

// A remedy that is followed by a failure says first what it did.
func TestWhatARemedyDidIsSaid(t *testing.T) {
	f := &fakeManager{plan: mending, check: always(mode)}
	f.connect = func(context.Context, manager.ConnectRequest) (session, error) {
		return nil, &manager.Failure{Pod: somePods()[0], Verdict: doctor.Verdict{ID: doctor.KeyUnknown, Tone: doctor.ToneBad, Sentence: "It is not registered."}}
	}
	f.carry = func(context.Context, manager.RemedyPlan, map[string][]byte, func(string)) (manager.RemedyDone, error) {
		return manager.RemedyDone{Sentence: "The mode was set to 0600."}, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("~/.ssh/id has mode 0644.")
	p.keys("m")
	p.sees("It is not registered.")
	p.sees("● The mode was set to 0600.")
}

func TestARemedyWithoutAConnectionIsFollowedByACheckUp(t *testing.T) {
	done := make(chan struct{})
	f := &fakeManager{plan: func(req manager.RemedyRequest) (manager.RemedyPlan, error) {
		plan, err := mending(req)
		plan.Connects = false
		return plan, err
	}}
	f.check = func(context.Context, manager.CheckUpRequest) manager.CheckUp {
		select {
		case <-done:
			return found(doctor.Verdict{ID: doctor.Ready, Tone: doctor.ToneGood, Word: "ready", Sentence: "An SSH server answers.", Shell: true})
		default:
			return found(mode)
		}
	}
	f.carry = func(context.Context, manager.RemedyPlan, map[string][]byte, func(string)) (manager.RemedyDone, error) {
		close(done)
		return manager.RemedyDone{Sentence: "The mode was set to 0600."}, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("has mode 0644")
	p.keys("m")
	p.sees("● The mode was set to 0600.")
	p.sees("An SSH server answers.")
	p.sees("[ r Connect ]")
}

// start is the plan of a start: it costs, so it asks.
func starting(req manager.RemedyRequest) (manager.RemedyPlan, error) {
	return manager.RemedyPlan{RemedyRequest: req, Title: "Start sleeping?", Button: "Start the pod", Asks: true, Connects: true,
		Consequences: []string{req.Verdict.Price, "podbay waits until an SSH server answers, and connects."}}, nil
}

func TestStartAsksShowsItsProgressAndConnects(t *testing.T) {
	s, carried := newFakeSession(), make(chan manager.RemedyPlan, 1)
	goOn := make(chan struct{})
	f := &fakeManager{plan: starting, connect: func(context.Context, manager.ConnectRequest) (session, error) { return s, nil }}
	f.carry = func(_ context.Context, plan manager.RemedyPlan, _ map[string][]byte, step func(string)) (manager.RemedyDone, error) {
		carried <- plan
		step("STARTING; pulling image")
		<-goOn
		return manager.RemedyDone{Sentence: "sleeping is ready, after 20 s."}, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("G", "enter")
	p.sees("Start sleeping?")
	p.sees("$0.22/h")
	p.sees("[ Cancel ]")
	p.keys("enter")
	p.sees("▸ sleeping")
	p.keys("enter")
	p.sees("[ Cancel ]")
	p.keys("y")
	p.sees("sleeping: STARTING; pulling image")
	close(goOn)
	closed(t, "the session", s.ran)
	if plan := <-carried; plan.Action != doctor.ActStart || plan.PodID != "x0x0x0x0x0" {
		t.Errorf("carried out %+v", plan)
	}
}

func TestWaitingIsGivenUp(t *testing.T) {
	begun := make(chan struct{})
	f := &fakeManager{plan: starting, carry: func(ctx context.Context, _ manager.RemedyPlan, _ map[string][]byte, _ func(string)) (manager.RemedyDone, error) {
		close(begun)
		<-ctx.Done()
		return manager.RemedyDone{}, ctx.Err()
	}}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("G", "enter")
	p.sees("[ Cancel ]")
	p.keys("y")
	closed(t, "the start", begun)
	p.keys("esc")
	p.sees("podbay does not wait any longer; the pod starts, and is billed")
	p.sees("▸ sleeping")
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	f := &fakeManager{plan: starting, carry: func(context.Context, manager.RemedyPlan, map[string][]byte, func(string)) (manager.RemedyDone, error) {
		return manager.RemedyDone{}, &manager.Failure{Pod: somePods()[4], Err: errors.New("400"), Verdict: doctor.Verdict{ID: doctor.NoFreeGPU, Tone: doctor.ToneBad, Sentence: "Its machine has no GPU free."}}
	}}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("G", "enter")
	p.sees("[ Cancel ]")
	p.keys("y")
	p.sees("Its machine has no GPU free.")
	p.sees("No shell on sleeping")
}

func TestCancelGoesBackToTheCheckUp(t *testing.T) {
	f := &fakeManager{plan: starting, check: always(doctor.Verdict{ID: doctor.NoFreeGPU, Tone: doctor.ToneBad, Sentence: "No GPU was free.", Action: doctor.ActStart})}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("No GPU was free.")
	for _, key := range []string{"enter", "esc", "n"} {
		p.keys("s")
		p.sees("[ Cancel ]")
		p.keys(key)
		p.sees("No GPU was free.")
	}
}

func TestAPassphraseThatARemedyNeeds(t *testing.T) {
	s := newFakeSession()
	const path = "/home/me/.ssh/id"
	given := make(chan string, 1)
	f := &fakeManager{plan: mending, check: always(mode)}
	f.connect = func(_ context.Context, req manager.ConnectRequest) (session, error) {
		given <- string(req.Passphrases[path])
		return s, nil
	}
	var kept []byte
	f.carry = func(_ context.Context, _ manager.RemedyPlan, passphrases map[string][]byte, _ func(string)) (manager.RemedyDone, error) {
		if string(passphrases[path]) != "qxm" {
			return manager.RemedyDone{}, &manager.PassphraseWanted{Path: path, Name: "~/.ssh/id", Wrong: len(passphrases) > 0}
		}
		kept = passphrases[path]
		return manager.RemedyDone{Sentence: "It was mended."}, nil
	}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("has mode 0644")
	p.keys("m")
	p.sees("assphrase")
	p.keys("esc") // back to the check-up, not out of it
	p.sees("has mode 0644")
	p.keys("m")
	p.sees("assphrase")
	p.keys("n", "o", "enter")
	p.sees("does not fit")
	p.keys("q", "x", "m", "enter")
	closed(t, "the session", s.ran)
	if got := <-given; got != "qxm" {
		t.Errorf("the connection was given %q", got)
	}
	if !bytes.Equal(kept, make([]byte, 3)) {
		t.Errorf("the passphrase is still in memory: %q", kept)
	}
}

func TestAnErrorOfARemedyIsSaid(t *testing.T) {
	f := &fakeManager{check: always(mode), plan: mending, carry: func(context.Context, manager.RemedyPlan, map[string][]byte, func(string)) (manager.RemedyDone, error) {
		return manager.RemedyDone{}, errors.New("chmod: operation not permitted")
	}}
	p := start(t, f)
	p.sees("▸ alpha")
	p.keys("c")
	p.sees("has mode 0644")
	p.keys("m")
	p.sees("✕ chmod: operation not permitted")
	f.plan = func(manager.RemedyRequest) (manager.RemedyPlan, error) {
		return manager.RemedyPlan{}, errors.New("no key file is in the way any more")
	}
	p.keys("m")
	p.sees("✕ no key file is in the way any more")
	p.sees("has mode 0644")
}
