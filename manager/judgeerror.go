package manager

import (
	"context"
	"errors"
	"strings"

	"podbay/config"
	"podbay/doctor"
	"podbay/runpod"
)

// JudgeError gives the verdict on an error of Refresh, Connect or another use case:
// a failure's own, that of a question, or that of the account.
func JudgeError(err error) doctor.Verdict {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Verdict
	}
	if v, ok := judgeQuestion(err); ok {
		return v
	}
	if errors.Is(err, ErrPodGone) {
		return doctor.Judge(doctor.Facts{Status: string(runpod.StatusTerminated)})
	}
	if account := accountOf(err); account.Pods != "" {
		return doctor.JudgeAccount(account)
	}
	return doctor.Unexplained(err.Error())
}

// judgeQuestion gives the verdict on a question.
func judgeQuestion(err error) (doctor.Verdict, bool) {
	var (
		unknown    *HostKeyUnknown
		changed    *HostKeyChanged
		passphrase *PassphraseWanted
	)
	f := doctor.Facts{Status: string(runpod.StatusRunning)}
	switch {
	case errors.As(err, &unknown):
		f.HostKey, f.DirectAddr = unknown.fact(), unknown.Addr
	case errors.As(err, &changed):
		f.HostKey, f.DirectAddr = changed.fact(), changed.Addr
	case errors.As(err, &passphrase):
		f.Login, f.HasProxy = passphrase.fact(), true
	default:
		return doctor.Verdict{}, false
	}
	return doctor.Judge(f), true
}

func (e *PassphraseWanted) fact() doctor.Login {
	if e.Wrong {
		return doctor.Login{Outcome: doctor.LoginRefused, Blocked: doctor.BlockedKey{Fault: doctor.KeyPassphrase, Name: e.Name, Words: e.Error()}}
	}
	return doctor.Login{WantsPassphrase: e.Name}
}

// accountOf is what an error of a call says of the account; zero when it is none of
// a call.
func accountOf(err error) doctor.Account {
	var call *runpod.Error
	errors.As(err, &call)
	var a doctor.Account
	switch {
	case errors.Is(err, ErrKeyRejected), errors.Is(err, runpod.ErrUnauthorized):
		a.Pods = doctor.CallRejected
	case errors.Is(err, config.ErrNoAPIKey):
		a.Pods = doctor.CallNoKey
	case errors.Is(err, runpod.ErrForbidden):
		a.Pods = doctor.CallForbidden
	case call == nil: // nothing that RunPod was asked
	case errors.Is(err, runpod.ErrRateLimited):
		a.Pods, a.RetryAfter = doctor.CallLimited, call.RetryAfter
	case call.Fault == runpod.FaultName:
		a.Pods = doctor.CallNameUnknown
	case call.Fault == runpod.FaultProxy:
		a.Pods, a.Words = doctor.CallProxy, cause(call)
	case call.Fault == runpod.FaultTLS:
		a.Pods, a.Words = doctor.CallTLS, cause(call)
	case call.Fault == runpod.FaultClock:
		a.Pods, a.Words = doctor.CallClock, cause(call)
	case call.Fault == runpod.FaultUnreachable:
		a.Pods, a.Words = doctor.CallUnreachable, cause(call)
	case errors.Is(err, runpod.ErrMalformed), errors.Is(err, runpod.ErrUnexpected), errors.Is(err, runpod.ErrNotFound):
		a.Pods, a.Words = doctor.CallMalformed, cause(call)
	default:
		a.Pods, a.Words = doctor.CallFailing, cause(call)
	}
	return a
}

// cause is why a call failed, without the next step, which the verdict has.
func cause(call *runpod.Error) string {
	words := call.Reason()
	if i := strings.LastIndex(words, ": "); i > 0 && !strings.Contains(words[i:], ")") {
		return words[:i]
	}
	return words
}

// JudgeAccount asks RunPod for the pods and the registered SSH keys, and gives the
// account its verdict.
func (m *Manager) JudgeAccount(ctx context.Context) doctor.Verdict {
	client, err := m.api()
	if err != nil {
		return JudgeError(err)
	}
	pods, err := client.ListPods(ctx)
	if err != nil {
		return JudgeError(m.callError(err))
	}
	m.takeWhole(client, pods)
	account := doctor.Account{Pods: doctor.CallOK, SSHKeys: doctor.CallOK}
	if _, err := client.SSHKeys(ctx); errors.Is(err, runpod.ErrForbidden) {
		account.SSHKeys = doctor.CallForbidden
	}
	return doctor.JudgeAccount(account)
}
