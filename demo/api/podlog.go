package api

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	sourceContainer = "container"
	sourceSystem    = "system"
	maxLog          = 10000 // lines kept of a pod
)

// logEntry is one line. Numbers begin with 1 and never repeat in a pod.
type logEntry struct {
	n      int
	ts     time.Time
	source string
	line   string
}

// podLog is guarded by Server.mu. Its zero value is empty.
type podLog struct {
	entries []logEntry
	last    int
	ended   bool
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// add appends a line. A time before the last line's becomes the last line's: what
// is computed late must not make the log's times run backwards.
func (l *podLog) add(ts time.Time, source, line string) {
	if n := len(l.entries); n > 0 && ts.Before(l.entries[n-1].ts) {
		ts = l.entries[n-1].ts
	}
	l.last++
	l.entries = append(l.entries, logEntry{n: l.last, ts: ts.UTC(), source: source, line: line})
	if len(l.entries) >= 2*maxLog {
		l.entries = slices.Clone(l.entries[len(l.entries)-maxLog:])
	}
	l.wake()
}

// end tells those who follow the log that no line will come.
func (l *podLog) end() {
	l.ended = true
	l.wake()
}

func (l *podLog) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// wait returns a channel that is closed at the next change.
func (l *podLog) wait() <-chan struct{} {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// from returns the lines with a number above n, of one source or of any ("").
func (l *podLog) from(n int, source string) []logEntry {
	i, _ := slices.BinarySearchFunc(l.entries, n+1, func(e logEntry, n int) int { return e.n - n })
	return ofSource(l.entries[i:], source)
}

// since returns the number after which the lines of t and later come.
func (l *podLog) since(t time.Time) int {
	i, _ := slices.BinarySearchFunc(l.entries, t, func(e logEntry, t time.Time) int { return e.ts.Compare(t) })
	if i == len(l.entries) {
		return l.last
	}
	return l.entries[i].n - 1
}

// has reports whether line n was one of the moment t.
func (l *podLog) has(n int, t time.Time) bool {
	lines := l.from(n-1, "")
	return len(lines) > 0 && lines[0].n == n && lines[0].ts.Equal(t)
}

// tail returns the number after which the last n lines of source come.
func (l *podLog) tail(n int, source string) int {
	lines := ofSource(l.entries, source)
	if n == 0 || len(lines) == 0 {
		return l.last
	}
	return lines[max(0, len(lines)-n)].n - 1
}

func ofSource(entries []logEntry, source string) []logEntry {
	var out []logEntry
	for _, e := range entries {
		if source == "" || e.source == source {
			out = append(out, e)
		}
	}
	return out
}

// boot prints what the start script of RunPod's images prints, word for word
// (container-template/start.sh in github.com/runpod/containers), or what the spec
// has in its place.
func (l *podLog) boot(at time.Time, spec PodSpec, c Container, keys []HostKey) {
	say := func(lines ...string) {
		for _, line := range lines {
			l.add(at, sourceContainer, line)
		}
	}
	if spec.Prints != nil {
		say(spec.Prints(c)...)
		return
	}
	say("Starting Nginx service...", " * Starting nginx nginx", "   ...done.", "Pod Started")
	if c.SSHD {
		say("Setting up SSH...")
		if !spec.NoHostKeyLog {
			for _, k := range keys {
				say(keyKind(k.Line)+" key fingerprint:", k.Line)
			}
		}
		say(" * Starting OpenBSD Secure Shell server sshd", "   ...done.")
		if !spec.NoHostKeyLog && len(keys) > 0 {
			say("SSH host keys:")
			for _, k := range slices.SortedFunc(slices.Values(keys), byPath) {
				say(fmt.Sprintf("Key: %s", k.Path), k.Line)
			}
		}
	}
	say("Exporting environment variables...", "Start script(s) finished, Pod is ready to use.")
}

// byPath is the order of the shell's *.pub.
func byPath(a, b HostKey) int { return strings.Compare(a.Path, b.Path) }

// keyKind is the "ED25519" of "256 SHA256:... comment (ED25519)".
func keyKind(line string) string {
	return strings.TrimSuffix(line[strings.LastIndex(line, "(")+1:], ")")
}
