package manager_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"podbay/config"
	"podbay/demo/api"
	"podbay/manager"
	"podbay/state"
)

var putKeys = api.Route{Method: "PUT", Path: "/v2/account/ssh-keys"}

func TestAWriterThatComesBetweenIsMergedWith(t *testing.T) {
	base, mine, other := keyLine(t, 1, "base"), keyLine(t, 2, "mine"), keyLine(t, 3, "other")
	a := newKeyAccount(t, base)
	a.onSleep = func(context.Context, time.Duration) error {
		a.onSleep = nil
		a.api.SetSSHKeys([]string{base, other}) // it had read before mine was there
		return nil
	}
	outcome := a.apply(a.add(mine))
	a.wantKeys(base, mine, other)
	if outcome.Rounds != 2 || outcome.Added != 1 || len(outcome.Warnings) != 0 {
		t.Errorf("%+v", outcome)
	}
	if backups := must[[]manager.Backup](a)(a.m.Backups()); len(backups) != 2 || backups[1].Path != outcome.Backup {
		t.Errorf("%+v", backups)
	}
}

func TestAChangeSinceThePlanIsMergedWith(t *testing.T) {
	one, two, three, four := keyLine(t, 1, ""), keyLine(t, 2, ""), keyLine(t, 3, ""), keyLine(t, 4, "")
	a := newKeyAccount(t, one, two)
	plan := must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), fingerprintOf(t, one)))
	a.api.SetSSHKeys([]string{three, one, four})
	a.apply(plan)
	a.wantKeys(three, four)

	plan = a.add(two)
	a.api.SetSSHKeys([]string{four, keyLine(t, 2, "added there")})
	if outcome := a.apply(plan); outcome.Rounds != 0 || outcome.Added != 0 {
		t.Errorf("%+v", outcome)
	}
}

func TestAKeyOfOthersThatVanishesIsNamed(t *testing.T) {
	base, mine, other := keyLine(t, 1, "base"), keyLine(t, 2, "mine"), keyLine(t, 3, "other")
	a := newKeyAccount(t, base, other)
	a.onSleep = func(context.Context, time.Duration) error {
		a.api.SetSSHKeys([]string{base, mine})
		return nil
	}
	outcome := a.apply(a.add(mine))
	a.wantKeys(base, mine)
	if len(outcome.Warnings) != 1 || !strings.Contains(outcome.Warnings[0], other) {
		t.Errorf("%q", outcome.Warnings)
	}
}

func TestWhoeverIsOverwrittenEachTimeGivesUp(t *testing.T) {
	base := keyLine(t, 1, "")
	a := newKeyAccount(t, base)
	a.onSleep = func(context.Context, time.Duration) error { a.api.SetSSHKeys([]string{base}); return nil }
	outcome, err := a.m.ApplyKeys(t.Context(), a.add(keyLine(t, 2, "")))
	if !errors.Is(err, manager.ErrKeysUnsettled) || outcome.Rounds < 5 || outcome.Rounds > 30 || !strings.Contains(err.Error(), outcome.Backup) {
		t.Errorf("%+v, %v", outcome, err)
	}
}

func TestAWriteWithoutAnAnswerIsResolvedByReading(t *testing.T) {
	tests := map[string]struct {
		fault  api.Fault
		rounds int
		says   string
	}{
		"carried out, the answer cut":    {api.Fault{Kind: api.FaultCut, Times: 1}, 1, ""},
		"not carried out, the line gone": {api.Fault{Kind: api.FaultDrop, Times: 1}, 2, ""},
		"not carried out, 503":           {api.Fault{Kind: api.FaultStatus, Status: 503, Times: 2}, 3, ""},
		"garbage":                        {api.Fault{Kind: api.FaultGarbage, Times: 1}, 2, ""},
		"a limit":                        {api.Fault{Kind: api.FaultStatus, Status: 429, RetryAfter: time.Second, Times: 1}, 1, ""},
		"never an answer":                {api.Fault{Kind: api.FaultStatus, Status: 502}, 4, "is not known"},
		"not allowed":                    {api.Fault{Kind: api.FaultStatus, Status: 403}, 1, "did not take the keys"},
		"refused":                        {api.Fault{Kind: api.FaultStatus, Status: 422}, 1, "did not take the keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, mine := keyLine(t, 1, ""), keyLine(t, 2, "")
			a := newKeyAccount(t, base)
			tt.fault.Route = putKeys
			a.api.AddFault(tt.fault)
			outcome, err := a.m.ApplyKeys(t.Context(), a.add(mine))
			if outcome.Rounds != tt.rounds {
				t.Errorf("%d rounds, want %d", outcome.Rounds, tt.rounds)
			}
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				a.wantKeys(base, mine)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v", err)
			}
			a.wantKeys(base)
		})
	}
}

