package cli

import (
	"errors"
	"fmt"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"podbay/cleantext"
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
		if near := nearestFlag(cmd, name); near != "" {
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

// nearestFlag is the flag whose name is most like a mistyped one; "" when none is.
func nearestFlag(cmd *cobra.Command, name string) (near string) {
	least := 3
	look := func(f *pflag.Flag) {
		if d := levenshtein.ComputeDistance(name, f.Name); d < least && !f.Hidden && d < len(name) {
			near, least = f.Name, d
		}
	}
	cmd.Flags().VisitAll(look)
	cmd.InheritedFlags().VisitAll(look)
	return near
}
