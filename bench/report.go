//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// row is one figure: podbay's, and what it is held against.
type row struct {
	what    string
	unit    string // "": milliseconds
	ours    sample
	theirs  sample // nil: the target is absolute
	against string // whose theirs is; "": OpenSSH's
	target  target
	tail    bool // the figure is the 99th percentile, not the median
	// absolute says that the target is about podbay's figure, whatever theirs is.
	absolute bool
	note     string
}

// target is a bound on a figure: on the ratio, or on the value where there is
// nothing to compare with.
type target struct {
	bound float64
	none  bool // told for comparison
}

func atMost(bound float64) target { return target{bound: bound} }

var untargeted = target{none: true}

func (t target) met(figure float64) bool {
	return figure <= t.bound
}

func (t target) String() string {
	if t.none {
		return ""
	}
	return fmt.Sprintf("≤ %.4g", t.bound)
}

func (r row) withDefaults() row {
	if r.unit == "" {
		r.unit = "ms"
	}
	if r.against == "" {
		r.against = openSSH
	}
	return r
}

func (r row) value(s sample) float64 {
	if r.tail {
		return s.quantile(0.99)
	}
	return s.median()
}

// figure is what the target is about.
func (r row) figure() float64 {
	if r.theirs == nil || r.absolute {
		return r.value(r.ours)
	}
	return r.ratio()
}

func (r row) ratio() float64 { return r.value(r.ours) / r.value(r.theirs) }

func (r row) verdict() string {
	switch {
	case r.target.none:
		return ""
	case r.target.met(r.figure()):
		return "met"
	}
	return "missed"
}

func (r row) cell(s sample) string {
	if s == nil {
		return ""
	}
	low, high := s.spread()
	if r.tail {
		return fmt.Sprintf("%.3g %s", r.value(s), r.unit)
	}
	if low == high {
		return fmt.Sprintf("%.4g %s", r.value(s), r.unit)
	}
	return fmt.Sprintf("%.4g %s (%.4g–%.4g)", r.value(s), r.unit, low, high)
}

func (r row) compared() string {
	if r.theirs == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", r.ratio())
}

// line is the row for people who watch.
func (r row) line() string {
	text := fmt.Sprintf("%-44s %s", r.what, r.cell(r.ours))
	if r.theirs != nil {
		text += fmt.Sprintf("; %s %s; ratio %.3f", r.against, r.cell(r.theirs), r.ratio())
	}
	if !r.target.none {
		text += fmt.Sprintf("; target %s %s", r.target, r.verdict())
	}
	if r.note != "" {
		text += "; " + r.note
	}
	return text
}

// shows checks that the delay of -slow is in the figure: one in which it could not
// be seen would measure nothing.
func (r row) shows(slow time.Duration) error {
	if slow == 0 || r.unit != "ms" {
		return nil
	}
	if r.value(r.ours) < ms(slow) {
		return fmt.Errorf("%s: a delay of %v does not show in %s", r.what, slow, r.cell(r.ours))
	}
	return nil
}

// report is a whole run.
type report struct {
	machine []string
	began   time.Time
	took    time.Duration
	rows    []row
}

func (r report) markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	fmt.Fprintf(&b, "## The run of %s\n", r.began.UTC().Format("2006-01-02 15:04 MST"))
	for _, line := range r.machine[:len(r.machine)-1] {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "- It took %s. Load before it: %s.\n\n", r.took.Round(time.Second), r.machineLoad())
	b.WriteString("| what | podbay | compared with | ratio | target | |\n|---|---|---|---|---|---|\n")
	for _, row := range r.rows {
		compared := ""
		if row.theirs != nil {
			compared = row.against + ": " + row.cell(row.theirs)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", row.what, row.cell(row.ours), compared, row.compared(), row.target, row.verdict())
	}
	b.WriteString("\n")
	for _, row := range r.rows {
		if row.note != "" {
			fmt.Fprintf(&b, "- %s: %s\n", row.what, row.note)
		}
	}
	return b.String()
}

func (r report) machineLoad() string { return r.machine[len(r.machine)-1] }

// describe says what was measured, on what.
func describe(podbay string) []string {
	lines := []string{
		fmt.Sprintf("%s, %d processors, %s/%s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		firstLine(exec.Command("uname", "-sr")) + ", " + systemName(),
		firstLine(exec.Command("ssh", "-V")) + " as the client, and its sshd",
		runtime.Version() + ", golang.org/x/crypto " + moduleVersion("golang.org/x/crypto"),
	}
	return append(lines, load())
}

func firstLine(cmd *exec.Cmd) string {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return err.Error()
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 3 {
		return "not known"
	}
	return strings.Join(fields[:3], " ")
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unknown processor"
}

func systemName() string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return "an unknown system"
}

