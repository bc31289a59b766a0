package details

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func shown(p manager.Pod, width, height int) Model {
	return New(screen.NewTheme(false)).SetSize(width, height).SetPod(p, noon)
}

func press(m Model, keys ...rune) (Model, screen.Intent) {
	var intent screen.Intent
	for _, k := range keys {
		m, _, intent = m.Update(tea.KeyPressMsg{Code: k, Text: string(k)})
	}
	return m, intent
}

func TestFacts(t *testing.T) {
	full := manager.Pod{
		ID: "p1", Status: "RUNNING", PublicIP: "203.0.113.7", PublicPort: 34446, Exposes22: true, CostPerHour: 1.38, DataCenter: "EU-RO-1",
		StartedAt: noon.Add(-200 * time.Minute), Probed: noon.Add(-3 * time.Second), DiskGB: 50, Volume: "20 GB at /workspace", Locked: true,
		Route:   manager.Route{Kind: manager.RouteDirect, Addr: "203.0.113.7:34446", Command: "ssh root@203.0.113.7 -p 34446"},
		HostKey: manager.HostKey{Type: "ED25519", Fingerprint: "SHA256:abc", Trust: manager.TrustedByLog, At: noon, SharedWith: []string{"b (p3)", "c (p4)"}},
		Agreed: manager.Agreed{At: noon, Via: manager.RouteDirect, KeyExchange: "mlkem768x25519-sha256", Cipher: "aes128-ctr", MAC: "hmac-sha2-256",
			HostKeyType: "ssh-ed25519", HostKey: "SHA256:abc"},
	}
	off := manager.Pod{ID: "p2", Status: "EXITED", Community: true, Volume: "1 GB at /workspace", Route: manager.Route{Kind: manager.RouteNone, Reason: "it is stopped"}}
	for _, c := range []struct {
		pod         manager.Pod
		label, want string
	}{
		{full, "route", "direct 203.0.113.7:34446"}, {off, "route", "none: it is stopped"},
		{full, "port 22", "22/tcp is public port 34446"}, {off, "port 22", "22/tcp is not exposed"},
		{full, "cost", "$1.38/h"}, {off, "cost", "$0/h for compute; the volume is billed"},
		{full, "started", "2026-11-22 08:40 UTC, 3 h 20 m ago"}, {off, "started", ""},
		{full, "measured", "in the last two minutes"}, {off, "measured", ""},
		{full, "place", "EU-RO-1, Secure Cloud"}, {off, "place", "Community Cloud"},
		{full, "host key", "ED25519 SHA256:abc, verified by the pod's log on 2026-11-22 12:00 UTC"}, {off, "host key", ""},
		{full, "key also of", "b (p3), c (p4)"}, {off, "key also of", ""}, {off, "last login", ""},
		{full, "last login", "2026-11-22 12:00 UTC, direct: key exchange mlkem768x25519-sha256, cipher aes128-ctr, hmac-sha2-256, host key ssh-ed25519"},
		{full, "disk", "50 GB container disk, lost at a stop"}, {off, "disk", ""},
		{full, "locked", "yes: it cannot be stopped or reset"}, {off, "public IP", "none"},
	} {
		for _, f := range facts(c.pod, noon) {
			if f.label == c.label && f.text != c.want {
				t.Errorf("%s of %s is %q, want %q", c.label, c.pod.ID, f.text, c.want)
			}
		}
	}
}

func TestVerdictComesFirstAndEverythingCanBeReached(t *testing.T) {
	p := manager.Pod{ID: "the-id", Name: "alpha", Image: strings.Repeat("long/", 30),
		Verdict: doctor.Verdict{Tone: doctor.ToneBad, Word: "no sshd", Sentence: "Nothing answers.", Remedy: "Start sshd."}}
	for _, size := range [][2]int{{80, 24}, {40, 5}, {24, 3}} {
		m := shown(p, size[0], size[1])
		if got := ansi.Strip(strings.Split(m.View(), "\n")[0]); !strings.HasPrefix("alpha  ✕ no sshd", strings.TrimRight(got, "…")) {
			t.Errorf("%v: the first line is %q", size, got)
		}
		m, _ = press(m, 'G')
		lines := strings.Split(ansi.Strip(m.View()), "\n")
		if !strings.Contains(strings.Join(lines, ""), "d") || len(lines) > size[1] {
			t.Errorf("%v: the end is %q", size, lines)
		}
		for _, line := range lines {
			if screen.Width(line) > size[0] {
				t.Errorf("%v: %q is too wide", size, line)
			}
		}
	}
}

func TestIntents(t *testing.T) {
	p := manager.Pod{ID: "a", Route: manager.Route{Command: "ssh a"}}
	for key, want := range map[rune]screen.Intent{
		'y': Copy{p}, '?': Help{}, 'd': screen.Back{}, 'q': screen.Back{}, 'j': nil,
		tea.KeyEnter: Connect{p}, tea.KeyEscape: screen.Back{},
	} {
		_, _, got := shown(p, 80, 24).Update(tea.KeyPressMsg{Code: key})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", key, diff)
		}
	}
	if _, got := press(shown(manager.Pod{ID: "a"}, 80, 24), 'y'); got != nil {
		t.Errorf("y without a command asks for %v", got)
	}
}

// Another pod is shown from its top, the same pod stays where it was.
func TestScrollStaysOnThePod(t *testing.T) {
	m, _ := press(shown(manager.Pod{ID: "a"}, 80, 3), 'j', 'j')
	if m.SetPod(manager.Pod{ID: "a"}, noon).top != 2 || m.SetPod(manager.Pod{ID: "b"}, noon).top != 0 {
		t.Error("the place is not kept by pod")
	}
}
