package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"podbay/manager"
)

// lostKeys is the text of the keys that are gone.
func lostKeys(report manager.KeyReport) (string, error) {
	if report.RegisteredErr != nil {
		return "", report.RegisteredErr
	}
	var lines []string
	for _, k := range report.Lost {
		lines = append(lines, k.Line)
	}
	if len(lines) == 0 {
		return "", errors.New("no key is lost: all that were registered from here are on the account")
	}
	return strings.Join(lines, "\n"), nil
}

func (a *app) keysForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forget FINGERPRINT",
		Short: "Report a lost key no more",
		Args:  one("FINGERPRINT", false),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.forgetKey(cmd.Context(), args[0]) },
	}
}

func (a *app) forgetKey(ctx context.Context, fingerprint string) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	report, err := m.Keys(ctx)
	switch {
	case err != nil:
		return err
	case report.RegisteredErr != nil:
		return report.RegisteredErr
	}
	for _, k := range report.Lost {
		if k.Fingerprint == fingerprint {
			if err := m.ForgetLost(ctx, fingerprint); err != nil {
				return err
			}
			fmt.Fprintf(a.std.Out, "%s %s is no longer missed; the account stays as it is\n", k.Fingerprint, k.Comment)
			return nil
		}
	}
	return fmt.Errorf("no lost key has the fingerprint %.60q: podbay keys lists them", fingerprint)
}
