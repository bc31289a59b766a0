package sshconn

import (
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

// Exit is how a shell ended.
type Exit struct {
	Status int    // the shell's exit status; 128+n for a signal; 255 when the connection was lost
	Signal string // "TERM", without SIG; "" when it exited by itself
}

// statusLost is OpenSSH's exit status for its own failures.
const statusLost = 255

// signalNumbers are Linux's, for the names of RFC 4254 section 6.10.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8,
	"KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
}

// watch answers the channel's requests until it ends and keeps the exit status.
func (s *Shell) watch(requests <-chan *ssh.Request) {
	defer close(s.exited)
	defer s.conn.net.shells.Add(-1)
	s.exit, s.err = Exit{Status: statusLost}, errDefect // until it is known better
	s.conn.met("watch")
	reported := false
	for request := range requests {
		if exit, ok := parseExit(request); ok && !reported {
			s.exit, s.err, reported = exit, nil, true
		}
		_ = request.Reply(false, nil) // nothing that a server may ask of a session is served
	}
	if reported {
		return
	}
	select {
	case <-s.closed:
		s.err = errors.New("the shell was closed by podbay")
		return
	default:
	}
	// The channel ends in the same way whether the server closed it or the
	// connection broke: ask which.
	if s.err = s.conn.lost(); s.err == nil {
		s.err = errors.New("the server closed the session without an exit status")
	}
}

// parseExit reads the two ways to report an end, RFC 4254 section 6.10.
func parseExit(request *ssh.Request) (Exit, bool) {
	switch request.Type {
	case "exit-status":
		if len(request.Payload) < 4 {
			return Exit{}, false
		}
		return Exit{Status: int(binary.BigEndian.Uint32(request.Payload))}, true
	case "exit-signal":
		var report struct {
			Signal     string
			CoreDumped bool
			Message    string
			Language   string
		}
		if ssh.Unmarshal(request.Payload, &report) != nil {
			return Exit{}, false
		}
		return Exit{Status: 128 + signalNumbers[report.Signal], Signal: cleantext.Line(report.Signal, 40)}, true
	}
	return Exit{}, false
}
