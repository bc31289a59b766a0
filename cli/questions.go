package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/term"
)

// asks is where questions are written, so that they are seen also when what is told
// on the side goes elsewhere ("podbay ssh my-pod 2>log").
func (a *app) asks() io.Writer {
	if !term.IsTerminal(int(a.std.Err.Fd())) && term.IsTerminal(int(a.std.Out.Fd())) {
		return a.std.Out
	}
	return a.std.Err
}

// readLine reads a line from the terminal; ctx's end gives up the wait.
func (a *app) readLine(ctx context.Context) (string, error) {
	return await(ctx, func() (string, error) { return bufio.NewReader(a.std.In).ReadString('\n') })
}

// errNothingTyped says that a question was left with ctrl+c or ctrl+d.
var errNothingTyped = errors.New("nothing was typed")

// readSecret asks for something that must not be seen. The terminal is raw before
// the question is there, so that nothing that is pasted at once is echoed.
func (a *app) readSecret(ctx context.Context, question string) ([]byte, error) {
	fd := int(a.std.In.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	if a.secrets == nil { // one for all: what was typed ahead of the next question is in it
		a.secrets = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{a.std.In, a.asks()}, "")
	}
	secret, err := await(ctx, func() (string, error) { return a.secrets.ReadPassword(question) })
	if restoreErr := term.Restore(fd, before); err == nil {
		err = restoreErr
	}
	switch {
	case errors.Is(err, io.EOF):
		fmt.Fprintln(a.asks())
		return nil, errNothingTyped
	case err != nil:
		return nil, err
	}
	return []byte(secret), nil
}

// readAll reads standard input to its end, most bytes of it; ctx's end gives up the
// wait for a writer that takes its time.
func (a *app) readAll(ctx context.Context, what string, most int64) ([]byte, error) {
	text, err := await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(a.std.In, most)) })
	if err != nil {
		return nil, fmt.Errorf("read %s from standard input: %w", what, err)
	}
	return text, nil
}

// await returns what read gives, or ctx's end. A read that is given up goes on
// until the process ends, which is what a ctx that ended here is about to do.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := read()
		answers <- answer{value, err}
	}()
	select {
	case got := <-answers:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
