//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// options is what was asked for on the command line.
type options struct {
	short bool
	slow  time.Duration
	only  *regexp.Regexp
	also  string // another podbay to measure beside; "" for none
}

// small tells whether the figures are not for comparing.
func (o options) small() bool { return o.short || o.slow > 0 }

// rounds is n, or as few as show that it works.
func (o options) rounds(n int) int {
	if o.small() {
		return 1
	}
	return n
}

func (o options) warmup(n int) int {
	if o.small() {
		return 0
	}
	return n
}

// dawdle is the delay that -slow adds to a time of podbay's.
func (o options) dawdle() { time.Sleep(o.slow) }

// bench measures one thing.
type bench struct {
	name string
	run  func(w *world, o options) ([]row, error)
}

var benches = []bench{
	{"shell", benchShell},
	{"warm", benchWarm},
	{"typing", benchTyping},
	{"flood", benchFlood},
	{"memory", benchMemory},
	{"start", benchStart},
	{"list", benchList},
	{"probing", benchProbing},
}

func main() {
	var o options
	podbay := flag.String("podbay", "", "the binary to measure")
	only := flag.String("only", "", "run the benches whose name matches this regular expression")
	out := flag.String("out", "docs/performance.md", "the file to write")
	flag.BoolVar(&o.short, "short", false, "each bench once, in small: for the exit code alone")
	flag.DurationVar(&o.slow, "slow", 0, "a delay that is added to every time of podbay's, and must show in it")
	flag.StringVar(&o.also, "also", "", "another podbay to measure beside, such as one of before a change")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*only); err == nil {
		err = run(*podbay, *out, o, o.small() || *only != "" || o.also != "")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(podbay, out string, o options, printOnly bool) (err error) {
	w, err := newWorld(podbay)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := w.close(); err == nil {
			err = closeErr
		}
	}()
	r := report{machine: describe(podbay), began: time.Now()}
	for _, b := range benches {
		if !o.only.MatchString(b.name) {
			continue
		}
		rows, err := b.run(w, o)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for i, row := range rows {
			row = row.withDefaults()
			rows[i] = row
			fmt.Println(row.line())
			if err := row.shows(o.slow); err != nil {
				return err
			}
		}
		r.rows = append(r.rows, rows...)
	}
	r.took = time.Since(r.began)
	fmt.Printf("took %s\n", r.took.Round(time.Second))
	if printOnly {
		return nil
	}
	return os.WriteFile(out, []byte(r.markdown()), 0o644)
}
