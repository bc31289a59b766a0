package cli

import (
	"context"

	"podbay/manager"
	"podbay/ui"
)

// runList shows the terminal UI, or the table without a terminal that can draw it.
func (a *app) runList(ctx context.Context) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	if !a.onTerminal() || a.getenv("TERM") == "dumb" {
		return a.printTable(ctx, m)
	}
	return a.runUI(ctx, m, "")
}

func (a *app) runUI(ctx context.Context, m *manager.Manager, badge string) error {
	a.signals.dropInterrupts()
	return ui.Run(ctx, ui.Options{
		Manager: m,
		In:      a.std.In,
		Out:     a.std.Out,
		Title:   badge,
		Getenv:  a.getenv,
	})
}
