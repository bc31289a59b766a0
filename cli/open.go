package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"golang.org/x/term"

	"podbay/config"
	"podbay/manager"
)

// open makes the manager of the user's own account.
func (a *app) open(ctx context.Context) (*manager.Manager, error) {
	paths, err := config.DefaultPaths()
	if err != nil {
		return nil, err
	}
	settings, err := config.Load(paths)
	if err != nil {
		return nil, settingsError{err}
	}
	address, from := config.APIURL(a.apiURL, a.getenv, settings)
	origin, err := manager.Origin(address)
	switch {
	case err != nil && a.apiURL == "" && a.getenv("PODBAY_API_URL") == "":
		return nil, settingsError{fmt.Errorf("%s: %w", from, err)}
	case err != nil:
		return nil, usageError{fmt.Errorf("%s: %w", from, err)}
	}
	return a.openWith(ctx, manager.Options{
		Paths: paths, Settings: settings, Getenv: a.getenv, Origin: origin,
		Polled: func() (over func()) { return oneProcessor(a.getenv) },
	})
}

// openWith makes a manager that the command's end closes.
func (a *app) openWith(ctx context.Context, opts manager.Options) (*manager.Manager, error) {
	logger, err := a.logger()
	if err != nil {
		return nil, err
	}
	opts.Lifetime, opts.Logger, opts.UserAgent = ctx, logger, "podbay/"+Version()
	m, err := manager.Open(opts)
	if err != nil {
		return nil, err
	}
	a.onClose(m.Close)
	return m, nil
}

// logger writes the trace that --debug asks for, to a file that only the user
// can read. No room gives it a secret.
func (a *app) logger() (*slog.Logger, error) {
	if a.debugFile == "" {
		return slog.New(slog.DiscardHandler), nil
	}
	file, err := os.OpenFile(a.debugFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usageError{fmt.Errorf("--debug: %w", err)}
	}
	a.onClose(file.Close)
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() && runtime.GOOS != "windows" { // else it may be a device, which is everybody's
		err = file.Chmod(0o600)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("--debug: %w", err)}
	}
	logger := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug}))
	logger.Info("podbay", "version", Version())
	return logger, nil
}

// onTerminal reports whether podbay talks to a person.
func (a *app) onTerminal() bool {
	return term.IsTerminal(int(a.std.In.Fd())) && term.IsTerminal(int(a.std.Out.Fd()))
}
