package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"podbay/cleantext"
)

// wordCells is how much of a wrong word an error repeats.
const wordCells = 60

// noArgs refuses what follows a command that takes no argument: a mistyped command, or
// a word too many.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := cleantext.Line(args[0], wordCells)
	path := cmd.CommandPath()
	if !cmd.HasAvailableSubCommands() {
		return usageError{fmt.Errorf("%s takes no argument, and was given %q: see %s --help", path, word, path)}
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := path + " --help lists the commands"
	switch near := cmd.SuggestionsFor(args[0]); {
	case len(near) > 0:
		hint = "did you mean " + path + " " + strings.Join(near, " or "+path+" ") + "?"
	case !cmd.HasParent():
		hint += "; a shell on a pod of that name: " + path + " ssh " + word
	}
	return usageError{fmt.Errorf("unknown command %q: %s", word, hint)}
}

// one wants one argument, or with optional at most one; what is what it is.
func one(what string, optional bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		path := cmd.CommandPath()
		switch {
		case len(args) > 1:
			return usageError{fmt.Errorf("%s takes one %s, and was given %d: see %s --help", path, what, len(args), path)}
		case len(args) == 0 && !optional:
			return usageError{fmt.Errorf("%s needs a %s: see %s --help", path, what, path)}
		}
		return nil
	}
}

// strict makes the commands that cobra adds by itself refuse wrong words: as they come,
// they show a help and succeed. It is called once root knows its output.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(cmd *cobra.Command, args []string) error {
				about, left, err := root.Find(args)
				if err != nil || about == nil {
					return noArgs(root, args)
				}
				return noArgs(about, left)
			}
		case "completion":
			cmd.Short = "Print a completion script for a shell"
			cmd.Args = noArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = noArgs
			}
		}
	}
}
