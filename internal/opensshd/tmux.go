package opensshd

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tmuxDir is where a tmux in the sessions has its sockets.
func (s *Server) tmuxDir() string { return filepath.Join(s.dir, "t") }

// TmuxServers returns the names of the tmux servers that the sessions have started
// and that answer.
func (s *Server) TmuxServers() (names []string) {
	sockets, _ := filepath.Glob(filepath.Join(s.tmuxDir(), "tmux-*", "*"))
	for _, socket := range sockets {
		if _, err := tmux(socket, "display-message", "-p", "x"); err == nil {
			names = append(names, filepath.Base(socket))
		}
	}
	return names
}

// EndTmux ends the tmux servers that the sessions have started, as the end of a
// container does, and waits for them: a server that ends closes its socket.
func (s *Server) EndTmux() {
	sockets, _ := filepath.Glob(filepath.Join(s.tmuxDir(), "tmux-*", "*"))
	for _, socket := range sockets {
		_, _ = tmux(socket, "kill-server")
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(endTimeout); time.Now().Before(deadline) && len(s.TmuxServers()) > 0; {
		<-tick.C
	}
}

func tmux(socket string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-S", socket}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	output, err := cmd.Output()
	return strings.TrimSpace(string(output)), err
}
