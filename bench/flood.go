//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// session is a client with a shell that waits for commands.
type session struct {
	name string
	*terminal
	typed int
}

// sessions opens one with each client, to stay side by side.
func (w *world) sessions(clients map[string]*exec.Cmd, order ...string) (open []*session, err error) {
	for _, name := range order {
		t, _, err := openTerminal(clients[name], prompt)
		if err != nil {
			return open, err
		}
		open = append(open, &session{name: name, terminal: t})
		if _, err := t.wait(); err != nil {
			return open, err
		}
	}
	return open, nil
}

// hangUp ends sessions; what went wrong before counts for more.
func hangUp(open []*session, err *error) {
	for _, s := range open {
		keys := "exit\r"
		if *err != nil {
			keys = ""
		}
		if closeErr := s.close(keys); *err == nil {
			*err = closeErr
		}
	}
}

// clients are podbay and the machine's ssh, both to the pod that is near, and the
// order to name them in.
func (w *world) clients(o options) (clients map[string]*exec.Cmd, order []string) {
	clients = map[string]*exec.Cmd{ours: w.client("ssh", nearPod), openSSH: w.openssh(w.sshd.Addr)}
	order = []string{ours, openSSH}
	if o.also != "" {
		clients[o.also] = w.command(o.also, "ssh", nearPod)
		order = append(order, o.also)
	}
	return clients, order
}

// beside is a row for each client but podbay itself.
func beside(r row, samples map[string]sample, order []string) (rows []row) {
	for _, name := range order[1:] {
		r.ours, r.theirs, r.against = samples[ours], samples[name], name
		rows = append(rows, r)
	}
	return rows
}

// benchFlood measures how long much output takes to pass, and how long ctrl+c takes
// to stop it.
func benchFlood(w *world, o options) (rows []row, err error) {
	clients, order := w.clients(o)
	open, err := w.sessions(clients, order...)
	defer hangUp(open, &err)
	if err != nil {
		return nil, err
	}
	text := filepath.Join(w.tb.dir, "text")
	size, floods := floods(text, o)
	if err := writeText(text, size<<20); err != nil {
		return nil, err
	}
	for _, flood := range floods {
		work := map[string]sample{}
		samples, err := inTurns(o.rounds(flood.rounds), o.warmup(1), each(open, func(s *session) (float64, error) {
			before, err := computed(s.cmd.Process.Pid)
			if err != nil {
				return 0, err
			}
			took, err := s.completes(flood.command, o)
			if err != nil {
				return 0, err
			}
			after, err := computed(s.cmd.Process.Pid)
			work[s.name] = append(work[s.name], ms(after-before))
			return took, err
		})...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, beside(row{what: flood.what, target: atMost(1)}, samples, order)...)
		rows = append(rows, beside(row{what: flood.what + ", processor time of the client", unit: "ms of CPU", target: untargeted}, work, order)...)
	}
	samples, err := inTurns(o.rounds(15), o.warmup(1), each(open, func(s *session) (float64, error) { return s.interrupts(o) })...)
	if err != nil {
		return nil, err
	}
	return append(rows, beside(row{what: "flood: ctrl+c until the prompt", target: atMost(200), absolute: true}, samples, order)...), nil
}

// flood is a command that prints a lot.
type flood struct {
	what, command string
	rounds        int
}

// floods are what is printed, less of it in a test or while something is tried out; the
// text has size MiB.
func floods(text string, o options) (size int, floods []flood) {
	size, count, rounds := 256, 20000000, 15
	switch {
	case o.small():
		size, count, rounds = 1, 20000, 1
	case o.also != "":
		size, count, rounds = 32, 3000000, 9
	}
	return size, []flood{
		{fmt.Sprintf("flood: %d MiB of text", size), "cat " + text, rounds},
		{fmt.Sprintf("flood: seq 1 %d", count), fmt.Sprintf("seq 1 %d", count), rounds},
	}
}

func each(open []*session, run func(*session) (float64, error)) []subject {
	var out []subject
	for _, s := range open {
		out = append(out, subject{s.name, func() (float64, error) { return run(s) }})
	}
	return out
}

// completes is how long a command takes, from enter to the prompt after it.
func (s *session) completes(command string, o options) (float64, error) {
	s.expect("all of it", prompt)
	started := time.Now()
	s.slowed(o)
	if err := s.press(command + "; echo all' of 'it\r"); err != nil {
		return 0, err
	}
	at, err := s.wait()
	return ms(at.Sub(started)), err
}

// interrupts is how long it takes from ctrl+c in the middle of a flood to the
// shell's prompt.
func (s *session) interrupts(o options) (float64, error) {
	before, _ := s.taken()
	if err := s.press("yes 'a line of output that has no end'\r"); err != nil {
		return 0, err
	}
	for flows := before; flows < before+8<<20; flows, _ = s.taken() {
		time.Sleep(time.Millisecond)
	}
	s.expect(prompt)
	started := time.Now()
	s.slowed(o)
	if err := s.press("\x03"); err != nil {
		return 0, err
	}
	at, err := s.wait()
	return ms(at.Sub(started)), err
}

func (s *session) slowed(o options) {
	if s.name == ours {
		o.dawdle()
	}
}

// writeText writes size bytes of lines of words.
func writeText(path string, size int) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	for n := 0; n < size; {
		line := fmt.Sprintf("%08d  step loss=%.4f lr=%.2e  the quick brown fox jumps over the lazy dog\n", n, 1/float64(n+1), float64(n%97)/1e5)
		line = line[:min(len(line), size-n)]
		n += len(line)
		if _, err := out.WriteString(line); err != nil {
			file.Close()
			return err
		}
	}
	return errorsOf(out.Flush(), file.Close())
}
