package checkup

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask/asktest"
	"podbay/ui/screen"
)

var pod = manager.Pod{ID: "k3xq81", Name: "my-pod", HasProxy: true, ProxyCommand: "ssh k3xq81-64411a@ssh.runpod.io", Route: manager.Route{
	Kind: manager.RouteDirect, Addr: "203.0.113.7:22001", User: "root", Command: "ssh root@203.0.113.7 -p 22001",
}}

// running is what is known of that pod, with an SSH server that answers.
func running(change func(*doctor.Facts)) doctor.Facts {
	f := doctor.Facts{Status: "RUNNING", DirectAddr: pod.Route.Addr, Exposes22: true, HasProxy: true, DiskGB: 40, Volume: "20 GB volume at /workspace",
		Probe: doctor.Probe{Outcome: doctor.PortBanner, Latency: 38 * time.Millisecond, Server: "SSH-2.0-OpenSSH_9.6"}}
	change(&f)
	return f
}

func refused(change func(*doctor.Login)) doctor.Facts {
	return running(func(f *doctor.Facts) {
		f.Login = doctor.Login{Outcome: doctor.LoginRefused, Offered: 3, User: "root"}
		change(&f.Login)
	})
}

// tried is the finding of a connection that failed for what the facts say.
func tried(f doctor.Facts, evidence ...manager.Evidence) Finding {
	all := doctor.Examine(f)
	return Explain(pod, "", &manager.Failure{Pod: pod, Err: errors.New("refused"), Evidence: evidence, Verdict: all[0], Also: all[1:]})
}

var noon = time.Date(2026, 11, 27, 12, 0, 3, 0, time.Local)

var seen = []manager.Evidence{
	{By: "RunPod", What: "status RUNNING, started 3 h ago", At: noon},
	{By: "podbay", What: "203.0.113.7:22001 answers: SSH-2.0-OpenSSH_9.6, in 38 ms", At: noon.Add(time.Second)},
	{By: "this machine", What: "offered ~/.ssh/id_ed25519 SHA256:3iYNn5gpF0vvRQWlJ5iQ5Wb0tQXq1tUu4Pq2ad+Zc/8"},
	{By: "the server", What: "refused the login; it takes: publickey", At: noon.Add(2 * time.Second)},
}

func show(f Finding) Model { return New(screen.NewTheme(true), f, Notice{}) }

func huge() []manager.Evidence {
	var lines []manager.Evidence
	for i := range 60 {
		lines = append(lines, manager.Evidence{By: "podbay", What: fmt.Sprintf("fact %d of a long list of facts that are wider than a narrow screen has room for", i)})
	}
	return append(lines, manager.Evidence{By: "podbay", What: "the last fact"})
}

