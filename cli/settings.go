package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"podbay/config"
)

func (a *app) settingsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "Print the settings, and where their file lives",
		Long: `Print the settings file with every setting at its default. podbay reads
it and never writes it; where it lives goes to standard error.`,
		Example: `  mkdir -p ~/.config/podbay && podbay settings > ~/.config/podbay/config.toml`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			paths, err := config.DefaultPaths()
			if err != nil {
				return err
			}
			fmt.Fprintln(a.std.Err, "podbay reads its settings from "+paths.Settings)
			_, err = fmt.Fprint(a.std.Out, config.Documented)
			return err
		},
	}
}
