package pod

import (
	"context"
	"io"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// session is one session channel: RFC 4254, section 6.
type session struct {
	server  *Server
	conn    *conn
	channel ssh.Channel
	user    string

	// Of the goroutine that serves requests alone.
	env     []string
	term    string
	pty     *terminal // nil without a PTY
	process *process
	started bool

	over chan struct{} // closed with the channel
	wg   sync.WaitGroup
}

// The payloads of RFC 4254.
type (
	ptyRequest struct {
		Term                      string
		Cols, Rows, Width, Height uint32
		Modes                     string
	}
	windowChange struct{ Cols, Rows, Width, Height uint32 }
	envRequest   struct{ Name, Value string }
	execRequest  struct{ Command string }
	signalName   struct{ Signal string }
	exitStatus   struct{ Status uint32 }
	exitSignal   struct {
		Signal     string
		CoreDumped bool
		Message    string
		Language   string
	}
)

// serve answers the channel's requests until the channel is closed, by either
// side, and leaves nothing behind.
func (s *session) serve(requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(s.server.ctx)
	for req := range requests {
		if s.server.behaviour.HoldShell && (req.Type == "shell" || req.Type == "exec") {
			continue
		}
		ok, then := s.handle(req)
		if req.WantReply {
			_ = req.Reply(ok, nil)
		}
		if then != nil {
			s.wg.Go(func() { then(ctx) })
		}
	}
	cancel()
	close(s.over)
	s.wg.Wait()
	if s.pty != nil {
		s.pty.close()
	}
	_ = s.channel.Close()
}

// handle decides on a request. What it returns runs after the answer went out,
// so that no output comes before it.
func (s *session) handle(req *ssh.Request) (ok bool, then func(context.Context)) {
	switch req.Type {
	case "pty-req":
		return s.openPTY(req.Payload), nil
	case "window-change":
		return s.resize(req.Payload), nil
	case "env":
		return s.setEnv(req.Payload), nil
	case "shell":
		return s.start("")
	case "exec":
		var msg execRequest
		if ssh.Unmarshal(req.Payload, &msg) != nil {
			return false, nil
		}
		return s.start(msg.Command)
	case "signal":
		var msg signalName
		if ssh.Unmarshal(req.Payload, &msg) != nil || s.process == nil {
			return false, nil
		}
		return s.process.signal(msg.Signal), nil
	default: // subsystem, x11-req, auth-agent-req@openssh.com and what is to come
		return false, nil
	}
}

func (s *session) openPTY(payload []byte) bool {
	var msg ptyRequest
	if ssh.Unmarshal(payload, &msg) != nil || s.started || s.pty != nil || s.server.behaviour.RefusePTY {
		return false
	}
	pty, err := openTerminal(windowChange{msg.Cols, msg.Rows, msg.Width, msg.Height}, parseModes(msg.Modes))
	if err != nil {
		return false
	}
	s.pty, s.term = pty, msg.Term
	return true
}

func (s *session) resize(payload []byte) bool {
	var msg windowChange
	if ssh.Unmarshal(payload, &msg) != nil || s.pty == nil {
		return false
	}
	return s.pty.resize(msg) == nil
}

// maxEnv bounds what a client can make us keep.
const maxEnv = 64

func (s *session) setEnv(payload []byte) bool {
	var msg envRequest
	if ssh.Unmarshal(payload, &msg) != nil || s.started || len(s.env) >= maxEnv {
		return false
	}
	if !acceptedEnv(msg.Name) || strings.ContainsRune(msg.Value, 0) {
		return false
	}
	s.env = append(s.env, msg.Name+"="+msg.Value)
	return true
}

// start begins the channel's one program: the shell when command is "".
func (s *session) start(command string) (ok bool, then func(context.Context)) {
	if s.started {
		return false, nil
	}
	s.started = true
	if s.server.rules.shellOnly {
		if s.pty == nil {
			return true, s.say(noPTYComplaint, 0)
		}
		command = ""
	}
	if s.server.behaviour.ExitAtOnce {
		return true, s.say("", 1)
	}
	container, err := s.server.rules.container(s.user)
	if err != nil {
		return true, s.say("Error: "+err.Error(), 1)
	}
	program := shellProgram(container, command, s.pty != nil, s.environment())
	if s.process, err = startProcess(program, s.pty); err != nil {
		return true, s.say(err.Error(), 1)
	}
	process := s.process
	s.wg.Go(func() { s.endWith(container.Gone) })
	return true, func(ctx context.Context) { s.run(ctx, process, program.greeting) }
}

// noPTYComplaint is what ssh.runpod.io answers.
const noPTYComplaint = "Error: Your SSH client doesn't support PTY"

func (s *session) environment() []string {
	if s.term == "" {
		return s.env
	}
	return append([]string{"TERM=" + s.term}, s.env...)
}

// run connects the process with the channel until the process has ended and all
// it printed is sent, then tells how it ended.
func (s *session) run(ctx context.Context, p *process, greeting string) {
	out := s.conn.limit(s.channel)
	_, _ = io.WriteString(out, greeting)
	// Ends with the channel, which the client may close later than we do.
	s.wg.Go(func() { p.feed(s.channel) })
	exit := p.run(ctx, out, s.conn.limit(s.channel.Stderr()))
	s.finish(exit)
	p.sweep()
}

// endWith ends the connection when its container does.
func (s *session) endWith(gone <-chan struct{}) {
	select {
	case <-gone:
		_ = s.conn.Close()
	case <-s.over:
	}
}

// say prints a line in place of a program and ends the channel.
func (s *session) say(line string, status int) func(context.Context) {
	if line != "" {
		line += lineEnd(s.pty != nil)
	}
	return func(context.Context) {
		_, _ = io.WriteString(s.conn.limit(s.channel), line)
		s.finish(exit{status: status})
	}
}

func lineEnd(onPTY bool) string {
	if onPTY {
		return "\r\n"
	}
	return "\n"
}

// exit is how a program ended.
type exit struct {
	status int
	signal string // "TERM"; "" when it exited by itself
	core   bool
}

func (s *session) finish(e exit) {
	_ = s.channel.CloseWrite()
	if e.signal != "" {
		_, _ = s.channel.SendRequest("exit-signal", false, ssh.Marshal(exitSignal{Signal: e.signal, CoreDumped: e.core}))
	} else {
		_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(exitStatus{uint32(e.status)}))
	}
	_ = s.channel.Close()
}
