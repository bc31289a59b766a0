package tty

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// sizePoll is how often the console is asked for its size: it has no signal for
// a change, and its events belong to whoever reads keys.
const sizePoll = 250 * time.Millisecond

func querySize(f *os.File) (Size, error) {
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &info); err != nil {
		return Size{}, err
	}
	w := info.Window
	return Size{Cols: int(w.Right-w.Left) + 1, Rows: int(w.Bottom-w.Top) + 1}, nil
}

const (
	rawInputOff = windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT | windows.ENABLE_PROCESSED_INPUT |
		windows.ENABLE_MOUSE_INPUT | windows.ENABLE_WINDOW_INPUT
	rawOutputOn = windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING |
		windows.DISABLE_NEWLINE_AUTO_RETURN
)

// makeRaw makes the console speak and understand a terminal's sequences, both
// ways, and pass ctrl+c on as a byte.
func makeRaw(in, out *os.File) (undo func() error, err error) {
	hin, hout := windows.Handle(in.Fd()), windows.Handle(out.Fd())
	var inMode, outMode uint32
	if err := windows.GetConsoleMode(hin, &inMode); err != nil {
		return nil, err
	}
	if err := windows.GetConsoleMode(hout, &outMode); err != nil {
		return nil, err
	}
	undo = func() error {
		errIn := windows.SetConsoleMode(hin, inMode)
		if errOut := windows.SetConsoleMode(hout, outMode); errOut != nil {
			return errOut
		}
		return errIn
	}
	if err := windows.SetConsoleMode(hin, inMode&^rawInputOff|windows.ENABLE_VIRTUAL_TERMINAL_INPUT); err != nil {
		return nil, err
	}
	if err := windows.SetConsoleMode(hout, outMode|rawOutputOn); err != nil {
		_ = undo()
		return nil, err
	}
	return undo, nil
}

func notifySize() (changed <-chan time.Time, stop func()) {
	ticker := time.NewTicker(sizePoll)
	return ticker.C, ticker.Stop
}

func clearNonblock(*os.File, error) bool { return false }

func newOwnOutput(*os.File) (io.WriteCloser, error) { return nil, errors.ErrUnsupported }

func discardOutput(*os.File) error { return nil }

// queryModes returns what a Linux terminal starts with, speeds included: a
// console has no modes of its own, and a shell needs some.
func queryModes(*os.File) (map[uint8]uint32, error) {
	return map[uint8]uint32{
		1: 3, 2: 28, 3: 127, 4: 21, 5: 4, 6: 255, 7: 255, 8: 17, 9: 19, 10: 26, 12: 18, 13: 23, 14: 22, 18: 15, // ^C ^\ ^? ^U ^D, no EOL, ^Q ^S ^Z ^R ^W ^V ^O
		36: 1, 38: 1, 42: 1, // ICRNL IXON IUTF8
		50: 1, 51: 1, 53: 1, 54: 1, 55: 1, 59: 1, 60: 1, 61: 1, // ISIG ICANON ECHO ECHOE ECHOK IEXTEN ECHOCTL ECHOKE
		70: 1, 72: 1, // OPOST ONLCR
		90: 1, 91: 1, // CS7's bits are among those of CS8
		128: 38400, 129: 38400,
	}, nil
}
