package failure

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

var pod = manager.Pod{ID: "k3xq81", Name: "my-pod", HasProxy: true, Route: manager.Route{
	Kind: manager.RouteDirect, Addr: "203.0.113.7:22001", User: "root", Command: "ssh root@203.0.113.7 -p 22001",
}}

// refused is the longest verdict there is.
func refused(evidence ...string) *manager.Failure {
	return &manager.Failure{Pod: pod, Err: errors.New("refused"), Evidence: said(evidence), Verdict: doctor.Judge(doctor.Facts{
		Status: "RUNNING", DirectAddr: pod.Route.Addr, HasProxy: true,
		Probe: doctor.Probe{Outcome: doctor.PortBanner},
		Login: doctor.Login{Outcome: doctor.LoginRefused, Offered: 3},
	})}
}

var seen = []string{
	"route: direct, root@203.0.113.7:22001",
	"failed: 203.0.113.7:22001: login refused after 3 keys",
	"offered: ~/.ssh/id_ed25519 SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8",
	"the server takes: publickey",
	"last probe: SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
}

// said makes evidence of lines.
func said(lines []string) []manager.Evidence {
	var all []manager.Evidence
	for _, line := range lines {
		all = append(all, manager.Evidence{By: "podbay", What: line})
	}
	return all
}

func show(a Attempt) Model { return New(screen.NewTheme(true), a) }

func huge() []string {
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("fact %d of a long list of facts that are wider than a narrow screen has room for", i))
	}
	return append(lines, "the last fact")
}

func TestScreens(t *testing.T) {
	proxied := refused(seen...)
	proxied.Pod.Route = manager.Route{Kind: manager.RouteProxy, Addr: "ssh.runpod.io:22", User: "token", Command: "ssh token@ssh.runpod.io"}
	alone := refused(seen...)
	alone.Pod.HasProxy = false
	stopped := &manager.Failure{Pod: manager.Pod{ID: "k3xq81", Name: strings.Repeat("a long name ", 10)}, Verdict: doctor.Judge(doctor.Facts{Status: "STARTING"})}
	for name, a := range map[string]Attempt{
		"refused":  {Err: refused(seen...)},
		"noproxy":  {Err: alone},
		"proxied":  {Err: proxied, Via: manager.RouteProxy},
		"starting": {Err: stopped},
		"huge":     {Err: refused(huge()...)},
		"plain":    {Pod: pod, Err: errors.New("RunPod answers 503: it is not available now; try again in a minute")},
		"nopod":    {Err: errors.New("RunPod answers 503: it is not available now; try again in a minute")},
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, show(a)) })
	}
}

func TestKeys(t *testing.T) {
	again, proxy := Connect{PodID: "k3xq81"}, Connect{PodID: "k3xq81", Via: manager.RouteProxy}
	direct, alone := Attempt{Err: refused()}, refused()
	alone.Pod.HasProxy = false
	viaProxy := Attempt{Err: &manager.Failure{Pod: manager.Pod{ID: "k3xq81", HasProxy: true, Route: manager.Route{Kind: manager.RouteProxy}}}, Via: manager.RouteProxy}
	for _, c := range []struct {
		name, keys string
		attempt    Attempt
		want       screen.Intent
	}{
		{"enter alone goes back", "enter", viaProxy, screen.Back{}},
		{"a key first where it mends", "enter", direct, SetUpKeys{"k3xq81"}},
		{"a key", "K", direct, SetUpKeys{"k3xq81"}},
		{"no key where it mends nothing", "K", viaProxy, nil},
		{"back by its button", "tab enter", direct, screen.Back{}},
		{"esc", "esc", direct, screen.Back{}},
		{"again", "r", direct, again},
		{"again by its button", "tab tab enter", direct, again},
		{"again the same way", "r", viaProxy, proxy},
		{"the proxy", "p", direct, proxy},
		{"the proxy by its button", "tab tab tab enter", direct, proxy},
		{"no proxy", "p", Attempt{Err: alone}, nil},
		{"the proxy was it", "p", viaProxy, nil},
		{"nothing to copy", "y", viaProxy, nil},
		{"no pod to try", "r", Attempt{Err: errors.New("no")}, nil},
		{"other letters", "q", direct, nil},
	} {
		if _, got := asktest.Press(show(c.attempt).SetSize(80, 23), c.keys); got != c.want {
			t.Errorf("%s: %q gave %#v, want %#v", c.name, c.keys, got, c.want)
		}
	}
	_, got := asktest.Press(show(direct).SetSize(80, 23), "y")
	if copied, ok := got.(Copy); !ok || copied.Pod.Route.Command != pod.Route.Command {
		t.Errorf("y gave %#v", got)
	}
}

// TestCauseAndNextStepNeedNoScrolling looks at every verdict with two sentences
// that a failure can have, in the smallest of the usual terminals.
func TestCauseAndNextStepNeedNoScrolling(t *testing.T) {
	facts := []doctor.Facts{{Status: "ERROR"}, {Status: "EXITED", CanStart: true}, {Status: "WHAT"}, {Status: "RUNNING"}}
	for _, outcome := range []doctor.Outcome{doctor.PortRefused, doctor.PortTimeout, doctor.PortUnreachable, doctor.PortSilent, doctor.PortClosed, doctor.PortNotSSH} {
		facts = append(facts, doctor.Facts{Status: "RUNNING", DirectAddr: pod.Route.Addr, HasProxy: true, Probe: doctor.Probe{Outcome: outcome, Got: "HTTP/1.1 400 Bad Request"}})
	}
	for _, f := range facts {
		check(t, doctor.Judge(f))
	}
	check(t, refused().Verdict)
	check(t, doctor.JudgeAttempt(doctor.Facts{}, doctor.Attempt{Unsupported: "ProxyJump bastion.example.com"}))
}

func check(t *testing.T, v doctor.Verdict) {
	t.Helper()
	view := asktest.Draw(t, show(Attempt{Err: &manager.Failure{Pod: pod, Verdict: v, Evidence: said(huge())}}), 80, 24)
	words := strings.Join(strings.Fields(strings.ReplaceAll(view, "│", " ")), " ")
	if !strings.Contains(words, v.Sentence) || !strings.Contains(words, v.Remedy) {
		t.Errorf("%q or %q is not seen:\n%s", v.Sentence, v.Remedy, view)
	}
}

func TestHugeEvidenceScrollsToItsEnd(t *testing.T) {
	for _, size := range asktest.Sizes {
		m := show(Attempt{Err: refused(huge()...)}).SetSize(size[0], size[1]-1)
		for range 200 {
			m, _, _ = m.Update(asktest.Key("down"))
			if strings.Contains(m.View(), "y copies it") {
				break
			}
		}
		if view := ansi.Strip(m.View()); !strings.Contains(view, "the last fact") || !strings.Contains(view, "[ Set up a key ]") {
			t.Errorf("%v:\n%s", size, view)
		}
		if m, _ = asktest.Press(m, "up"); m.View() == "" {
			t.Error("nothing is drawn")
		}
	}
}
