package cli

import (
	"errors"
	"fmt"
	"syscall"

	"podbay/doctor"
	"podbay/errno"
	"podbay/manager"
)

// The exit codes, as in sysexits.h and ssh. "podbay ssh" otherwise exits with
// the remote shell's own status.
const (
	exitOK          = 0
	exitFailed      = 1   // anything else
	exitFindings    = 2   // "podbay keys" or "podbay doctor" found something wrong
	exitUsage       = 64  // wrong words on the command line
	exitNoPod       = 66  // no such pod, or several fit
	exitUnavailable = 69  // RunPod cannot be asked, or failed
	exitHostKey     = 76  // a host key is not known, or has changed
	exitNoKey       = 77  // no API key, or RunPod does not accept it
	exitSettings    = 78  // the settings file cannot be used
	exitSSH         = 255 // no connection to the pod, or it was lost
)

const exitCodesHelp = `Exit codes:
  0      all went well
  1      anything that has no code of its own
  2      findings of keys or doctor
  64     wrong usage
  66     no such pod
  69     RunPod cannot be asked
  76     host key not trusted
  77     no API key, or not accepted
  78     settings file not usable
  128+n  ended by signal n
  255    no connection to the pod, or lost
"podbay ssh" else exits as the remote shell did.`

// usageError is a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// settingsError is a settings file that cannot be used.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// statusError is a remote shell's exit status: nothing failed in podbay, and
// nothing is printed.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// silentError was told already: it decides the exit code alone.
type silentError struct{ error }

func (e silentError) Unwrap() error { return e.error }

func silent(err error) bool {
	var (
		status statusError
		told   silentError
	)
	return errors.As(err, &status) || errors.As(err, &told) || errno.ClosedPipe(err)
}

// ExitCode maps what a command returned to the process's exit code.
func ExitCode(err error) int {
	var (
		status   statusError
		usage    usageError
		settings settingsError
		unknown  *manager.HostKeyUnknown
		changed  *manager.HostKeyChanged
		failure  *manager.Failure
		asked    *manager.PassphraseWanted
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errno.ClosedPipe(err):
		return 128 + int(syscall.SIGPIPE)
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &settings):
		return exitSettings
	case errors.Is(err, manager.ErrNoPod):
		return exitNoPod
	case errors.As(err, &unknown), errors.As(err, &changed):
		return exitHostKey
	case errors.Is(err, manager.ErrNoAPIKey), errors.Is(err, manager.ErrKeyRejected), errors.Is(err, manager.ErrForbidden):
		return exitNoKey
	case errors.As(err, &failure) && failure.Verdict.ID == doctor.HostKeyRevoked:
		return exitHostKey
	case errors.As(err, &failure), errors.As(err, &asked):
		return exitSSH
	case manager.IsAPIError(err):
		return exitUnavailable
	}
	return exitFailed
}
