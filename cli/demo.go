package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"podbay/config"
	"podbay/demo"
	"podbay/manager"
	"podbay/ui"
)

// demoEnd bounds the clean-up of the demo: its shells are told to end, and
// killed when they do not.
const demoEnd = 5 * time.Second

func (a *app) demoCommand() *cobra.Command {
	var cut time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try podbay on pretended pods of this machine",
		Long: `Show the list on a RunPod that podbay pretends to be: one pod of each
kind, no account, no key, no network. Its shells are real and run on
this machine, in a temporary home that goes when the demo ends. Nothing
of yours is read or changed.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), cut) },
	}
	cmd.Flags().DurationVar(&cut, "cut", 0, "cut every connection to a pod this often, such as 20s, to see podbay come back")
	return cmd
}

func (a *app) runDemo(ctx context.Context, cut time.Duration) (err error) {
	if a.apiURL != "" {
		return usageError{errors.New("the demo has an API of its own: leave --api-url away")}
	}
	pretended, err := demo.Start(ctx, demo.Options{Cut: cut})
	if err != nil {
		return fmt.Errorf("the demo cannot start: %w", err)
	}
	a.onClose(func() error {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoEnd)
		defer cancel()
		return pretended.Close(ending)
	})
	m, err := a.openDemo(ctx, pretended)
	if err != nil {
		return err
	}
	if !a.onTerminal() {
		return a.printTable(ctx, m)
	}
	return a.runUI(ctx, ui.Options{Manager: m, Title: "demo: this machine", Ends: true})
}

// openDemo makes a manager that sees the demo's account and home alone.
func (a *app) openDemo(ctx context.Context, pretended *demo.Demo) (*manager.Manager, error) {
	settings := config.DefaultSettings()
	settings.IdentityFile = []string{pretended.IdentityFile}
	settings.Refresh = 2 * time.Second // the account is this process, and has no quota to spare
	m, err := a.openWith(ctx, manager.Options{
		Paths:    config.PathsUnder(pretended.Dir),
		Settings: settings,
		Getenv:   a.demoEnv(pretended),
		Origin:   pretended.BaseURL,
		NoAgent:  true,
	})
	if err != nil {
		return nil, err
	}
	for _, known := range pretended.KnownHosts() {
		if err := m.TrustHostKey(known.PodID, known.Key, known.StartedAt); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// demoEnv is the environment with the demo's key.
func (a *app) demoEnv(pretended *demo.Demo) func(string) string {
	return func(name string) string {
		if name == string(config.KeyFromEnv) {
			return pretended.APIKey
		}
		return a.getenv(name)
	}
}
