package cli

import (
	"context"

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
	return a.runUI(ctx, ui.Options{Manager: m})
}

func (a *app) runUI(ctx context.Context, opts ui.Options) error {
	a.signals.dropInterrupts()
	opts.In, opts.Out, opts.Getenv = a.std.In, a.std.Out, a.getenv
	start := newStarting(opts.Manager, a.getenv)
	defer start.over()
	opts.Manager = start
	return ui.Run(ctx, opts)
}