func TestScreens(t *testing.T) {
	plain := refused(func(*doctor.Login) {})
	proxied := tried(running(func(f *doctor.Facts) {
		f.DirectAddr, f.Probe, f.Exposes22 = "", doctor.Probe{}, false
		f.Login = doctor.Login{Outcome: doctor.LoginRefused, Offered: 1, Registered: doctor.RegisteredNo}
	}), seen...)
	proxied.Via, proxied.Pod.Route = manager.RouteProxy, manager.Route{Kind: manager.RouteProxy, Addr: "ssh.runpod.io:22", User: "token", Command: "ssh token@ssh.runpod.io"}
	combined := refused(func(l *doctor.Login) {
		l.Registered = doctor.RegisteredNo
		l.Blocked = doctor.BlockedKey{Fault: doctor.KeyModeOpen, Name: "~/.ssh/id_ed25519", Words: "~/.ssh/id_ed25519 has mode 0644, which lets other users read it"}
		l.PublicKey = doctor.PublicKeyLacks
	})
	combined.Community = true
	listed := func(f doctor.Facts) Finding {
		off := manager.Pod{ID: "k3xq81", Name: strings.Repeat("a long name ", 10), CanStart: f.CanStart}
		return Finding{Pod: off, Verdict: doctor.Judge(f)}
	}
	ready := Of(pod, manager.CheckUp{Pod: pod, Verdict: doctor.Judge(running(func(*doctor.Facts) {})), Evidence: seen[:2]})
	answer := errors.New("RunPod answers 503: it is not available now; try again in a minute")
	for name, m := range map[string]Model{
		"refused":  show(tried(plain, seen...)),
		"proxied":  show(proxied),
		"combined": show(tried(combined, seen...)),
		"no-sshd":  show(tried(running(func(f *doctor.Facts) { f.Probe = doctor.Probe{Outcome: doctor.PortRefused} }), seen[:2]...)),
		"ready":    show(ready),
		"starting": show(listed(doctor.Facts{Status: "STARTING", SystemLog: "pulling image runpod/pytorch:2.8.0", SystemLogAge: 20 * time.Second})),
		"stopped":  show(listed(doctor.Facts{Status: "EXITED", CanStart: true, StartCost: 0.69})),
		"no-gpu":   show(listed(doctor.Facts{Status: "EXITED", CanStart: true, StartFailed: "There are not enough free GPUs on the host machine", NoFreeGPU: true})),
		"ended": show(Finding{From: Ended, Pod: pod, Evidence: seen[:1], Verdict: doctor.JudgeSession(running(func(*doctor.Facts) {}),
			doctor.Session{End: doctor.EndExit, Status: 1, Lasted: time.Second, Said: "/bin/zsh: no such file or directory"})}),
		"huge":    show(tried(plain, huge()...)),
		"account": show(Finding{Verdict: doctor.JudgeAccount(doctor.Account{Pods: doctor.CallForbidden})}),
		"plain":   show(Explain(pod, "", answer)),
		"nopod":   show(Explain(manager.Pod{}, "", answer)),
		"mended": New(screen.NewTheme(true), ready, Notice{Tone: doctor.ToneGood,
			Sentence: "The mode of ~/.ssh/id_ed25519 was set to 0600."}),
		"copied": New(screen.NewTheme(true), tried(plain, seen...), Notice{Tone: doctor.ToneGood, Sentence: "Sent to the terminal's clipboard:",
			Text: `bash -c 'apt update; DEBIAN_FRONTEND=noninteractive apt-get install openssh-server -y; service ssh start; sleep infinity'`}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestKeys(t *testing.T) {
	plain := tried(refused(func(*doctor.Login) {}))
	unknown := tried(refused(func(l *doctor.Login) { l.Registered = doctor.RegisteredNo }))
	alone := plain
	alone.Pod.HasProxy, alone.Verdict.Ways = false, nil
	proxied := plain
	proxied.Pod.Route.Kind, proxied.Verdict.Ways = manager.RouteProxy, nil
	asked := plain
	asked.Via = manager.RouteProxy
	off := Finding{Pod: manager.Pod{ID: "k3xq81", CanStart: true}, Verdict: doctor.Judge(doctor.Facts{Status: "EXITED", CanStart: true})}
	mode := tried(refused(func(l *doctor.Login) {
		l.Registered, l.Blocked = doctor.RegisteredNo, doctor.BlockedKey{Fault: doctor.KeyModeOpen, Words: "it is open"}
	}))
	ready := Finding{From: Checked, Pod: pod, Verdict: doctor.Judge(running(func(*doctor.Facts) {}))}
	account := Finding{Verdict: doctor.JudgeAccount(doctor.Account{Pods: doctor.CallUnreachable})}
	for _, c := range []struct {
		name, keys string
		finding    Finding
		want       screen.Intent
	}{
		{"a wizard may be what enter is for", "enter", unknown, Do{doctor.ActKeys}},
		{"its key", "K", unknown, Do{doctor.ActKeys}},
		{"the key in the pod", "a", plain, Do{doctor.ActAddKey}},
		{"no wizard where it mends nothing", "K", plain, nil},
		{"enter alone does not connect", "enter", mode, screen.Back{}},
		{"mending", "m", mode, Do{doctor.ActMendKey}},
		{"enter alone starts nothing", "enter", off, screen.Back{}},
		{"starting", "s", off, Do{doctor.ActStart}},
		{"esc", "esc", plain, screen.Back{}},
		{"again", "r", plain, Do{doctor.ActRetry}},
		{"again by its button", "tab tab enter", plain, Do{doctor.ActRetry}},
		{"check again", "c", plain, Check{}},
		{"the proxy", "p", plain, Do{doctor.ActProxy}},
		{"the proxy by its button", "tab enter", plain, Do{doctor.ActProxy}},
		{"no proxy", "p", alone, nil},
		{"the proxy was it", "p", proxied, nil},
		{"the proxy was asked for", "p", asked, nil},
		{"no connection to what is off", "r", off, nil},
		{"copy", "y", plain, Do{doctor.ActCopySSH}},
		{"nothing to copy", "y", off, nil},
		{"enter connects where nothing is in the way", "enter", ready, Do{doctor.ActRetry}},
		{"the account has no pod to check", "c", account, nil},
		{"the account is asked again", "r", account, Do{doctor.ActRetry}},
		{"other letters", "q", plain, nil},
	} {
		if _, got := asktest.Press(show(c.finding).SetSize(80, 23), c.keys); got != c.want {
			t.Errorf("%s: %q gave %#v, want %#v", c.name, c.keys, got, c.want)
		}
	}
}

// TestEveryActionHasAKeyOfItsOwn goes by what doctor can ask for.
func TestEveryActionHasAKeyOfItsOwn(t *testing.T) {
	taken := map[string]doctor.Action{"c": "check again", "up": "", "k": "scroll", "j": "scroll", "h": "choose", "l": "choose", "q": "quit"}
	for _, a := range actions() {
		key, label := Offer(a)
		if key == "" || label == "" {
			t.Errorf("%s has no key", a)
		}
		if other, ok := taken[key]; ok {
			t.Errorf("%s and %s share %q", a, other, key)
		}
		taken[key] = a
		f := Finding{Pod: pod, Verdict: doctor.Verdict{Tone: doctor.ToneBad, Sentence: "So it is.", Action: a}}
		if _, got := asktest.Press(show(f).SetSize(80, 23), key); got != (Do{a}) {
			t.Errorf("%s: %q gave %#v", a, key, got)
		}
	}
	if len(offered) != len(actions()) {
		t.Errorf("%d actions are offered of %d", len(offered), len(actions()))
	}
}

func actions() []doctor.Action {
	return []doctor.Action{
		doctor.ActAPIKey, doctor.ActStart, doctor.ActWait, doctor.ActRetry, doctor.ActProxy, doctor.ActExposePort, doctor.ActStartCommand, doctor.ActKeys,
		doctor.ActAddKey, doctor.ActMendKey, doctor.ActAgentAdd, doctor.ActForget, doctor.ActConsole, doctor.ActCopySSH, doctor.ActCopyCommand,
	}
}

// TestCauseAndRemedyNeedNoScrolling looks at verdicts of every area, the longest
// among them, in the smallest of the usual terminals.
func TestCauseAndRemedyNeedNoScrolling(t *testing.T) {
	facts := []doctor.Facts{
		{Status: "ERROR", CanStart: true, SystemLog: strings.Repeat("word ", 10)}, {Status: "EXITED", CanStart: true}, {Status: "WHAT"}, {Status: "RUNNING", DiskGB: 40},
		{Status: "EXITED", CanStart: true, StartFailed: "There are not enough free GPUs on the host machine to start this pod.", NoFreeGPU: true},
		running(func(f *doctor.Facts) { f.HostKey = doctor.HostKey{Trust: doctor.TrustChanged, Restarted: doctor.Yes} }),
		running(func(f *doctor.Facts) { f.HostKey = doctor.HostKey{Trust: doctor.TrustContradicted} }),
		running(func(f *doctor.Facts) { f.DirectAddr, f.Exposes22 = "", false }),
		{Account: doctor.Account{Pods: doctor.CallTLS, Words: "x509: certificate signed by unknown authority"}},
	}
	for _, outcome := range []doctor.Outcome{doctor.PortRefused, doctor.PortTimeout, doctor.PortUnreachable, doctor.PortSilent, doctor.PortClosed, doctor.PortNotSSH} {
		facts = append(facts, running(func(f *doctor.Facts) { f.Probe = doctor.Probe{Outcome: outcome, Got: "HTTP/1.1 400 Bad Request"} }))
	}
	for _, key := range []doctor.PublicKey{"", doctor.PublicKeyEmpty, doctor.PublicKeyNull, doctor.PublicKeyLacks, doctor.PublicKeyHas} {
		facts = append(facts, refused(func(l *doctor.Login) { l.PublicKey, l.Registered = key, doctor.RegisteredYes }))
	}
	for _, f := range facts {
		check(t, doctor.Judge(f))
	}
	check(t, doctor.Judge(doctor.Facts{}.After(doctor.Attempt{Cause: "not done", Unsupported: "ProxyJump bastion.example.com"})))
}

func check(t *testing.T, v doctor.Verdict) {
	t.Helper()
	f := Finding{From: Tried, Pod: pod, Verdict: v, Evidence: huge()}
	view := asktest.Draw(t, show(f), 80, 24)
	words := strings.Join(strings.Fields(strings.ReplaceAll(view, "│", " ")), " ")
	_, does := Offer(v.Action)
	if v.Action != "" {
		does = f.words(v.Action).key + " " + f.words(v.Action).label
	}
	for _, want := range []string{v.Sentence, v.Remedy, v.Price, does} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not seen:\n%s", want, view)
		}
	}
}

func TestHugeEvidenceScrollsToItsEnd(t *testing.T) {
	for _, size := range asktest.Sizes {
		m := show(tried(refused(func(*doctor.Login) {}), huge()...)).SetSize(size[0], size[1]-1)
		for range 200 {
			m, _, _ = m.Update(asktest.Key("down"))
			if strings.Contains(m.View(), "y copies it") {
				break
			}
		}
		if view := ansi.Strip(m.View()); !strings.Contains(view, "the last fact") || !strings.Contains(view, "a Add the key to the pod") {
			t.Errorf("%v:\n%s", size, view)
		}
		if m, _ = asktest.Press(m, "up"); m.View() == "" {
			t.Error("nothing is drawn")
		}
	}
}
