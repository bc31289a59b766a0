package ui

import (
	"errors"
	"io"
	"runtime"

	"github.com/cli/browser"
)

// errNoBrowser says that a browser would come up where nobody sees it, or would take
// the terminal.
var errNoBrowser = errors.New("this is no desktop session")

// browserOpener returns what opens a page in the user's browser. Where there is no
// desktop it opens nothing: xdg-open would start a browser of the terminal there,
// and a desktop's browser is not in front of who came by SSH.
func browserOpener(getenv func(string) string) func(address string) error {
	// The programs that open pages write to the terminal.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	desktop := getenv("SSH_CONNECTION") == ""
	if runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		desktop = getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""
	}
	return func(address string) error {
		if !desktop {
			return errNoBrowser
		}
		return browser.OpenURL(address)
	}
}
