package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"podbay/config"
	"podbay/doctor"
	"podbay/manager"
)

// maxKeyInput bounds what is read from a pipe as an API key.
const maxKeyInput = 4096

func (a *app) loginCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "login",
		Short: "Check a RunPod API key and keep it",
		Long: `Ask for a RunPod API key, check it by a call, and keep it in podbay's
own credentials file, which only you can read. Make a key at
` + doctor.APIKeysPage + `

In scripts: podbay login < FILE`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runLogin(cmd.Context()) },
	}
}

func (a *app) runLogin(ctx context.Context) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	key, err := a.readKey(ctx)
	if errors.Is(err, errNothingTyped) {
		return fmt.Errorf("%w: nothing was typed, and nothing was changed", manager.ErrNoAPIKey)
	}
	if err != nil {
		return err
	}
	if err := m.Login(ctx, key.Reveal()); err != nil {
		return err
	}
	fmt.Fprintf(a.std.Out, "The key works. It is kept in %s for %s.\n", m.Account().Credentials, m.Account().Origin)
	if a.getenv(string(config.KeyFromEnv)) != "" {
		fmt.Fprintln(a.std.Out, "RUNPOD_API_KEY is set and goes before it: unset it to use the key that is kept.")
	}
	return nil
}

func (a *app) readKey(ctx context.Context) (config.Secret, error) {
	if term.IsTerminal(int(a.std.In.Fd())) {
		fmt.Fprintln(a.asks(), "Make an API key at "+doctor.APIKeysPage+"\nReading is enough to list pods and connect; all else needs write access.")
		key, err := a.readSecret(ctx, "RunPod API key (it is not shown): ")
		return config.Secret(key), err
	}
	text, err := a.readAll(ctx, "the API key", maxKeyInput)
	return config.Secret(text), err
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Remove the API key that podbay keeps",
		Long: `Remove the API key that podbay login keeps. Keys in RUNPOD_API_KEY and
in RunPod's own ~/.runpod/config.toml are not podbay's and stay.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			out, err := m.Logout()
			switch {
			case err != nil:
				return err
			case out.Removed:
				fmt.Fprintf(a.std.Out, "The key for %s is removed from %s.\n", m.Account().Origin, m.Account().Credentials)
			default:
				fmt.Fprintf(a.std.Out, "There was no key for %s in %s.\n", m.Account().Origin, m.Account().Credentials)
			}
			if out.Left != "" {
				fmt.Fprintf(a.std.Out, "podbay still finds a key in %s, and uses it.\n", out.Left)
			}
			for _, path := range out.Aside {
				fmt.Fprintf(a.std.Out, "%s may hold a key too: podbay once moved it out of its way. Remove it if you do not need it.\n", path)
			}
			return nil
		},
	}
}
