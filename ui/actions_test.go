package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"podbay/doctor"
	"podbay/manager"
)

// clipboard returns what a command sends to the clipboard.
func clipboard(cmd tea.Cmd) []string {
	var out []string
	for _, msg := range messages(cmd) {
		if fmt.Sprintf("%T", msg) == "tea.setClipboardMsg" {
			out = append(out, fmt.Sprint(msg))
		}
	}
	return out
}

// messages runs a command that does not wait, with those that it is made of.
func messages(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	if batch, ok := msg.(tea.BatchMsg); ok {
		var out []tea.Msg
		for _, c := range batch {
			out = append(out, messages(c)...)
		}
		return out
	}
	return []tea.Msg{msg}
}

func TestWhatIsCopiedAndOpened(t *testing.T) {
	var opened []string
	show := func(plan manager.RemedyPlan, fails error) (model, []string) {
		m := sized(t, somePods()...)
		m.open = func(address string) error { opened = append(opened, address); return fails }
		m = after(m, keys("j", "j", "enter")...) // no-sshd
		m = after(m, keys("t")...)
		next, cmd := m.Update(plannedMsg{gen: m.work.gen, plan: plan})
		m = next.(model)
		copied := clipboard(cmd)
		if fails != nil {
			m = after(m, openedMsg{plan.Text, fails})
		}
		return m, copied
	}
	m, copied := show(manager.RemedyPlan{Text: "bash -c 'service ssh start'"}, nil)
	if view := drawn(t, m); !strings.Contains(view, "● Sent to the terminal's clipboard:") || !strings.Contains(view, "bash -c 'service ssh start'") || !strings.Contains(view, "Nothing answers") {
		t.Errorf("got:\n%s", view)
	}
	if diff := cmp.Diff([]string{"bash -c 'service ssh start'"}, copied); diff != "" || len(opened) > 0 {
		t.Error(diff, opened)
	}
	page := manager.RemedyPlan{Text: "https://console.runpod.io/pods?id=p9d8", Opens: true}
	m, copied = show(page, nil)
	if view := drawn(t, m); !strings.Contains(view, page.Text) || !strings.Contains(view, "in your browser") {
		t.Errorf("got:\n%s", view)
	}
	if diff := cmp.Diff([]string{page.Text}, copied); diff != "" {
		t.Error(diff)
	}
	m, _ = show(page, errors.New("this is no desktop session"))
	if view := drawn(t, m); !strings.Contains(view, page.Text) || !strings.Contains(view, "No browser could be started: this is no desktop session") {
		t.Errorf("got:\n%s", view)
	}
	if diff := cmp.Diff([]string{page.Text, page.Text}, opened); diff != "" {
		t.Error(diff)
	}
}

// Where each action leads that is not the manager's.
func TestActionsOfTheScreensOwn(t *testing.T) {
	for _, c := range []struct {
		verdict doctor.Verdict
		key     string
		want    state
		via     manager.RouteKind
	}{
		{doctor.Verdict{ID: doctor.KeyUnknown, Action: doctor.ActKeys}, "K", inKeys, ""},
		{doctor.Verdict{ID: doctor.PodLacksKey, Action: doctor.ActAddKey}, "a", inKeys, ""},
		{doctor.Verdict{ID: doctor.Dropped, Action: doctor.ActRetry}, "r", dialing, ""},
		{doctor.Verdict{ID: doctor.NoSSHD, Ways: []doctor.Action{doctor.ActProxy}}, "p", dialing, manager.RouteProxy},
		{doctor.Verdict{ID: doctor.HostKeyChanged, Action: doctor.ActForget}, "f", dialing, ""},
		{doctor.Verdict{ID: doctor.HostKeyRestarted, Action: doctor.ActForget}, "f", waiting, ""},
		{doctor.Verdict{ID: doctor.RunPodFailing, Action: doctor.ActAPIKey}, "i", loggingIn, ""},
		{doctor.Verdict{ID: doctor.SSHConfig, Action: doctor.ActCopySSH}, "y", asking, ""},
		{doctor.Verdict{ID: doctor.Ready, Tone: doctor.ToneGood, Shell: true}, "enter", dialing, ""},
	} {
		c.verdict.Sentence = "So it is."
		m := after(sized(t, somePods()...), keys("c")...)
		m = after(m, checkedMsg{gen: m.work.gen, check: found(c.verdict)})
		m = after(m, keys(c.key)...)
		if m.state != c.want || m.state == dialing && m.conn.req.Via != c.via {
			t.Errorf("%s: %q leads to state %d by %q", c.verdict.ID, c.key, m.state, m.conn.req.Via)
		}
	}
}
