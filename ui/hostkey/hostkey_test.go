package hostkey

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

const (
	newPrint = "SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8"
	oldPrint = "SHA256:Zq0Xb9mB4hYcVgE3nT+w7JkUeP1sLdRfA6oIyH2xC5M"
	oldRSA   = "SHA256:Rr1Xb9mB4hYcVgE3nT+w7JkUeP1sLdRfA6oIyH2xC5M"
)

var (
	now  = time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	pod  = manager.Pod{ID: "k3xq81", Name: "my-pod", Route: manager.Route{Kind: manager.RouteDirect, Addr: "203.0.113.7:22001"}}
	long = manager.Pod{ID: "k3xq81", Name: strings.Repeat("a long name of a pod ", 8), Route: pod.Route}
	prox = manager.Pod{ID: "k3xq81", Name: "my-pod", Route: manager.Route{Kind: manager.RouteProxy, Addr: "ssh.runpod.io:22"}}
)

func unknown(p manager.Pod) Unknown {
	return NewUnknown(screen.NewTheme(true), &manager.HostKeyUnknown{Pod: p, Addr: p.Route.Addr, KeyType: "ED25519", Fingerprint: newPrint})
}

// changed returns the stop of a key that was accepted, and of a pod that was
// started, so many hours ago; 0 means not known.
func changed(p manager.Pod, seen, started int) Changed {
	at := func(hours int) time.Time {
		if hours == 0 {
			return time.Time{}
		}
		return now.Add(-time.Duration(hours) * time.Hour)
	}
	since := manager.StartedSinceNo
	switch {
	case seen == 0 || started == 0:
		since = ""
	case started < seen:
		since = manager.StartedSinceYes
	}
	return NewChanged(screen.NewTheme(true), &manager.HostKeyChanged{
		Started: since,
		Pod:     p, Addr: p.Route.Addr, KeyType: "ED25519", Offered: newPrint,
		Known:  []string{"ED25519 " + oldPrint, "RSA " + oldRSA},
		SeenAt: at(seen), StartedAt: at(started), File: "/home/me/.local/share/podbay/known_hosts",
	}, now)
}

func TestUnknownScreens(t *testing.T) {
	t.Run("pod", func(t *testing.T) { asktest.Golden(t, unknown(pod)) })
	t.Run("longname", func(t *testing.T) { asktest.Golden(t, unknown(long)) })
	t.Run("proxy", func(t *testing.T) { asktest.Golden(t, unknown(prox)) })
}