func TestAnEntryThatBlocksAndAppearedMeanwhileIsNamed(t *testing.T) {
	base := keyLine(t, 1, "")
	a := newKeyAccount(t, base)
	plan := a.add(keyLine(t, 2, ""))
	a.api.SetSSHKeys([]string{base, "oops"})
	if _, err := a.m.ApplyKeys(t.Context(), plan); err == nil || !strings.Contains(err.Error(), `"oops"`) {
		t.Errorf("%v", err)
	}
	if a.puts() != 0 {
		t.Error("it was sent")
	}
}

func TestCancelledBeforeAndWhileWatching(t *testing.T) {
	base, mine := keyLine(t, 1, ""), keyLine(t, 2, "")
	a := newKeyAccount(t, base)
	plan := a.add(mine)
	ctx, cancel := context.WithCancel(t.Context())
	a.onSleep = func(ctx context.Context, _ time.Duration) error { cancel(); return context.Cause(ctx) }
	outcome, err := a.m.ApplyKeys(ctx, plan)
	a.wantKeys(base, mine)
	if err != nil || len(outcome.Warnings) != 1 {
		t.Errorf("%+v, %v", outcome, err)
	}
	a.api.SetSSHKeys([]string{base})
	if _, err := a.m.ApplyKeys(ctx, plan); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	a.wantKeys(base)
}

func TestASecondPodbayIsKeptOut(t *testing.T) {
	a := newKeyAccount(t)
	plan := a.add(keyLine(t, 1, ""))
	release, ok, err := (&state.Store{Dir: a.paths.State}).TryLockKeys()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := a.m.ApplyKeys(t.Context(), plan); !errors.Is(err, manager.ErrKeysBusy) || a.puts() != 0 {
		t.Errorf("%v", err)
	}
	a.onSleep = func(context.Context, time.Duration) error {
		a.onSleep = nil
		return release()
	}
	a.apply(plan)
	a.wantKeys(keyLine(t, 1, ""))
}

// tides is the clock of writers that live side by side: it goes on when all of
// them wait, and then wakes together those whose waits end close to each other,
// so that they meet again and again. A writer that waits for longer than that
// spans every other's way from reading to writing, which is what ApplyKeys relies
// on.
type tides struct {
	mu     sync.Mutex
	rand   *rand.Rand
	now    time.Duration
	alive  int
	asleep []sleeper
}

type sleeper struct {
	until time.Duration
	wake  chan struct{}
}

const tide = 400 * time.Millisecond

func (w *tides) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	me := sleeper{w.now + d, make(chan struct{})}
	w.asleep = append(w.asleep, me)
	w.turn()
	w.mu.Unlock()
	select {
	case <-me.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *tides) jitter() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rand.Float64()
}

func (w *tides) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive--
	w.turn()
}

// turn wakes the next sleepers when all are asleep. The lock must be held.
func (w *tides) turn() {
	if len(w.asleep) == 0 || len(w.asleep) < w.alive {
		return
	}
	first := slices.MinFunc(w.asleep, func(a, b sleeper) int { return int(a.until - b.until) }).until
	w.now = first
	w.asleep = slices.DeleteFunc(w.asleep, func(s sleeper) bool {
		if s.until <= first+tide {
			close(s.wake)
			return true
		}
		return false
	})
}

func TestFiftyInterleavedWritersEndWithAllKeys(t *testing.T) {
	const writers, sharing = 50, 16
	base := keyLine(t, 1000, "base")
	a := newKeyAccount(t, base)
	clock := &tides{alive: writers, rand: rand.New(rand.NewPCG(1, 2))}
	shared := []config.Paths{config.PathsUnder(t.TempDir()), config.PathsUnder(t.TempDir())}
	want := []string{base}
	var running sync.WaitGroup
	for i := range writers {
		paths := config.PathsUnder(t.TempDir())
		if i < sharing {
			paths = shared[i%2]
		}
		m := a.openWith(paths, apiKey, clock.sleep, clock.jitter)
		line := keyLine(t, i, fmt.Sprint("writer ", i))
		want = append(want, line)
		running.Go(func() {
			defer clock.leave()
			if err := addPatiently(t.Context(), m, line); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	running.Wait()
	got := a.api.SSHKeys()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	if a.puts() <= writers {
		t.Errorf("%d writes: the writers never met", a.puts())
	}
	t.Logf("%d writes", a.puts())
}

// addPatiently tries again when a second podbay of the machine takes long.
func addPatiently(ctx context.Context, m *manager.Manager, line string) error {
	plan, err := m.PlanAdd(ctx, line)
	if err != nil {
		return err
	}
	for {
		if _, err = m.ApplyKeys(ctx, plan); !errors.Is(err, manager.ErrKeysBusy) {
			return err
		}
	}
}
