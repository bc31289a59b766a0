package confirm

import (
	"strings"
	"testing"

	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

func stop() Model {
	return New(screen.NewTheme(true), Question{
		ID: "stop k3xq81", Title: "Stop my-pod?", Action: "Stop the pod", Danger: true,
		Body: []string{
			"Billing for compute ends. The container disk (40 GB) is lost: everything outside /workspace.",
			"20 GB at /workspace stays, and costs twice as much per GB while the pod is stopped. Starting it again may find no free GPU.",
		},
	})
}

func TestScreens(t *testing.T) {
	t.Run("stop", func(t *testing.T) { asktest.Golden(t, stop()) })
	t.Run("start", func(t *testing.T) {
		asktest.Golden(t, New(screen.NewTheme(true), Question{Title: "Start my-pod?", Body: []string{"Billing begins again: $0.69 an hour."}, Action: "Start the pod"}))
	})
	t.Run("long", func(t *testing.T) {
		asktest.Golden(t, New(screen.NewTheme(true), Question{
			Title: "Stop " + strings.Repeat("a long name ", 20) + "?", Action: "Stop " + strings.Repeat("it ", 40),
			Body: []string{strings.Repeat("What is lost is much. ", 90)},
		}))
	})
}

func TestCancelIsChosen(t *testing.T) {
	yes, no := Confirmed{"stop k3xq81"}, Cancelled{"stop k3xq81"}
	for keys, want := range map[string]screen.Intent{
		"enter": no, "esc": no, "n": no, "y": yes, "tab enter": yes, "right enter": yes, "l enter": yes,
		"tab tab enter": no, "tab esc": no, "down enter": no, "q": nil, "x": nil, "Y": nil, "tab": nil,
	} {
		if _, got := asktest.Press(stop().SetSize(80, 23), keys); got != want {
			t.Errorf("%q gave %#v, want %#v", keys, got, want)
		}
	}
}
