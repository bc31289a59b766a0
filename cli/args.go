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
