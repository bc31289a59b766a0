package manager

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"podbay/config"
	"podbay/sshconn"
	"podbay/state"
)

// KeepAnswer is the answer to whether a pod's shells are kept alive over a bad
// line.
type KeepAnswer string

// The answers. "" means that nobody has said.
const (
	KeepYes   KeepAnswer = "yes"
	KeepNo    KeepAnswer = "no"
	KeepLater KeepAnswer = "later" // do not ask now; not remembered
)

// KeepWanted is a question: shall shells on this pod be kept alive over a bad line,
// by the tmux that it has? It is asked once a pod.
type KeepWanted struct{ Pod Pod }

func (e *KeepWanted) Error() string {
	return e.Pod.Name + ": shall its shells be kept alive over a bad line, with the pod's tmux?"
}

// keptShell is a shell that outlives its connection, and this process's claim to it.
type keptShell struct {
	name  string
	claim *state.Claim
}

// release lets others come to the shell. nil has nothing to release.
func (k *keptShell) release() {
	if k != nil {
		_ = k.claim.Release()
	}
}

// plan says which shell a session is to have.
type plan struct {
	kept   *keptShell // nil for a plain one
	back   bool       // it lives already
	note   string     // what became of the one before; "" when there is nothing to say
	reason string     // why it is a plain one, a sentence
}

// lookTime bounds what is asked of a pod beside a shell.
const lookTime = 10 * time.Second

// Why a shell is not kept; said when ~d is typed, and when another line was needed.
const (
	notByProxy   = "RunPod's proxy opens a shell and nothing else, so nothing can keep this one"
	notBySetting = "keep_shells in podbay's settings is never, so nothing keeps this shell"
	notByAnswer  = "you said that shells on this pod are not to be kept; to keep them from now on: podbay ssh --keep "
	notYet       = "nobody has said yet whether shells on this pod are kept: podbay asks when you connect from the list"
	notByPod     = "there is no tmux on the pod that could keep this shell: install tmux there and connect again"
	notToBeAsked = "the pod's SSH server runs no commands, so it cannot be seen whether it has a tmux to keep this shell"
)

// planShell decides on the shell. It may ask, by a [*KeepWanted]; a line that is lost
// on the way is told as its error.
func (m *Manager) planShell(ctx context.Context, a *attempt, conn *sshconn.Conn, own *keptShell) (plan, error) {
	if reason := m.whyPlain(a); reason != "" && (own == nil || a.route.Kind != RouteDirect) {
		own.release()
		return plan{reason: reason}, nil
	}
	claimed := m.claim(a.pod.ID, own)
	mayStart := m.opts.Settings.KeepShells != config.KeepAsk || m.keepAnswer(a) == KeepYes
	seen, fresh, err := m.lookAt(ctx, a.pod.ID, conn, mayStart, claimed...)
	if err != nil {
		for _, shell := range claimed {
			shell.release()
		}
		if conn.Err() == nil && errors.Is(err, sshconn.ErrNoShell) {
			return plan{reason: notToBeAsked}, nil
		}
		return plan{}, err
	}
	chosen, note := m.choose(ctx, a.pod.ID, conn, claimed, seen)
	switch {
	case chosen != nil:
		return plan{kept: chosen, back: true}, nil
	case fresh != nil:
		return plan{kept: fresh, note: note}, nil
	case !seen.tmux:
		return plan{reason: notByPod, note: note}, nil
	case mayStart:
		return plan{reason: notStarted(seen), note: note}, nil
	}
	return plan{}, &KeepWanted{Pod: a.row}
}

func notStarted(seen look) string {
	switch {
	case seen.unnoted != nil:
		return "podbay cannot write down the name by which it would find the shell again: " + seen.unnoted.Error()
	case seen.failed == "":
		return "the pod's tmux did not start"
	}
	return "the pod's tmux did not start: " + seen.failed
}

// whyPlain is why no kept shell is looked for; "" when one is.
func (m *Manager) whyPlain(a *attempt) string {
	setting, answer := m.opts.Settings.KeepShells, m.keepAnswer(a)
	switch {
	case a.route.Kind != RouteDirect:
		return notByProxy
	case a.req.Keep == KeepYes:
		return ""
	case setting == config.KeepNever:
		return notBySetting
	case a.req.Keep == KeepNo, setting == config.KeepAsk && answer == KeepNo:
		return notByAnswer + a.pod.ID
	case a.req.Keep == KeepLater && setting == config.KeepAsk && answer == "":
		return notYet
	}
	return ""
}

