package keepshell

import (
	"strings"
	"testing"

	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

func question(name string) Model {
	return New(screen.NewTheme(true), &manager.KeepWanted{Pod: manager.Pod{ID: "k3xq81", Name: name}})
}

func TestScreens(t *testing.T) {
	t.Run("pod", func(t *testing.T) { asktest.Golden(t, question("my-pod")) })
	t.Run("longname", func(t *testing.T) { asktest.Golden(t, question(strings.Repeat("a long name of a pod ", 8))) })
}

func TestYesIsChosen(t *testing.T) {
	yes, no := Answer{manager.KeepYes}, Answer{manager.KeepNo}
	for keys, want := range map[string]screen.Intent{
		"enter": yes, "y": yes, "n": no, "tab enter": no, "esc": screen.Back{}, "q": nil,
	} {
		if _, got := asktest.Press(question("my-pod").SetSize(80, 23), keys); got != want {
			t.Errorf("%q gave %#v, want %#v", keys, got, want)
		}
	}
}
