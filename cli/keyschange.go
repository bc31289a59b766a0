package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"podbay/manager"
)

// change is a subcommand that changes the registered keys.
type change struct {
	yes  bool
	plan func(context.Context, *manager.Manager) (manager.KeyPlan, error)
}

func (a *app) keysAddCommand() *cobra.Command {
	var (
		c    change
		lost bool
	)
	cmd := &cobra.Command{
		Use:   "add [FILE | -]",
		Short: "Register a public key on your account",
		Long: `Register a public key on your account: the one in FILE, or on standard
input with -, or the best one of this machine. What is wrong with the
text is mended where that is certain. Keys that are registered already
stay. With --lost they are the keys that were registered from here and
are gone from the account.`,
		Args: one("FILE", true),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lost && len(args) > 0 {
				return usageError{errors.New("podbay keys add takes --lost or a file, not both")}
			}
			c.plan = func(ctx context.Context, m *manager.Manager) (manager.KeyPlan, error) {
				text, err := a.keyToAdd(ctx, m, args, lost)
				if err != nil {
					return manager.KeyPlan{}, err
				}
				return m.PlanAdd(ctx, text)
			}
			return a.changeKeys(cmd.Context(), c)
		},
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&lost, "lost", false, "register again the keys that were lost")
	return cmd
}

// keyToAdd is the text that the words of the command line mean.
func (a *app) keyToAdd(ctx context.Context, m *manager.Manager, args []string, lost bool) (string, error) {
	if len(args) == 1 {
		return a.keyText(ctx, m, args[0])
	}
	report, err := m.Keys(ctx)
	switch {
	case err != nil:
		return "", err
	case lost:
		return lostKeys(report)
	}
	for _, k := range report.Local {
		if k.Problem == "" && k.Line != "" {
			return k.Line, nil
		}
	}
	return "", errors.New("there is no usable key on this machine: make one with podbay keys create")
}

func (a *app) keysFixCommand() *cobra.Command {
	c := change{plan: func(ctx context.Context, m *manager.Manager) (manager.KeyPlan, error) { return m.PlanFix(ctx) }}
	cmd := &cobra.Command{
		Use:   "fix",
		Short: "Mend what is wrong with the registered keys",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.changeKeys(cmd.Context(), c) },
	}
	c.flags(cmd)
	return cmd
}

func (a *app) keysRemoveCommand() *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use:   "remove FINGERPRINT",
		Short: "Take a registered key off your account",
		Long: `Take a registered key off your account, by its fingerprint (SHA256 or
MD5) or by how only one begins. Pods that have the key keep it until
they are created anew. podbay keys restore puts it back.`,
		Args: one("FINGERPRINT", false),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.plan = func(ctx context.Context, m *manager.Manager) (manager.KeyPlan, error) {
				return m.PlanRemove(ctx, args[0])
			}
			return a.changeKeys(cmd.Context(), c)
		},
	}
	c.flags(cmd)
	return cmd
}

func (a *app) keysRestoreCommand() *cobra.Command {
	var (
		c       change
		removed bool
		list    bool
	)
	cmd := &cobra.Command{
		Use:   "restore [BACKUP]",
		Short: "Put registered keys back from a backup",
		Long: `Put back the keys of a backup that are gone from your account; podbay
keeps one before every change. Nothing is taken away. Keys that are
known to have been removed on purpose since then stay away, unless
--removed asks for them too.`,
		Args: one("BACKUP", true),
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return a.listBackups(cmd.Context())
			}
			c.plan = func(ctx context.Context, m *manager.Manager) (manager.KeyPlan, error) {
				return m.PlanRestore(ctx, manager.RestoreRequest{Path: strings.Join(args, ""), Removed: removed})
			}
			return a.changeKeys(cmd.Context(), c)
		},
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&removed, "removed", false, "also put back keys that were removed on purpose")
	cmd.Flags().BoolVar(&list, "list", false, "list the backups")
	return cmd
}

func (a *app) listBackups(ctx context.Context) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	backups, err := m.Backups()
	if err != nil {
		return err
	}
	if len(backups) == 0 {
		fmt.Fprintln(a.std.Out, "no backups yet: podbay keeps one before every change of the registered keys")
	}
	for _, b := range backups {
		note := ""
		if b.OtherKey {
			note = " (made with another API key: maybe of another account)"
		}
		fmt.Fprintf(a.std.Out, "%s  %d keys  %s%s\n", b.At.UTC().Format("2006-01-02 15:04:05 MST"), b.Keys, b.Path, note)
	}
	return nil
}

func (c *change) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "make the change without asking")
}

// changeKeys shows the exact change, asks, and makes it.
func (a *app) changeKeys(ctx context.Context, c change) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	plan, err := c.plan(ctx, m)
	if err != nil {
		return err
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintln(a.std.Out, "warning: "+warning)
	}
	a.printDiff(plan)
	if !plan.Changes() {
		fmt.Fprintln(a.std.Out, "nothing to change: the account stays as it is")
		return nil
	}
	if !c.yes {
		if !a.onTerminal() {
			return usageError{errors.New("nothing was changed: without a terminal to ask on, --yes is needed")}
		}
		fmt.Fprint(a.asks(), "Make this change? Type yes, or press enter for no: ")
		answer, err := a.readLine(ctx)
		if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "yes") {
			fmt.Fprintln(a.std.Out, "nothing was changed")
			return nil
		}
	}
	done, err := m.ApplyKeys(ctx, plan)
	if err != nil {
		return err
	}
	for _, warning := range done.Warnings {
		fmt.Fprintln(a.std.Out, "warning: "+warning)
	}
	fmt.Fprintf(a.std.Out, "done: %d added, %d removed; the set as it was is kept in %s\n", done.Added, done.Removed, done.Backup)
	return nil
}

func (a *app) printDiff(plan manager.KeyPlan) {
	for _, line := range plan.Diff {
		reason := ""
		if line.Reason != "" {
			reason = "   (" + line.Reason + ")"
		}
		fmt.Fprintf(a.std.Out, "%s %s%s\n", line.Op, line.Line, reason)
	}
}
