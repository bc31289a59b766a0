// Package cli is podbay's command line: a file a subcommand, thin. What a
// subcommand does is a use case of manager; the terminal UI does the same by the
// same call.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Streams are the standard streams of the process.
type Streams struct {
	In  *os.File
	Out *os.File
	Err *os.File
}

// Execute runs podbay with args (without the program's name) and returns the
// exit code; see [ExitCode]. It owns the process's signals while it runs.
func Execute(ctx context.Context, args []string, std Streams) int {
	ctx, signals := ownSignals(ctx)
	defer signals.stop()
	app := &app{std: std, getenv: os.Getenv, signals: signals}
	saveMemory(app.getenv)
	root := app.root()
	var failed error
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	strict(root)
	capture(root, &failed)
	err := fang.Execute(ctx, root,
		fang.WithVersion(Version()),
		fang.WithErrorHandler(func(w io.Writer, _ fang.Styles, err error) { report(w, err) }),
	)
	if failed != nil {
		err = failed
		if _, ended := signals.exitCode(); !ended {
			report(std.Err, err)
		}
	}
	if closeErr := app.close(); closeErr != nil {
		report(std.Err, closeErr)
	}
	if code, ended := signals.exitCode(); ended {
		return code
	}
	return ExitCode(err)
}

// capture keeps what commands return from fang: to style an error it asks the
// terminal for its background, even when the handler uses no style, and eats
// keys while it waits for the answer.
func capture(cmd *cobra.Command, failed *error) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*failed = run(cmd, args)
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		capture(sub, failed)
	}
}

// report prints err as one plain line. What it holds was cleaned where it came
// into podbay.
func report(w io.Writer, err error) {
	if silent(err) {
		return
	}
	fmt.Fprintf(w, "podbay: %v\n", err)
}

// app is what the subcommands share.
type app struct {
	std     Streams
	getenv  func(string) string
	signals *signals

	apiURL    string         // --api-url
	debugFile string         // --debug
	secrets   *term.Terminal // asks for what must not be seen; nil before the first question
	closers   []func() error
}

// onClose has f called when the command has ended, last first.
func (a *app) onClose(f func() error) { a.closers = append(a.closers, f) }

func (a *app) close() (err error) {
	for i := len(a.closers) - 1; i >= 0; i-- {
		if closeErr := a.closers[i](); closeErr != nil && err == nil {
			err = closeErr
		}
	}
	a.closers = nil
	return err
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "podbay",
		Short: "Open a shell on your RunPod GPU pods",
		Long: `podbay lists your RunPod pods, says which of them you can reach over
SSH, and opens a shell on the one you pick: move to it and press enter.
When the shell ends you are back at the list.

It needs a RunPod API key: it asks for one when it finds none. Try it
without an account with: podbay demo

` + exitCodesHelp,
		Example: `# the list; enter opens a shell
podbay
# the same, on pretended pods of this machine
podbay demo
# the list for scripts
podbay ls --json
# straight to a shell
podbay ssh my-pod
# what stands in the way
podbay doctor my-pod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runList(cmd.Context()) },
	}
	root.PersistentFlags().StringVar(&a.apiURL, "api-url", "", "where RunPod's API answers (PODBAY_API_URL)")
	root.PersistentFlags().StringVar(&a.debugFile, "debug", "", "write a trace without secrets to this file")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.demoCommand(), a.lsCommand(), a.sshCommand(), a.doctorCommand(), a.keysCommand(), a.loginCommand(), a.logoutCommand(), a.settingsCommand(), a.versionCommand())
	return root
}
