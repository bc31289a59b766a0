package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"podbay/runpod"
	"podbay/sshkey"
	"podbay/state"
)

// The bounds of a write that others come between.
const (
	maxKeyWrites = 20
	maxKeyReads  = 3 * maxKeyWrites
	maxUnsure    = 4 // writes in a row of which no answer came

	// A writer that read the set before ours was written, and writes after it,
	// takes ours away. It has written by the time that settleFirst is over.
	settleFirst  = 1500 * time.Millisecond
	settleJitter = 500 * time.Millisecond

	backOffFirst = 200 * time.Millisecond
	backOffMost  = 10 * time.Second
	maxWait      = time.Minute // that RunPod may ask for

	lockPatience = 20 * time.Second
	lockPoll     = 50 * time.Millisecond
)

// ApplyKeys makes the change that was planned. It is the only method that writes
// to the account's keys.
//
// RunPod replaces the whole set at once and takes no condition. So the set is read
// just before, the change is merged into it (mergeKeys), the set as it was is kept
// in a backup, and what was written is read back at once and again after a pause;
// when another writer came between, all that is repeated. Writers that are alive
// converge so. What remains: a writer that took longer than the pause from its
// reading to its writing, and ended; that loss is in KeyReport.Lost of a later
// Keys. Keys of others that vanish meanwhile are not put back, since they may have
// been removed on purpose: Warnings name them, and the backup has them.
//
// A second podbay of this machine is waited for; the error wraps ErrKeysBusy when
// that takes too long, and ErrKeysUnsettled when the set changed at each attempt.
func (m *Manager) ApplyKeys(ctx context.Context, plan KeyPlan) (KeyOutcome, error) {
	if !plan.Changes() {
		return KeyOutcome{}, nil
	}
	client, err := m.api()
	if err != nil {
		return KeyOutcome{}, err
	}
	account, err := m.stateAccount()
	if err != nil {
		return KeyOutcome{}, err
	}
	if account != plan.account {
		return KeyOutcome{}, errors.New("nothing was changed: the change was worked out with another API key; look at it again")
	}
	release, err := m.lockKeys(ctx)
	if err != nil {
		return KeyOutcome{}, err
	}
	w := &keyWriter{m: m, client: client, plan: plan, seen: map[string]string{}}
	final, err := w.run(ctx)
	if err == nil {
		w.conclude(final)
	}
	if releaseErr := release(); releaseErr != nil {
		m.log.Warn("the lock of the keys cannot be released", "error", releaseErr)
	}
	return w.outcome, err
}

// lockKeys waits for the lock that keeps a second podbay out.
func (m *Manager) lockKeys(ctx context.Context) (release func() error, err error) {
	for waited := time.Duration(0); ; waited += lockPoll {
		release, ok, err := m.store.TryLockKeys()
		switch {
		case err != nil:
			return nil, err
		case ok:
			return release, nil
		case waited >= lockPatience:
			return nil, fmt.Errorf("nothing was changed: %w on this machine: wait until it is done, then try again", ErrKeysBusy)
		}
		if err := m.opts.Sleep(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("nothing was changed: another podbay was waited for: %w", err)
		}
	}
}

// keyWriter is one ApplyKeys at work.
type keyWriter struct {
	m       *Manager
	client  api
	plan    KeyPlan
	outcome KeyOutcome
	seen    map[string]string // valid keys that were read, with their lines
	kept    []string          // the set that the last backup has
	unsure  error             // why no answer came to the last write
	noReply int               // how often in a row
}

// run writes until what is read back has the change, and returns that set.
func (w *keyWriter) run(ctx context.Context) ([]string, error) {
	present, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	settled := false
	for reads := 1; reads < maxKeyReads; reads++ {
		next := mergeKeys(w.plan.base, w.plan.want, present)
		if slices.Equal(next, present) {
			if settled || w.outcome.Rounds == 0 {
				return present, nil
			}
			settled = true
			if err := w.pause(ctx, settleFirst, settleJitter); err != nil {
				w.warn("It was not waited for whether another writer takes the change back: " + err.Error())
				return present, nil
			}
		} else {
			settled = false
			if w.outcome.Rounds == maxKeyWrites {
				break
			}
			if err := w.write(ctx, present, next); err != nil {
				return nil, err
			}
		}
		if present, err = w.read(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: another writer came between each of %d attempts: try again when nobody else changes them; the set as it was is in %s",
		ErrKeysUnsettled, w.outcome.Rounds, w.outcome.Backup)
}

// read reads the set. What it says when that fails depends on what was written.
func (w *keyWriter) read(ctx context.Context) ([]string, error) {
	lines, err := w.client.SSHKeys(ctx)
	if err != nil {
		return nil, w.failed(ctx, err)
	}
	for _, line := range lines {
		if key, ok := validKey(line); ok {
			w.seen[key] = line
		}
	}
	return lines, nil
}

// failed words a failure by what is known of the writes before it.
func (w *keyWriter) failed(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	} else {
		err = w.m.callError(err)
	}
	switch {
	case w.unsure != nil:
		return fmt.Errorf("whether the keys were changed is not known: look with podbay keys; the set as it was is in %s: %w", w.outcome.Backup, err)
	case w.outcome.Rounds > 0:
		return fmt.Errorf("the keys were written, and could not be read back: look with podbay keys; the set as it was is in %s: %w", w.outcome.Backup, err)
	}
	return fmt.Errorf("nothing was changed: %w", err)
}

