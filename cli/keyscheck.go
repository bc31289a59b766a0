package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"podbay/manager"
)

// maxKeyText bounds what is read from standard input as a key.
const maxKeyText = 64 << 10

func (a *app) keysCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE | -]",
		Short: "Say what is wrong with a key, or with all",
		Long: `Say what is wrong with the public key in FILE, or on standard input with
-, and print the mended lines. Without a file, look at this machine's
keys and at the account's. Nothing is changed.

Exit codes: 0 nothing is wrong, 2 something is.`,
		Args: one("FILE", true),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listKeys(cmd.Context(), false)
			}
			return a.checkKey(cmd.Context(), args[0])
		},
	}
}

// keyText reads the key that word names: a file, or "-".
func (a *app) keyText(ctx context.Context, m *manager.Manager, word string) (string, error) {
	if word != "-" {
		return m.KeyText(ctx, word)
	}
	text, err := a.readAll(ctx, "the key", maxKeyText+1)
	return string(text), err
}

func (a *app) checkKey(ctx context.Context, word string) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	text, err := a.keyText(ctx, m, word)
	if err != nil {
		return err
	}
	check, err := m.CheckKeyText(ctx, text)
	if err != nil {
		return err
	}
	for _, key := range check.Keys {
		fmt.Fprintln(a.std.Out, "key: "+key)
	}
	wrong := false
	for _, finding := range check.Findings {
		wrong = wrong || !finding.Fine
		fmt.Fprintf(a.std.Out, "%s: %s\n", finding.ID, sentences(finding.Sentence, finding.Remedy))
	}
	if wrong {
		for _, line := range check.Mended {
			fmt.Fprintln(a.std.Out, "mended: "+line)
		}
		return statusError(exitFindings)
	}
	return nil
}

func sentences(first, second string) string {
	if second == "" {
		return first
	}
	return first + " " + second
}

func (a *app) keysCreateCommand() *cobra.Command {
	var (
		key  manager.NewKey
		bare bool
	)
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an SSH key for this machine",
		Long: `Make an ed25519 key in OpenSSH's format, by default ~/.ssh/id_ed25519,
or the next free name: a file that exists is never overwritten. A
passphrase is asked for twice; empty means none. Nothing is registered:
podbay keys add does that.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !bare {
				if !a.onTerminal() {
					return usageError{errors.New("without a terminal to ask for a passphrase on, --no-passphrase is needed")}
				}
				passphrase, err := a.newPassphrase(cmd.Context())
				if err != nil {
					return err
				}
				defer clear(passphrase)
				key.Passphrase = passphrase
			}
			return a.createKey(cmd.Context(), key)
		},
	}
	cmd.Flags().StringVar(&key.Path, "path", "", "where to put the private key (default ~/.ssh/id_ed25519 or the next free name)")
	cmd.Flags().StringVar(&key.Comment, "comment", "", "what to call it (default user@host)")
	cmd.Flags().BoolVar(&bare, "no-passphrase", false, "do not ask for a passphrase: whoever can read the file can use the key")
	return cmd
}

func (a *app) newPassphrase(ctx context.Context) ([]byte, error) {
	first, err := a.readSecret(ctx, "Passphrase for the new key (empty for none): ")
	if err != nil {
		return nil, err
	}
	second, err := a.readSecret(ctx, "The same again: ")
	if err != nil {
		return nil, err
	}
	defer clear(second)
	if string(first) != string(second) {
		clear(first)
		return nil, errors.New("the two passphrases differ: nothing was made")
	}
	return first, nil
}

func (a *app) createKey(ctx context.Context, key manager.NewKey) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	made, err := m.CreateKey(ctx, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.std.Out, "made %s\n%s %s %s\npublic half: %s.pub\nregister it with: podbay keys add %s.pub\n",
		made.Path, made.Type, made.Fingerprint, made.Comment, made.Path, made.Path)
	if made.Unseen {
		fmt.Fprintf(a.std.Out, "podbay offers it once its settings name it: identity_file = [%q]\n", made.Path)
	}
	return nil
}