func TestChangedScreens(t *testing.T) {
	typing, _ := asktest.Press(changed(pod, 72, 3), "f")
	mistyped, _ := asktest.Press(typing, "m y enter")
	for name, m := range map[string]Changed{
		"explained":   changed(pod, 72, 3),
		"unexplained": changed(pod, 3, 72),
		"unknown":     changed(pod, 0, 0),
		"proxy":       changed(prox, 0, 3),
		"long":        changed(long, 72, 3),
		"typing":      typing,
		"mistyped":    mistyped,
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestTrustIsNeverTheDefault(t *testing.T) {
	trust := Trust{pod.ID, newPrint}
	for keys, want := range map[string]screen.Intent{
		"enter": screen.Back{}, "esc": screen.Back{}, "n": screen.Back{}, "down enter": screen.Back{},
		"y": trust, "tab enter": trust, "right enter": trust, "left enter": trust,
		"tab tab enter": screen.Back{}, "tab esc": screen.Back{}, "q": nil, "Y": nil, "j": nil,
	} {
		if _, got := asktest.Press(unknown(pod).SetSize(80, 23), keys); got != want {
			t.Errorf("%q gave %#v, want %#v", keys, got, want)
		}
	}
}

func TestForgettingTakesTheNameOfThePod(t *testing.T) {
	forget := ForgetHostKey{pod.ID}
	for _, c := range []struct {
		keys, text, then string
		want             screen.Intent
	}{
		{keys: "enter", want: screen.Back{}},
		{keys: "esc", want: screen.Back{}},
		{keys: "n", want: screen.Back{}},
		{keys: "y", want: nil},
		{keys: "f", want: nil},
		{keys: "f", then: "enter", want: nil},
		{keys: "f", then: "esc esc", want: screen.Back{}},
		{keys: "tab enter", text: "my-pod", then: "enter", want: forget},
		{keys: "f", text: "my-pod", then: "enter", want: forget},
		{keys: "f", text: " my-pod ", then: "enter", want: forget},
		{keys: "f", text: "k3xq81", then: "enter", want: forget},
		{keys: "f", text: "My-Pod", then: "enter", want: nil},
		{keys: "f", text: "yn", then: "enter", want: nil},
		{keys: "f", text: "my-pod", then: "esc enter", want: screen.Back{}},
		{keys: "f", text: "my-", then: "esc f enter", want: nil},
	} {
		m, got := asktest.Press(changed(pod, 72, 3).SetSize(80, 23), c.keys)
		if c.text != "" {
			if m, got = asktest.Type(m, c.text); got != nil {
				t.Errorf("%+v: typing gave %#v", c, got)
			}
		}
		if c.then != "" {
			_, got = asktest.Press(m, c.then)
		}
		if got != c.want {
			t.Errorf("%+v gave %#v", c, got)
		}
	}
}

func TestForgettingTakesAPaste(t *testing.T) {
	m, _ := asktest.Press(changed(pod, 72, 3), "f")
	m, _, _ = m.Update(tea.PasteMsg{Content: "my-pod\n"})
	if _, got := asktest.Press(m, "enter"); got != (ForgetHostKey{pod.ID}) {
		t.Errorf("got %#v", got)
	}
}

func TestAPodWithoutANameIsNotForgottenByEnter(t *testing.T) {
	m, _ := asktest.Press(changed(manager.Pod{ID: "k3xq81"}, 72, 3), "f")
	if _, got := asktest.Press(m, "enter"); got != nil {
		t.Errorf("got %#v", got)
	}
}

// TestFingerprintsStayWhole scrolls through each screen and looks for every
// fingerprint on a line of its own.
func TestFingerprintsStayWhole(t *testing.T) {
	for _, size := range append([][2]int{{56, 15}, {50, 10}}, asktest.Sizes...) {
		wholeIn(t, unknown(long).SetSize(size[0], size[1]-1), newPrint)
		wholeIn(t, changed(long, 72, 3).SetSize(size[0], size[1]-1), newPrint, oldPrint, oldRSA)
	}
}

func wholeIn[M screen.Screen[M]](t *testing.T, m M, prints ...string) {
	t.Helper()
	found := map[string]bool{}
	for range 40 {
		for line := range strings.SplitSeq(ansi.Strip(m.View()), "\n") {
			found[strings.Trim(line, " │")] = true
		}
		m, _, _ = m.Update(asktest.Key("down"))
	}
	for _, print := range prints {
		if !found[print] {
			t.Errorf("%s is not whole on a line of its own:\n%s", print, ansi.Strip(m.View()))
		}
	}
}

func TestTheKeyIsSeenWithoutScrolling(t *testing.T) {
	for _, size := range asktest.Sizes {
		view := asktest.Draw(t, unknown(long), size[0], size[1])
		for _, want := range []string{newPrint, "203.0.113.7:22001", "ED25519", "[ No, go back ]", "Yes, trust this key"} {
			if !strings.Contains(view, want) {
				t.Errorf("%v: %q is not seen:\n%s", size, want, view)
			}
		}
		view = asktest.Draw(t, changed(pod, 72, 3), size[0], size[1])
		for _, want := range []string{newPrint, oldPrint, "[ Go back ]"} {
			if !strings.Contains(view, want) {
				t.Errorf("%v: %q is not seen:\n%s", size, want, view)
			}
		}
	}
}
