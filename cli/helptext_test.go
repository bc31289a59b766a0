package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A terminal of 80 cells shows 76 of a line of help, and 48 beside a command's name.
func TestHelpFitsATerminal(t *testing.T) {
	root := new(app).root()
	strict(root)
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Long) {
			if len(strings.TrimRight(line, "\n")) > 74 && !strings.Contains(cmd.CommandPath(), "podbay completion") { // cobra's own
				t.Errorf("%s: %q", cmd.CommandPath(), line)
			}
		}
		if len(cmd.Short) > 48 && !strings.Contains(cmd.CommandPath(), "podbay completion") {
			t.Errorf("%s: %q", cmd.CommandPath(), cmd.Short)
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(root)
}
