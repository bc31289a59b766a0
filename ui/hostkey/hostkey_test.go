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

var art = []string{
	"+--[ED25519 256]--+", "|        .o+=*o   |", "|       . .oB=.   |", "|        . *o=    |", "|       o B.= .   |",
	"|        S.B o    |", "|       . +.=     |", "|        o.E +    |", "|         o.*.    |", "|          .=+    |", "+----[SHA256]-----+",
}

// doubted is a question with all that can be said of a key.
func doubted(p manager.Pod) Unknown {
	return NewUnknown(screen.NewTheme(true), &manager.HostKeyUnknown{Pod: p, Addr: p.Route.Addr, KeyType: "ED25519", Fingerprint: newPrint,
		Evidence: manager.HostKeyEvidence{
			Log: manager.LogListsIt, SharedWith: []string{"other-pod (x1)", "third-pod (x2)"},
			UserLines: []string{"~/.ssh/known_hosts line 12"}, Randomart: art,
		}})
}

// newcomer is a first sight at which the pod's log lists other keys.
func newcomer(p manager.Pod) Changed {
	return NewChanged(screen.NewTheme(true), &manager.HostKeyChanged{Pod: p, Addr: p.Route.Addr, KeyType: "ED25519", Offered: newPrint,
		Evidence:  manager.HostKeyEvidence{Log: manager.LogListsOthers, LogListed: []string{"ED25519 " + oldPrint, "RSA " + oldRSA}, Randomart: art},
		StartedAt: now.Add(-time.Hour), File: "/home/me/.local/share/podbay/known_hosts"}, now)
}

// handedOn is a change at which the pod's log still lists the known key.
func handedOn(p manager.Pod) Changed {
	stop := changed(p, 72, 73).stop
	stop.Evidence = manager.HostKeyEvidence{Log: manager.LogListsOthers, LogListed: stop.Known, SharedWith: []string{"other-pod (x1)"}}
	return NewChanged(screen.NewTheme(true), &stop, now)
}

// asking is a change that a start explains and nothing proves.
func asking(p manager.Pod) Changed {
	m := changed(p, 72, 3)
	stop := m.stop
	stop.Asks, stop.Evidence.LogWhy, stop.Evidence.Randomart = true, "it lists no host keys", art
	return NewChanged(screen.NewTheme(true), &stop, now)
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
	t.Run("doubted", func(t *testing.T) { asktest.Golden(t, doubted(pod)) })
	picture, _ := asktest.Press(doubted(pod), "p")
	t.Run("picture", func(t *testing.T) { asktest.Golden(t, picture) })
}

// The picture is whole wherever it is asked for, and gone when it is asked for
// again.
func TestThePictureComesOnAKeyPress(t *testing.T) {
	for _, size := range asktest.Sizes {
		m := doubted(pod).SetSize(size[0], size[1]-1)
		wholeIn(t, m, newPrint)
		m, _ = asktest.Press(m, "p")
		pictured := map[string]bool{}
		for range 40 {
			for line := range strings.SplitSeq(ansi.Strip(m.View()), "\n") {
				pictured[strings.TrimSpace(strings.Trim(line, " │"))] = true
			}
			m, _, _ = m.Update(asktest.Key("down"))
		}
		for _, line := range art {
			if !pictured[strings.Trim(line, " │")] {
				t.Errorf("%v: %q is not seen", size, line)
			}
		}
		if m, _ = asktest.Press(m, "p"); strings.Contains(m.View(), "[SHA256]") {
			t.Errorf("%v: the picture stays", size)
		}
	}
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
		"asks":        asking(pod),
		"handedon":    handedOn(pod),
		"newcomer":    newcomer(pod),
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
	forget := ForgetHostKey{pod.ID, newPrint}
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

func TestANewKeyAfterAStartIsAskedAbout(t *testing.T) {
	trust := Trust{pod.ID, newPrint}
	for keys, want := range map[string]screen.Intent{
		"enter": screen.Back{}, "esc": screen.Back{}, "n": screen.Back{}, "f": nil, "t": nil,
		"y": trust, "tab enter": trust, "p enter": screen.Back{},
	} {
		if _, got := asktest.Press(asking(pod).SetSize(80, 23), keys); got != want {
			t.Errorf("%q gave %#v, want %#v", keys, got, want)
		}
	}
}

func TestTrustingAgainstTheLogTakesTheNameOfThePod(t *testing.T) {
	for _, c := range []struct {
		keys, text string
		want       screen.Intent
	}{
		{"enter", "", screen.Back{}}, {"y", "", nil}, {"f", "", nil}, {"t", "my-", nil},
		{"t", "my-pod", TrustAgainstLog{pod.ID, newPrint}}, {"tab enter", "k3xq81", TrustAgainstLog{pod.ID, newPrint}},
	} {
		m, got := asktest.Press(newcomer(pod).SetSize(80, 23), c.keys)
		if c.text != "" {
			m, _ = asktest.Type(m, c.text)
			_, got = asktest.Press(m, "enter")
		}
		if got != c.want {
			t.Errorf("%+v gave %#v", c, got)
		}
	}
}

func TestForgettingTakesAPaste(t *testing.T) {
	m, _ := asktest.Press(changed(pod, 72, 3), "f")
	m, _, _ = m.Update(tea.PasteMsg{Content: "my-pod\n"})
	if _, got := asktest.Press(m, "enter"); got != (ForgetHostKey{pod.ID, newPrint}) {
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
		wholeIn(t, newcomer(long).SetSize(size[0], size[1]-1), newPrint, oldPrint, oldRSA)
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
