package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/checkup"
)

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [POD]",
		Short: "Say what is in the way, and what removes it",
		Long: `Check the account and every pod, side by side: ask RunPod, measure the
SSH port, and try a login without a shell, with the keys that podbay ssh
would offer. Nothing is asked, and no host key is kept or replaced: one
that is not known yet, or a passphrase that is needed, is a finding of
its own. What a login came to is remembered for the list.

With a POD, by name or ID, say all about that one: the verdict, what
removes it and what that costs, what else is in the way, and what was
seen, by whom and when. podbay carries most remedies out: press c on the
pod in its list.

With --json the account and each pod have a verdict with an id that
stays; fields may be added later.

Exit codes: 0 each running pod takes a shell, or the named one does, 2
one does not, else as for podbay: it could not be looked at.`,
		Example: `podbay doctor
podbay doctor my-pod
podbay doctor --json | jq '.pods[] | select(.verdict.tone == "bad")'`,
		Args: one("POD", true),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			out := a.printDoctor
			if asJSON {
				out = a.printDoctorJSON
			}
			if len(args) == 0 {
				return out(examineAll(cmd.Context(), m))
			}
			return out(examineOne(cmd.Context(), m, args[0]))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// examination is what "podbay doctor" found.
type examination struct {
	account doctor.Verdict
	pods    []manager.CheckUp
	one     bool  // a single pod was asked about
	err     error // why the pods could not be looked at
	told    bool  // the account's verdict says so too
}

// examineAll checks every pod. They come in the order of their names.
func examineAll(ctx context.Context, m *manager.Manager) examination {
	e := examination{account: m.JudgeAccount(ctx)}
	for c := range m.CheckUpAll(ctx) {
		if c.Pod.ID == "" && c.Err != nil {
			return examination{account: c.Verdict, err: c.Err, told: true}
		}
		e.pods = append(e.pods, c)
	}
	slices.SortFunc(e.pods, func(a, b manager.CheckUp) int {
		return cmp.Or(cmp.Compare(a.Pod.Name, b.Pod.Name), cmp.Compare(a.Pod.ID, b.Pod.ID))
	})
	e.err = context.Cause(ctx)
	return e
}

// examineOne checks the pod that word names.
func examineOne(ctx context.Context, m *manager.Manager, word string) examination {
	listing, err := m.Refresh(ctx)
	if err != nil {
		return examination{account: manager.JudgeError(err), one: true, err: err, told: ctx.Err() == nil}
	}
	e := examination{account: m.JudgeAccount(ctx), one: true}
	pod, err := manager.Find(listing.Pods, word)
	if err != nil {
		e.err = err
		return e
	}
	c := m.CheckUp(ctx, manager.CheckUpRequest{PodID: pod.ID})
	if c.Pod.ID == "" {
		c.Pod = pod
	}
	e.pods, e.err, e.told = []manager.CheckUp{c}, c.Err, true
	if ctx.Err() != nil {
		e.err, e.told = context.Cause(ctx), false
	}
	return e
}

// status is the exit code of what was found, as an error.
func (e examination) status() error {
	for _, c := range e.pods {
		if (e.one || c.Pod.Status == "RUNNING") && !takesShell(c.Verdict) {
			return statusError(exitFindings)
		}
	}
	return nil
}

// takesShell tells whether a verdict leaves the way to a shell open, maybe with a
// limit or a question on it.
func takesShell(v doctor.Verdict) bool {
	return v.Shell && (v.Tone == doctor.ToneGood || v.Tone == doctor.ToneWarn) && v.Action != doctor.ActForget
}

func (a *app) printDoctor(e examination) error {
	return e.print(func() error {
		if len(e.pods) == 1 && e.one {
			return describe(a.std.Out, e.pods[0])
		}
		return tabulate(a.std.Out, e)
	})
}

// print prints what was found, or returns why nothing was.
func (e examination) print(out func() error) error {
	if e.err != nil && !e.told {
		return e.err
	}
	if err := out(); err != nil {
		return err
	}
	if e.err != nil {
		return silentError{e.err}
	}
	return e.status()
}

// tabulate prints the account and a line a pod.
func tabulate(w io.Writer, e examination) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name string, v doctor.Verdict, so string) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name, v.ID, v.Word, so)
	}
	fmt.Fprintln(table, "NAME\tVERDICT\tSSH\tWHAT IS SO")
	line("(account)", e.account, sentences(e.account.Sentence, e.account.Remedy))
	for _, c := range e.pods {
		line(c.Pod.Name, c.Verdict, c.Verdict.Sentence)
	}
	return table.Flush()
}

// describe prints all about one pod.
func describe(w io.Writer, c manager.CheckUp) error {
	v := c.Verdict
	lines := [][2]string{
		{"pod", c.Pod.Name + " (" + c.Pod.ID + ")"}, {"verdict", string(v.ID) + ": " + v.Word}, {"", v.Sentence},
		{"remedy", v.Remedy}, {"price", v.Price}, {"action", deed(v.Action)},
	}
	for _, way := range v.Ways {
		lines = append(lines, [2]string{"way", deed(way)})
	}
	lines = append(lines, [2]string{"command", v.Command})
	for _, also := range c.Also {
		lines = append(lines, [2]string{"also", string(also.ID) + ": " + also.Sentence})
	}
	for _, seen := range c.Evidence {
		lines = append(lines, [2]string{"seen", seen.String()})
	}
	for _, l := range lines {
		if l[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-8s  %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

// deed says what an action does and where podbay does it.
func deed(a doctor.Action) string {
	key, label := checkup.Offer(a)
	if key == "" {
		return string(a)
	}
	return fmt.Sprintf("%s: %s (%s)", a, label, place(a))
}

// place says where podbay carries an action out.
func place(a doctor.Action) string {
	switch key, _ := checkup.Offer(a); {
	case a == doctor.ActAPIKey:
		return "podbay login"
	case a == doctor.ActKeys:
		return "podbay keys setup"
	default:
		return "in podbay: c on the pod, then " + key
	}
}

// withHints adds to a failure how podbay removes it, and the proxy where that is
// another way.
func withHints(err error, v doctor.Verdict, pod manager.Pod, via manager.RouteKind) error {
	var hints []string
	switch v.Action {
	case "", doctor.ActRetry, doctor.ActProxy, doctor.ActConsole, doctor.ActCopySSH: // these are in its words
	case doctor.ActCopyCommand:
		hints = append(hints, v.Command)
	default:
		hints = append(hints, place(v.Action))
	}
	if via == "" && pod.HasProxy && pod.Route.Kind == manager.RouteDirect {
		hints = append(hints, "podbay ssh --proxy "+pod.ID)
	}
	if len(hints) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(hints, "; "))
}
