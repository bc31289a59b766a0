package sshconn

import "strings"

// The bounds of what may come before an SSH identification, RFC 4253 section
// 4.2; the RFC sets none for the lines before it, OpenSSH allows 1024.
const (
	maxIdentLine  = 255 // with CR and LF
	maxEarlyLines = 1024
	maxEarlyBytes = 64 << 10
)

// identScanner looks for the identification string in what a server says
// first. It keeps no more than one line of it at a time.
type identScanner struct {
	ident string // "SSH-2.0-..." once it was found, not cleaned
	first string // the first line with anything on it that is not the identification

	line    []byte
	tooLong bool // line was longer than it is kept
	lines   int
	bytes   int
	over    bool
}

// feed takes the next bytes and reports whether the question is settled: an
// identification was found, or more came than may come before one.
func (s *identScanner) feed(p []byte) bool {
	for _, b := range p {
		if s.over {
			break
		}
		s.bytes++
		if b == '\n' {
			s.endLine()
			continue
		}
		if len(s.line) < maxIdentLine-2 {
			s.line = append(s.line, b)
		} else if b != '\r' {
			s.tooLong = true
		}
		s.over = s.over || s.bytes >= maxEarlyBytes
	}
	return s.over
}

func (s *identScanner) endLine() {
	line := strings.TrimSuffix(string(s.line), "\r")
	if isIdent(line) && !s.tooLong {
		s.ident, s.over = line, true
		return
	}
	if s.first == "" && strings.TrimSpace(line) != "" {
		s.first = line
	}
	s.line, s.tooLong = s.line[:0], false
	s.lines++
	s.over = s.lines >= maxEarlyLines
}

// said is the first line of a server that did not identify itself.
func (s *identScanner) said() string {
	if s.first != "" {
		return s.first
	}
	return string(s.line)
}

// isIdent accepts the protocol versions that can speak version 2, RFC 4253
// sections 4.2 and 5.1.
func isIdent(line string) bool {
	return strings.HasPrefix(line, "SSH-2.0-") || strings.HasPrefix(line, "SSH-1.99-")
}

// isBusy recognises the plain lines with which OpenSSH's sshd hangs up on a
// connection that it has no room for, or that it punishes for earlier ones.
func isBusy(line string) bool {
	return strings.HasPrefix(line, "Exceeded MaxStartups") || strings.HasPrefix(line, "Not allowed at this time")
}