func moduleVersion(path string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "of unknown version"
}

const preface = `# Performance

This page is made by one command, on any Linux machine with Go and OpenSSH; as root it can measure all of it:
` + "```" + `
bench/run          measure everything and write this page; twenty minutes on a machine that does nothing else
bench/run -short   each bench once, in small, for its exit code; ./test does it
bench/run -slow 300ms    adds a delay to each time of podbay's, and fails if one does not show it
bench/run -also OLD      measures another podbay beside, such as one of before a change
go test -bench . ./ui ./manager ./sshconn ./tty    the inner parts
` + "```" + `
## How it is measured
- The built binary and the machine's own ssh take turns, each first as often as the other: the same sshd on loopback, the same
  ed25519 key, the same terminal of 120×40 that reads as fast as it can, in the mode in which a shell leaves it. ssh copies that
  mode to the far side: with a raw one its floods would be cheaper by a newline each.
- Figures are medians, with the middle half of the runs in brackets; what warmed up is thrown away. A ratio is podbay's figure by the
  other's.
- The round trip of 100 ms is that of a tunnel (a TUN interface in a network namespace of the bench's own) that delays each packet by 50 ms, so
  that the handshake and the acknowledgements of TCP take their time too. A proxy that delays what it relays is measured beside it
  and counts the round trips: it acknowledges in the far side's place, which spares sshd, whose small packets wait for
  acknowledgements (Nagle's algorithm), and its clients some of the waiting that a network costs them.
- "Cold" is from exec of "podbay ssh" to the shell's first prompt, the question to RunPod (a server on loopback) included. "Connected ahead" is
  from enter in the list. Shells are plain ones (keep_shells = "never"): those that the pod's tmux keeps take an exec more.
- Processor times are the scheduler's, of all threads. A list is idle when no key was pressed for half a minute and nothing changes;
  RunPod's answers then still carry other uptimes and loads each time, as the real ones do.
- Keys in the list come at the pace at which a keyboard repeats one. A key's figure is the 99th of a hundred, its processor time a median.

## What bounds it
- x/crypto/ssh waits for the answers to the service request, to "none", to the question whether a key would do, and to the opening of a
  channel. That makes nine round trips to a cold shell with it, as with ssh. None of these waits can be left out through its API: an
  AuthMethod cannot be written outside the package, and a channel has no number before it is confirmed. Were the service request, "none"
  and the signed login sent in one go, as RFC 4252 allows, it would be six. Where packets and acknowledgements take their time,
  as on any real line, podbay is faster all the same: sshd waits less for acknowledgements.
- A key and its echo cost podbay about a tenth more than they cost ssh, some 70 us. By the kernel's trace all of it happens on one
  processor, one process after the other, so that each one's work counts, also that after a write: podbay takes 57 us more of it
  than ssh, sshd 34. The way out costs the same: 131 us from the key to the end of the write, 130 with ssh. The way back
  costs 66 against 46: x/crypto decrypts in one goroutine and hands out in another, from which a third takes the output, and
  its API gives nobody the output where it is decrypted. Some 20 us more the Go runtime takes until it sleeps after a key. Of sshd's
  part 20 to 30 us are its AES-GCM, which it does slower than ChaCha20 for one key; a flood is a tenth slower with ChaCha20, so
  that AES-GCM stays first where the processor has it.
- An idle list makes no system call between two answers: Bubble Tea's renderer, which a ticker wakes 120 times a second, waits in its write
  (ui/parker.go). What is left is the asking: for 5,000 pods 5.4 MB are read and hashed, which is why a long list is asked for more seldom,
  and that the pods in sight are measured.
- Of the first answer with 5,000 pods most is read while it arrives, on all processors; what is left after its last byte is what the
  socket holds, some megabytes on loopback. A network is slower than the reading.
- A profile (PGO) makes none of it faster by more than two in a hundred: podbay is built without one.
- A flood costs podbay half as much processor time again as it costs ssh, most of it waits for the terminal, which takes 8 KiB at a time:
  decryption is under 5 %. While a session lasts the Go runtime has one processor, reads the socket, and writes the terminal, in
  calls that do not block (rawio, cli/runtime.go), so that one thread does all of it. Reads rest for some milliseconds between
  each other while a flood lasts.

`
