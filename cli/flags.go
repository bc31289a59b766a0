package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"podbay/cleantext"
	"podbay/config"
)

// flagError words what is wrong with a flag, for people: pflag's words are those of Go's
// parsers.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		name := unknown.GetSpecifiedName()
		hint := cmd.CommandPath() + " --help lists the flags"
		if near := config.Nearest(name, flagNames(cmd)); near != "" {
			hint = "did you mean --" + near + "?"
		}
		err = fmt.Errorf("unknown flag --%s: %s", cleantext.Line(name, wordCells), hint)
	case errors.As(err, &invalid):
		wants := map[string]string{"bool": "true or false", "duration": `a time such as "30s"`}[invalid.GetFlag().Value.Type()]
		if wants != "" {
			err = fmt.Errorf("--%s takes %s, and was given %q", invalid.GetFlag().Name, wants, cleantext.Line(invalid.GetValue(), wordCells))
		}
	}
	return usageError{err}
}

// flagNames are the flags that a command takes.
func flagNames(cmd *cobra.Command) (names []string) {
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return names
}