// keepAnswer is what the user said of this pod, now or earlier. What is said now
// is remembered.
func (m *Manager) keepAnswer(a *attempt) KeepAnswer {
	m.mu.Lock()
	known := KeepAnswer(m.memory[a.pod.ID].KeepShells)
	m.mu.Unlock()
	if a.req.Keep == "" || a.req.Keep == KeepLater || a.req.Keep == known {
		return known
	}
	m.remember(a.pod.ID, func(p *state.PodMemory) { p.KeepShells = string(a.req.Keep) })
	return a.req.Keep
}

// claim takes the shells that were left on a pod and that nobody has now, own first.
func (m *Manager) claim(podID string, own *keptShell) []*keptShell {
	var claimed []*keptShell
	if own != nil {
		claimed = append(claimed, own)
	}
	known, err := m.store.KeptShells()
	if err != nil {
		m.log.Warn("which shells were left running cannot be read", "error", err)
	}
	for _, shell := range known {
		if shell.PodID != podID || own != nil && shell.Name == own.name {
			continue
		}
		claim, err := m.store.ClaimShell(shell.Name)
		if err != nil {
			m.log.Warn("a shell that was left running cannot be claimed", "error", err)
		}
		if claim != nil {
			claimed = append(claimed, &keptShell{shell.Name, claim})
		}
	}
	return claimed
}

// lookAt asks a pod whether it has a tmux and what became of shells. When none lives
// and start allows it, a new one is started and returned.
func (m *Manager) lookAt(ctx context.Context, podID string, conn *sshconn.Conn, start bool, shells ...*keptShell) (look, *keptShell, error) {
	var (
		names   []string
		fresh   *keptShell
		name    string
		unnoted error
	)
	for _, shell := range shells {
		names = append(names, shell.name)
	}
	if start {
		if fresh, unnoted = m.newShell(podID); unnoted == nil {
			name = fresh.name
		}
	}
	seen, err := m.askPod(ctx, conn, lookAtShells(name, m.opts.Settings.Scrollback, names...))
	seen.unnoted = unnoted
	switch {
	case fresh == nil || err == nil && seen.started == fresh.name:
		return seen, fresh, err
	case err == nil && (!seen.tmux || seen.failed != "" || len(seen.lives) > 0):
		m.forget(fresh)
	default: // it may have been started: the next connection comes to it or forgets it
		fresh.release()
	}
	return seen, nil, err
}

func (m *Manager) askPod(ctx context.Context, conn *sshconn.Conn, command string) (look, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	output, exit, err := conn.Exec(ctx, command, m.locale())
	if err != nil {
		return look{}, err
	}
	m.log.Debug("looked for kept shells", "status", exit.Status, "output", len(output))
	return parseLook(output), nil
}

// choose takes the first shell that lives, and lets others have the rest. Those that
// the pod says are no more are forgotten; note says what became of the first of them.
func (m *Manager) choose(ctx context.Context, podID string, conn *sshconn.Conn, claimed []*keptShell, seen look) (chosen *keptShell, note string) {
	for _, shell := range claimed {
		status, ended := seen.ended[shell.name]
		switch {
		case chosen == nil && seen.lives[shell.name]:
			chosen = shell
			_ = m.left(podID, shell) // it is known
		case seen.lives[shell.name]:
			shell.release()
		case ended:
			if note == "" {
				note = fmt.Sprintf("the shell that was left here has ended with exit status %d; this is a new one", status)
			}
			_, _ = m.askPod(ctx, conn, endShell(shell.name)) // what stays is an empty server
			m.forget(shell)
		case seen.gone[shell.name]:
			if note == "" {
				note = "the shell that was left here is gone; this is a new one"
			}
			m.forget(shell)
		default:
			if note == "" {
				note = "the pod does not say what became of the shell that was left here; this is another one"
			}
			shell.release()
		}
	}
	return chosen, note
}

// nameLength is how many random characters name a shell, 60 bits: the path of its
// socket must stay below the 104 bytes that macOS allows.
const nameLength = 12

// newShell makes a name for a new kept shell, and writes it down.
func (m *Manager) newShell(podID string) (*keptShell, error) {
	random := make([]byte, 10)
	if _, err := io.ReadFull(m.opts.Random, random); err != nil {
		return nil, fmt.Errorf("name a kept shell: %w", err)
	}
	name := "podbay-" + strings.ToLower(base32.StdEncoding.EncodeToString(random))[:nameLength]
	claim, err := m.store.ClaimShell(name)
	if err != nil {
		m.log.Warn("a kept shell cannot be claimed", "error", err) // it is kept all the same
	}
	shell := &keptShell{name, claim}
	if err := m.left(podID, shell); err != nil {
		m.forget(shell)
		return nil, err
	}
	return shell, nil
}
