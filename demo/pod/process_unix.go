//go:build linux || darwin

package pod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long the end of a program may take.
const (
	hangupGrace = 500 * time.Millisecond // from SIGHUP to SIGKILL
	settleTime  = 50 * time.Millisecond  // a PTY that others still hold is drained when it is quiet so long
	pollTime    = 10 * time.Millisecond
)

// process is a running program and its ends of the pipes or the PTY.
type process struct {
	cmd    *exec.Cmd
	in     *os.File
	out    *os.File // the same as in on a PTY
	errOut *os.File // nil on a PTY
	ended  atomic.Bool
	left   []int // the session's processes that were alive when its leader ended
}

// startProcess starts a program in a session of its own, on t or on pipes.
func startProcess(prog program, t *terminal) (*process, error) {
	p := &process{cmd: exec.Command(prog.path, prog.args...)}
	p.cmd.Dir, p.cmd.Env = prog.dir, prog.env
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var err error
	if t != nil {
		err = p.startOnPTY(t)
	} else {
		err = p.startOnPipes()
	}
	if err != nil {
		return nil, fmt.Errorf("the demo shell could not start: %w", err)
	}
	return p, nil
}

func (p *process) startOnPTY(t *terminal) error {
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = t.tty, t.tty, t.tty
	p.cmd.SysProcAttr.Setctty = true // of descriptor 0
	if err := p.cmd.Start(); err != nil {
		return err
	}
	_ = t.tty.Close()
	p.in, p.out = t.master, t.master
	return nil
}

// startOnPipes makes the pipes itself: those of os/exec are closed, or waited
// for, when the program ends, and its children may still print.
func (p *process) startOnPipes() (err error) {
	var files []*os.File
	pipe := func() (r, w *os.File) {
		if err == nil {
			if r, w, err = os.Pipe(); err == nil {
				files = append(files, r, w)
			}
		}
		return r, w
	}
	stdin, in := pipe()
	out, stdout := pipe()
	errOut, stderr := pipe()
	if err == nil {
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdout, stderr
		err = p.cmd.Start()
	}
	if err != nil {
		for _, f := range files {
			_ = f.Close()
		}
		return err
	}
	_, _, _ = stdin.Close(), stdout.Close(), stderr.Close()
	p.in, p.out, p.errOut = in, out, errOut
	return nil
}

// feed copies to the program's input until r ends. The end is passed on to a
// pipe; on a PTY it has no meaning, as in OpenSSH.
func (p *process) feed(r io.Reader) {
	_, _ = io.Copy(p.in, r)
	if p.in != p.out {
		_ = p.in.Close()
	}
}

// run copies the program's output until the program has ended and nothing of it
// is left, and returns how it ended. When ctx ends, the session is hung up.
func (p *process) run(ctx context.Context, out, errOut io.Writer) exit {
	ended, drained := make(chan struct{}), make(chan struct{})
	var copies, watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-ctx.Done():
			p.hangUp(ended)
			p.closeOutputs()
		case <-drained:
		}
	})
	if p.errOut == nil {
		copies.Go(func() { p.copyPTY(out) })
	} else {
		copies.Go(func() { _, _ = io.Copy(out, p.out) })
		copies.Go(func() { _, _ = io.Copy(errOut, p.errOut) })
	}
	_ = p.cmd.Wait() // the state says it all
	// Taken at once: a session's ID is not used again while a member lives.
	p.left = sessionMembers(p.cmd.Process.Pid)
	close(ended)
	p.ended.Store(true)
	if p.errOut == nil {
		_ = p.out.SetReadDeadline(time.Now().Add(settleTime)) // wakes a waiting copyPTY
	}
	copies.Wait()
	close(drained)
	watch.Wait()
	p.closeOutputs()
	return exitOf(p.cmd.ProcessState)
}

// afterEnd bounds what is read from a PTY after its program has ended: more
// than Linux buffers in one, so that whatever comes later is a background job's.
const afterEnd = 256 << 10

// copyPTY copies until the PTY reports its end (EIO on Linux) or, when
// background jobs keep it open past the program's end, until what the program
// left in it is read.
func (p *process) copyPTY(w io.Writer) {
	buf := make([]byte, 32<<10)
	for late := 0; late < afterEnd; {
		if p.ended.Load() {
			_ = p.out.SetReadDeadline(time.Now().Add(settleTime))
		}
		n, err := p.out.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil || err != nil {
			return
		}
		if p.ended.Load() {
			late += n
		}
	}
}

func (p *process) closeOutputs() {
	_ = p.out.Close()
	if p.errOut != nil {
		_ = p.errOut.Close()
	}
}

// hangUp ends every process of the session: as a terminal does that goes away,
// then by force.
func (p *process) hangUp(ended <-chan struct{}) {
	leader := p.cmd.Process.Pid
	members := sessionMembers(leader)
	select {
	case <-ended:
		return // and the leader's ID may already be another's
	default:
	}
	signalAll(members, unix.SIGHUP)
	signalAll(members, unix.SIGCONT) // a stopped process takes no signal
	timer := time.NewTimer(hangupGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		signalAll(sessionMembers(leader), unix.SIGKILL)
		<-ended
	}
}

// sweep ends what the program left running in its session. It is called once,
// after run.
func (p *process) sweep() {
	if len(p.left) == 0 {
		return
	}
	leader := p.cmd.Process.Pid
	signalAll(p.left, unix.SIGHUP)
	signalAll(p.left, unix.SIGCONT)
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	start := time.Now()
	for {
		members := sessionMembers(leader)
		if len(members) == 0 || time.Since(start) > 2*hangupGrace {
			return
		}
		if time.Since(start) > hangupGrace {
			signalAll(members, unix.SIGKILL)
		}
		<-tick.C
	}
}

func signalAll(pids []int, sig unix.Signal) {
	for _, pid := range pids {
		_ = unix.Kill(pid, sig)
	}
}

// signalNames are those of RFC 4254, section 6.10.
var signalNames = map[string]unix.Signal{
	"ABRT": unix.SIGABRT, "ALRM": unix.SIGALRM, "FPE": unix.SIGFPE, "HUP": unix.SIGHUP,
	"ILL": unix.SIGILL, "INT": unix.SIGINT, "KILL": unix.SIGKILL, "PIPE": unix.SIGPIPE,
	"QUIT": unix.SIGQUIT, "SEGV": unix.SIGSEGV, "TERM": unix.SIGTERM, "USR1": unix.SIGUSR1, "USR2": unix.SIGUSR2,
}

// signal sends a signal to the program's process group, as OpenSSH does.
func (p *process) signal(name string) bool {
	sig, known := signalNames[name]
	if !known || p.ended.Load() {
		return false
	}
	// Through os.Process, which knows whether the process still is ours.
	if err := p.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		return false
	}
	err := unix.Kill(-p.cmd.Process.Pid, sig)
	return err == nil || errors.Is(err, unix.ESRCH)
}

func exitOf(state *os.ProcessState) exit {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return exit{status: state.ExitCode()}
	}
	for name, sig := range signalNames {
		if sig == unix.Signal(status.Signal()) {
			return exit{signal: name, core: status.CoreDump()}
		}
	}
	// RFC 4254 has no name for the others: say it as a shell does.
	return exit{status: 128 + int(status.Signal())}
}
