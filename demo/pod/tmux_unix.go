//go:build linux || darwin

package pod

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// EndTmux ends the tmux servers whose sockets are below dir, a Container's TmuxDir,
// and what runs in them: they outlive the shells that started them. It waits for
// them.
func EndTmux(dir string) {
	sockets, _ := filepath.Glob(filepath.Join(dir, "tmux-*", "*"))
	var ending sync.WaitGroup
	for _, socket := range sockets {
		ending.Go(func() { endTmux(socket) })
	}
	ending.Wait()
}

func endTmux(socket string) {
	// The panes are sessions of their own, and the server's name for itself is a
	// process too.
	panes := tmuxPids(socket, "list-panes", "-a", "-F", "#{pane_pid}")
	server := tmuxPids(socket, "display-message", "-p", "#{pid}")
	_ = tmuxPids(socket, "kill-server")
	alive := func() (pids []int) {
		for _, pane := range panes {
			pids = append(pids, sessionMembers(pane)...)
		}
		for _, pid := range server {
			pids = append(pids, sessionMembers(pid)...)
		}
		return pids
	}
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for start := time.Now(); ; <-tick.C {
		left := alive()
		if len(left) == 0 || time.Since(start) > 2*hangupGrace {
			return
		}
		if time.Since(start) > hangupGrace {
			signalAll(left, unix.SIGKILL)
		}
	}
}

// tmuxTime bounds a call of tmux: a server can be stopped.
const tmuxTime = 2 * time.Second

// tmuxPids asks a tmux server for process IDs; none when it does not answer.
func tmuxPids(socket string, args ...string) (pids []int) {
	ctx, cancel := context.WithTimeout(context.Background(), tmuxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-S", socket}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	output, err := cmd.Output()
	if err != nil {
		return nil
	}
	for _, word := range strings.Fields(string(output)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}
