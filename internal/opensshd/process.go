package opensshd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	startTimeout = 30 * time.Second
	endTimeout   = 10 * time.Second
	// privsepDir is where Debian's sshd, run by root, locks its unprivileged
	// half in. Debian's unit makes it at boot; a container has no such unit.
	privsepDir = "/run/sshd"
)

// findBinary returns sshd's absolute path, which sshd itself insists on.
func findBinary() (string, error) {
	if path, err := exec.LookPath("sshd"); err == nil {
		return path, nil
	}
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("sshd is missing: install the package openssh-server")
}

// process is one run of the listening sshd.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed after Wait
}

// startProcess runs sshd and returns when it says that it listens.
func startProcess(ctx context.Context, binary, config string, out *log) (*process, error) {
	if os.Geteuid() == 0 {
		if err := os.Mkdir(privsepDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	args := append([]string{"-D", "-e", "-f", config}, penaltyOptions(ctx, binary, config)...)
	listening, mark := make(chan struct{}), out.mark()
	stop := out.notify(mark, "Server listening on ", listening)
	defer stop()

	p := &process{cmd: exec.Command(binary, args...), exited: make(chan struct{})}
	p.cmd.Stderr = out
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	p.cmd.WaitDelay = endTimeout
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is in its log
	}()
	select {
	case <-listening:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("sshd ended: %s", out.since(mark))
	case <-ctx.Done():
		p.end()
		return nil, fmt.Errorf("sshd did not listen in time: %s", out.since(mark))
	}
}

// penaltyOptions switches off the delays with which OpenSSH 9.8 and later
// punish an address that failed to log in; older ones do not know the option.
func penaltyOptions(ctx context.Context, binary, config string) []string {
	option := []string{"-o", "PerSourcePenalties=no"}
	if exec.CommandContext(ctx, binary, append([]string{"-t", "-f", config}, option...)...).Run() != nil {
		return nil
	}
	return option
}

// end kills the listener and all it started, by pid, and waits for them.
// Sessions are processes of their own and would outlive the listener.
func (p *process) end() {
	// Looked up before the listener ends, which makes orphans of them.
	sessions := descendants(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
	for _, session := range sessions {
		if proc, err := os.FindProcess(session); err == nil {
			_ = proc.Kill()
		}
	}
	<-p.exited
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(endTimeout); time.Now().Before(deadline); <-tick.C {
		if !slices.ContainsFunc(sessions, alive) {
			return
		}
	}
}

// descendants lists the processes below pid, children before grandchildren.
func descendants(pid int) []int {
	children := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if child, err := strconv.Atoi(entry.Name()); err == nil {
			if parent, _, ok := stat(child); ok {
				children[parent] = append(children[parent], child)
			}
		}
	}
	found := children[pid]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

func alive(pid int) bool {
	_, state, ok := stat(pid)
	return ok && state != "Z" && state != "X"
}

// stat reads a process's parent and state from /proc/PID/stat, see proc(5). The
// name before them is in parentheses and may hold anything.
func stat(pid int) (parent int, state string, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", false
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, "", false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, fields[0], err == nil
}

// awaitBanner reads the server's identification.
func awaitBanner(ctx context.Context, addr string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "SSH-2.0-") {
		return fmt.Errorf("it says %q", line)
	}
	return nil
}

// log collects what sshd writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	want string
	from int
	seen chan<- struct{} // closed once when want was written; nil without a wish
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if l.seen != nil && strings.Contains(l.text.String()[l.from:], l.want) {
		close(l.seen)
		l.seen = nil
	}
	return n, err
}

// notify closes seen when want is written after position from.
func (l *log) notify(from int, want string, seen chan<- struct{}) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.want, l.seen = from, want, seen
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen = nil
	}
}

func (l *log) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

func (l *log) since(from int) string { return l.String()[from:] }

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