// write backs present up and writes next in its place. Where no answer comes,
// what is read next decides.
func (w *keyWriter) write(ctx context.Context, present, next []string) error {
	if err := sendable(next); err != nil {
		return err
	}
	if err := w.backUp(present); err != nil {
		return fmt.Errorf("nothing was changed, because no backup could be made: %w", err)
	}
	if w.outcome.Rounds > 0 {
		// Spread the writers before they meet again; the set is read anew then.
		if err := w.pause(ctx, 0, min(backOffMost, backOffFirst<<w.outcome.Rounds)); err != nil {
			return w.failed(ctx, err)
		}
		fresh, err := w.read(ctx)
		if err != nil {
			return err
		}
		if next = mergeKeys(w.plan.base, w.plan.want, fresh); slices.Equal(next, fresh) {
			return nil
		}
		if err := sendable(next); err != nil {
			return err
		}
		if err := w.backUp(fresh); err != nil {
			return fmt.Errorf("no backup could be made: %w", err)
		}
	}
	w.outcome.Rounds++
	_, err := w.client.ReplaceSSHKeys(ctx, next)
	return w.answered(ctx, err)
}

// answered decides what a write's answer means.
func (w *keyWriter) answered(ctx context.Context, err error) error {
	w.unsure = nil
	var api *runpod.Error
	switch {
	case err == nil:
		w.noReply = 0
		return nil
	case ctx.Err() != nil:
		w.unsure = err
		return w.failed(ctx, err)
	case errors.Is(err, runpod.ErrRateLimited) && errors.As(err, &api):
		w.outcome.Rounds-- // nothing was written
		if err := w.pause(ctx, min(api.RetryAfter, maxWait), backOffFirst); err != nil {
			return w.failed(ctx, err)
		}
		return nil
	case errors.Is(err, runpod.ErrUnavailable), errors.Is(err, runpod.ErrMalformed), errors.Is(err, runpod.ErrUnexpected):
		w.unsure = err
		if w.noReply++; w.noReply == maxUnsure {
			return w.failed(ctx, err)
		}
		return nil
	}
	return fmt.Errorf("RunPod did not take the keys: %w", w.m.callError(err))
}

// sendable refuses what RunPod would refuse, and says which entry it is.
func sendable(lines []string) error {
	for i, entry := range sshkey.JudgeSet(lines, nil).Entries {
		if entry.Blocks {
			return fmt.Errorf("the change cannot be sent: RunPod refuses the whole set for the entry %q, which appeared meanwhile: look at the change again, it mends the entry",
				entryLine(entry, lines[i]))
		}
	}
	return nil
}

// backUp keeps a set before it is replaced; one that is kept already is not kept
// again.
func (w *keyWriter) backUp(present []string) error {
	if w.outcome.Backup != "" && slices.Equal(w.kept, present) {
		return nil
	}
	path, err := w.m.store.SaveBackup(state.KeyBackup{Account: w.plan.account, At: w.m.now(), Keys: slices.Concat([]string{}, present)})
	if path == "" {
		return err
	}
	if err != nil {
		w.warn("Old backups could not be removed: " + err.Error())
	}
	if w.outcome.Backup == "" {
		w.outcome.Backup = path // the set before anything was changed
	}
	w.kept = present
	return nil
}

// pause waits for least and a random part of spread.
func (w *keyWriter) pause(ctx context.Context, least, spread time.Duration) error {
	return w.m.opts.Sleep(ctx, least+time.Duration(w.m.opts.Jitter()*float64(spread)))
}

func (w *keyWriter) warn(sentence string) {
	if !slices.Contains(w.outcome.Warnings, sentence) {
		w.outcome.Warnings = append(w.outcome.Warnings, sentence)
	}
}
