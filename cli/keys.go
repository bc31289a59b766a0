package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"podbay/manager"
	"podbay/ui"
)

func (a *app) keysCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Show and mend SSH keys, here and on your account",
		Long: `Show the SSH keys of this machine and those that are registered on your
RunPod account, with what is wrong with each. The subcommands change
them: each shows the exact change first and asks; --yes answers.

Exit codes: 0 nothing is wrong, 2 something is (see the findings), else
as for podbay: it could not be looked at.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listKeys(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(a.keysSetupCommand(), a.keysAddCommand(), a.keysCreateCommand(), a.keysCheckCommand(),
		a.keysFixCommand(), a.keysRemoveCommand(), a.keysRestoreCommand(), a.keysForgetCommand())
	return cmd
}

func (a *app) keysSetupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Go step by step to a login that was proven",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.onTerminal() {
				return usageError{errors.New("podbay keys setup asks questions and needs a terminal; in scripts use podbay keys create and podbay keys add --yes")}
			}
			m, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			return a.runUI(cmd.Context(), ui.Options{Manager: m, Keys: true})
		},
	}
}

// listKeys prints the report; findings are told by the exit code too.
func (a *app) listKeys(ctx context.Context, asJSON bool) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	report, err := m.Keys(ctx)
	if err != nil {
		return err
	}
	if report.RegisteredErr != nil && !asJSON {
		defer fmt.Fprintf(a.std.Err, "podbay: what is registered is not known: %v\n", report.RegisteredErr)
	}
	if asJSON {
		err = printKeysJSON(a.std.Out, report)
	} else {
		err = printKeys(a.std.Out, report)
	}
	switch {
	case err != nil:
		return err
	case report.RegisteredErr != nil:
		return silentError{report.RegisteredErr}
	case hasFindings(report):
		return statusError(exitFindings)
	}
	return nil
}

func hasFindings(report manager.KeyReport) bool {
	for _, k := range report.Registered {
		if !k.Valid || k.Mendable {
			return true
		}
	}
	return len(report.Lost) > 0
}

func printKeys(w io.Writer, report manager.KeyReport) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ON THIS MACHINE\tTYPE\tFINGERPRINT\tREGISTERED\tNOTE")
	for _, k := range report.Local {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Name, k.Type, orDash(k.Fingerprint), registeredWord(k, report), firstOf(k.Problem, k.Flaw))
	}
	if len(report.Local) == 0 {
		fmt.Fprintln(table, "none: make one with podbay keys create\t\t\t\t")
	}
	fmt.Fprintln(table, "\t\t\t\t\nON THE ACCOUNT\tTYPE\tFINGERPRINT\tHERE\tFINDING")
	for _, k := range report.Registered {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", registeredName(k), orDash(k.Type), orDash(k.Fingerprint), orDash(k.Local), k.Finding)
	}
	switch {
	case report.RegisteredErr != nil:
		fmt.Fprintln(table, "not known: RunPod could not be asked\t\t\t\t")
	case len(report.Registered) == 0:
		fmt.Fprintln(table, "none: register one with podbay keys add\t\t\t\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, k := range report.Lost {
		fmt.Fprintf(w, "\nlost: %s %s was registered from here and is gone from the account: podbay keys add --lost puts it back, podbay keys forget %s ends this report\n", k.Fingerprint, k.Comment, k.Fingerprint)
	}
	for _, note := range report.Notes {
		fmt.Fprintln(w, "\nnote: "+note)
	}
	return nil
}

func registeredName(k manager.RegisteredKey) string {
	if k.Fingerprint != "" {
		return orDash(k.Comment)
	}
	return k.Line
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func registeredWord(k manager.LocalKey, report manager.KeyReport) string {
	switch {
	case report.RegisteredErr != nil:
		return "not known"
	case k.Registered:
		return "yes"
	}
	return "no"
}

// keysJSON is what "podbay keys --json" prints.
type keysJSON struct {
	Local           []localJSON      `json:"local"`
	Registered      []registeredJSON `json:"registered"`
	RegisteredError string           `json:"registeredError"` // "": the account was read
	Lost            []registeredJSON `json:"lost"`
	Notes           []string         `json:"notes"`
}

type localJSON struct {
	Name        string `json:"name"`
	Path        string `json:"path"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Comment     string `json:"comment"`
	Encrypted   bool   `json:"encrypted"`
	Mode        string `json:"mode"`
	Registered  *bool  `json:"registered"` // null: not known
	Problem     string `json:"problem"`
	Flaw        string `json:"flaw"`
	Mend        string `json:"mend"`
}

type registeredJSON struct {
	Line        string `json:"line"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Comment     string `json:"comment"`
	Local       string `json:"local"`
	Valid       bool   `json:"valid"`
	Finding     string `json:"finding"`
	Mended      string `json:"mended"`
	Mendable    bool   `json:"mendable"` // "podbay keys fix" changes it
	Blocks      bool   `json:"blocks"`
}

func printKeysJSON(w io.Writer, report manager.KeyReport) error {
	out := keysJSON{Local: []localJSON{}, Notes: append([]string{}, report.Notes...),
		Registered: registeredAsJSON(report.Registered), Lost: registeredAsJSON(report.Lost)}
	for _, k := range report.Local {
		registered := &k.Registered
		if report.RegisteredErr != nil {
			registered = nil
		}
		out.Local = append(out.Local, localJSON{k.Name, k.Path, k.Source, k.Type, k.Fingerprint, k.Comment, k.Encrypted, k.Mode, registered, k.Problem, k.Flaw, k.Mend})
	}
	if report.RegisteredErr != nil {
		out.RegisteredError = report.RegisteredErr.Error()
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}

func registeredAsJSON(keys []manager.RegisteredKey) []registeredJSON {
	out := make([]registeredJSON, 0, len(keys))
	for _, k := range keys {
		out = append(out, registeredJSON{k.Line, k.Type, k.Fingerprint, k.Comment, k.Local, k.Valid, k.Finding, k.Mended, k.Mendable, k.Blocks})
	}
	return out
}
