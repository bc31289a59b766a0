package pods

import (
	"errors"
	"fmt"
	"slices"
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

func pod(name, status string, edit ...func(*manager.Pod)) manager.Pod {
	p := manager.Pod{
		ID: "id-" + name, Name: name, Status: status, GPU: "1× RTX 4090", Exposes22: true,
		Verdict: doctor.Verdict{Tone: doctor.ToneIdle, Word: "stopped"}, CanStart: true,
	}
	if status == "RUNNING" {
		p.PublicIP, p.PublicPort, p.CostPerHour = "203.0.113.7", 34446, 0.69
		p.StartedAt, p.CanStart, p.CanStop = noon.Add(-3*time.Hour-20*time.Minute), false, true
		p.Verdict = doctor.Verdict{Tone: doctor.ToneGood, Word: "ready 38 ms", Shell: true}
		p.Route = manager.Route{Kind: manager.RouteDirect, Command: "ssh root@203.0.113.7 -p 34446"}
	}
	for _, e := range edit {
		e(&p)
	}
	return p
}

func list(pods ...manager.Pod) Model {
	return New(screen.NewTheme(true), "").SetNow(noon, false).SetSize(80, 20).
		SetListing(manager.Listing{Pods: pods, At: noon})
}

func press(m Model, keys ...string) (Model, screen.Intent) {
	named := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown,
		"pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	}
	var intent screen.Intent
	for _, k := range keys {
		msg := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		if code, ok := named[k]; ok {
			msg = tea.KeyPressMsg{Code: code}
		}
		m, _, intent = m.Update(msg)
	}
	return m, intent
}

func selected(t *testing.T, m Model) string {
	t.Helper()
	p, ok := m.Selected()
	if !ok {
		return ""
	}
	return p.Name
}

func TestColumnsByWidth(t *testing.T) {
	need := widths{}
	long, passing := pod("a-name-of-22-characters", "RUNNING"), pod("b", "PROVISIONING")
	need.add(&long, nil)
	need.add(&passing, nil)
	for _, c := range []struct {
		width int
		want  string
	}{
		{40, "NAME PORT 22 SSH"},
		{50, "NAME PUBLIC IP SSH $/H"},
		{60, "NAME PUBLIC IP PORT 22 SSH $/H"},
		{72, "NAME STATUS PUBLIC IP PORT 22 SSH $/H"},
		{80, "NAME STATUS PUBLIC IP PORT 22 SSH $/H"},
		{96, "NAME STATUS GPU PUBLIC IP PORT 22 SSH $/H"},
		{120, "NAME STATUS GPU PUBLIC IP PORT 22 SSH $/H UPTIME"},
	} {
		w := choose(need, c.width)
		var got []string
		gap := gapFor(c.width)
		total := marker - gap
		for i, cells := range w {
			if cells > 0 {
				got = append(got, headings[i])
				total += cells + gap
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" || total > c.width {
			t.Errorf("width %d: %d cells, %s", c.width, total, diff)
		}
	}
}

func TestSelectionStaysOnItsPod(t *testing.T) {
	m := list(pod("a", "RUNNING"), pod("b", "RUNNING"), pod("c", "EXITED"))
	m, _ = press(m, "j")
	if got := selected(t, m); got != "b" {
		t.Fatalf("selected %q", got)
	}
	m = m.SetListing(manager.Listing{At: noon, Pods: []manager.Pod{pod("aa", "RUNNING"), pod("b", "EXITED"), pod("a", "RUNNING"), pod("c", "RUNNING")}})
	if got := selected(t, m); got != "b" {
		t.Errorf("after a refresh: %q", got)
	}
	for range int(orders) {
		m, _ = press(m, "s")
		if got := selected(t, m); got != "b" {
			t.Errorf("sorted by %v: %q", m.order, got)
		}
	}
	m = m.SetPods([]manager.Pod{pod("b", "TERMINATED"), pod("gone", "RUNNING")})
	if p, _ := m.Selected(); p.Status != "TERMINATED" || len(m.Pods()) != 4 {
		t.Errorf("after a measurement: %+v, %d pods", p, len(m.Pods()))
	}
	m = m.SetListing(manager.Listing{At: noon, Pods: []manager.Pod{pod("a", "RUNNING")}})
	if got := selected(t, m); got != "a" {
		t.Errorf("when the pod is gone: %q", got)
	}
}

func TestOrders(t *testing.T) {
	cost := func(c float64) func(*manager.Pod) { return func(p *manager.Pod) { p.CostPerHour = c } }
	since := func(d time.Duration) func(*manager.Pod) { return func(p *manager.Pod) { p.StartedAt = noon.Add(-d) } }
	m := list(pod("d", "EXITED"), pod("c", "RUNNING", cost(1), since(time.Minute)), pod("b", "RUNNING", cost(3), since(time.Hour)),
		pod("a", "NEWWORD"), pod("e", "ERROR"))
	for _, want := range []string{"b c e a d", "a b c d e", "b c a d e", "b c a d e"} {
		var got []string
		for _, i := range m.shown {
			got = append(got, m.all[i].Name)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("by %v: %s", m.order, diff)
		}
		m, _ = press(m, "s")
	}
}

func TestFilterTakesEveryLetter(t *testing.T) {
	m := list(pod("alpha", "RUNNING"), pod("qxjrys-box", "RUNNING"), pod("beta", "EXITED"))
	m, intent := press(m, "/", "q", "x", "j", "r", "y", "s")
	if intent != nil || m.filter.Value() != "qxjrys" || selected(t, m) != "qxjrys-box" || len(m.shown) != 1 {
		t.Fatalf("filter %q, selected %q, intent %v", m.filter.Value(), selected(t, m), intent)
	}
	kept, _ := press(m, "enter")
	if len(kept.shown) != 1 || kept.filter.Focused() {
		t.Errorf("enter did not keep the filter")
	}
	if _, intent = press(kept, "enter"); intent == nil {
		t.Errorf("enter after the filter asks for nothing")
	}
	for _, from := range []Model{m, kept} {
		all, intent := press(from, "esc")
		if len(all.shown) != 3 || intent != nil || selected(t, all) != "qxjrys-box" {
			t.Errorf("esc: %d pods, selected %q, intent %v", len(all.shown), selected(t, all), intent)
		}
	}
	none, _ := press(m, "z", "z")
	if _, intent := press(none, "enter", "enter"); intent != nil {
		t.Errorf("enter without a pod asks for %v", intent)
	}
}

func TestIntents(t *testing.T) {
	run, off, failed := pod("run", "RUNNING"), pod("off", "EXITED"), pod("failed", "ERROR")
	locked := pod("locked", "RUNNING", func(p *manager.Pod) { p.Locked, p.CanStop = true, false })
	for _, c := range []struct {
		key  string
		pod  manager.Pod
		want screen.Intent
	}{
		{"enter", run, Connect{run}}, {"enter", off, Connect{off}}, {"x", run, Stop{run}}, {"x", off, Said{"off is stopped already"}},
		{"x", locked, Said{"locked is locked: unlock it in RunPod's console first"}}, {"x", failed, Said{"RunPod offers no stop for failed now: see its page in RunPod's console"}},
		{"y", run, Copy{run}}, {"y", off, Said{"off: there is no ssh command to copy."}}, {"d", run, Details{run}}, {"r", run, Refresh{}}, {"?", run, Help{}},
		{"q", run, Quit{}}, {"esc", run, screen.Back{}}, {"K", run, Keys{run}}, {"z", run, nil},
	} {
		_, got := press(list(c.pod), c.key)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s on %s: %s", c.key, c.pod.Name, diff)
		}
	}
}

func TestMovingKeepsTheRowOnScreen(t *testing.T) {
	var many []manager.Pod
	for i := range 300 {
		many = append(many, pod(fmt.Sprintf("pod-%03d", i), "RUNNING"))
	}
	m := list(many...)
	for _, c := range [][2]string{{"G", "pod-299"}, {"g", "pod-000"}, {"pgdown", "pod-018"}, {"j", "pod-019"}, {"pgup", "pod-001"},
		{"k", "pod-000"}, {"k", "pod-000"}, {"end", "pod-299"}, {"down", "pod-299"}, {"home", "pod-000"}} {
		m, _ = press(m, c[0])
		view := ansi.Strip(m.View())
		if selected(t, m) != c[1] || !strings.Contains(view, "▸ "+c[1]) {
			t.Errorf("after %s: selected %s, want %s, drawn:\n%s", c[0], selected(t, m), c[1], view)
		}
		if n := strings.Count(view, "\n") + 1; n > 20 {
			t.Errorf("%d lines", n)
		}
	}
}

func TestFailedRefreshKeepsTheRows(t *testing.T) {
	m := list(pod("a", "RUNNING")).SetError(errors.New("RunPod answers 503")).SetNow(noon.Add(14*time.Second), false)
	view := ansi.Strip(m.View())
	if !strings.Contains(view, "as of 14 s ago: RunPod answers 503") || !strings.Contains(view, "▸ a") {
		t.Errorf("got:\n%s", view)
	}
}

// A state that comes and goes must not make the columns jump.
func TestColumnsNeverShrink(t *testing.T) {
	m := list(pod("a", "PROVISIONING"))
	before := m.fit
	if m = m.SetListing(manager.Listing{Pods: []manager.Pod{pod("a", "EXITED")}, At: noon}); m.fit != before {
		t.Errorf("from %v to %v", before, m.fit)
	}
}

// A row is as wide as the others whatever the cells of its letters are.
func TestWideNamesKeepTheColumns(t *testing.T) {
	m := list(pod("日本語のポッドです", "RUNNING"), pod("plain", "RUNNING"), pod("e\u0301te\u0301", "RUNNING"), pod("🚀 rocket", "RUNNING"))
	lines := strings.Split(ansi.Strip(m.View()), "\n")
	heading, _, _ := strings.Cut(lines[1], "STATUS")
	for _, line := range lines[2:] {
		before, _, ok := strings.Cut(line, "● running")
		if !ok || screen.Width(before) != screen.Width(heading) {
			t.Errorf("the status starts at cell %d, its heading at %d: %q", screen.Width(before), screen.Width(heading), line)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		var many []manager.Pod
		for i := range n {
			many = append(many, pod(fmt.Sprintf("pod-%05d-%x", i, i*2654435761), []string{"RUNNING", "EXITED"}[i%2]))
		}
		m := list(many...).SetSize(140, 40)
		typing, _ := press(m, "/", "p")
		for name, run := range map[string]func(){
			"move":    func() { m, _ = press(m, "j"); _ = m.View() },
			"filter":  func() { f, _ := press(typing, "o"); _ = f.View() },
			"sort":    func() { m, _ = press(m, "s"); _ = m.View() },
			"refresh": func() { m = m.SetListing(manager.Listing{Pods: many, At: noon}); _ = m.View() },
		} {
			b.Run(fmt.Sprintf("%s-%d", name, n), func(b *testing.B) {
				for b.Loop() {
					run()
				}
			})
		}
	}
}

// Of a long list the pods in sight are measured, and a screen to each side.
func TestNearPods(t *testing.T) {
	var many []manager.Pod
	for i := range few + 1 {
		p := pod(fmt.Sprintf("p%04d", i), "RUNNING")
		p.Route.Kind = manager.RouteDirect
		many = append(many, p)
	}
	if m := list(many[:few]...); len(m.Near()) != few || m.Unmeasured() != nil {
		t.Errorf("of %d pods %d are near, unmeasured: %v", few, len(m.Near()), m.Unmeasured())
	}
	m := list(many...)
	rows := m.rows()
	if near := m.Near(); len(near) != 2*rows || near[0].Name != "p0000" || len(m.Unmeasured()) != 2*rows {
		t.Errorf("at the top %d are near, from %s", len(near), near[0].Name)
	}
	measured := m.Near()
	for i := range measured {
		measured[i].Probed = noon
	}
	if m = m.SetPods(measured); m.Unmeasured() != nil {
		t.Error("what was measured is unmeasured")
	}
	if m, _ = press(m, "end"); len(m.Unmeasured()) != 2*rows || len(m.Near()) != 2*rows {
		t.Errorf("at the end %d are near, unmeasured: %v", len(m.Near()), m.Unmeasured())
	}
	if m = m.SetListing(manager.Listing{}); len(m.Near()) != 0 || m.Unmeasured() != nil {
		t.Error("an empty list has pods to measure")
	}
}

// found lists the names that the filter shows.
func found(m Model) string {
	var names []string
	for _, i := range m.shown {
		names = append(names, m.all[i].Name)
	}
	return strings.Join(names, " ")
}

func filtering(m Model, filter string) Model {
	m, _ = press(m, "/")
	for _, letter := range filter {
		m, _ = press(m, string(letter))
	}
	return m
}

func TestFilter(t *testing.T) {
	gpu := func(name string) func(*manager.Pod) { return func(p *manager.Pod) { p.GPU = name } }
	m := list(pod("flux-lora", "RUNNING", gpu("RTX 4090")), pod("openfold-run", "RUNNING", gpu("A100")),
		pod("Flux-dev", "EXITED", gpu("A100 SXM")), pod("a-flux", "RUNNING", gpu("H100")))
	for _, tt := range []struct{ filter, want, count string }{
		{"flux", "a-flux flux-lora Flux-dev", "3 of 4"}, // and not openfold-run, which has these letters too
		{"FLUX", "a-flux flux-lora Flux-dev", "3 of 4"},
		{"flux a100", "Flux-dev", "1 of 4"},
		{"a100 flux", "Flux-dev", "1 of 4"},
		{" 4090 ", "flux-lora", "1 of 4"},
		{"opnfld", "openfold-run", "0 of 4, 1 similar"},
		{"zzz", "", "0 of 4"},
		{"", "a-flux flux-lora openfold-run Flux-dev", "4 of 4"},
	} {
		f := filtering(m, tt.filter)
		if got := found(f); got != tt.want || f.count() != tt.count {
			t.Errorf("%q finds %q, %s; want %q, %s", tt.filter, got, f.count(), tt.want, tt.count)
		}
	}
}

// What is found stays in the order of the list, also in another one.
func TestFilterKeepsTheOrder(t *testing.T) {
	cost := func(c float64) func(*manager.Pod) { return func(p *manager.Pod) { p.CostPerHour = c } }
	m := filtering(list(pod("flux-a", "EXITED", cost(1)), pod("flux-b", "RUNNING", cost(2)), pod("flux-c", "EXITED", cost(3)), pod("d", "RUNNING")), "flux")
	m, _ = press(m, "enter")
	for _, want := range []string{"flux-b flux-a flux-c", "flux-a flux-b flux-c", "flux-c flux-b flux-a"} {
		if got := found(m); got != want {
			t.Errorf("by %v: %q, want %q", m.order, got, want)
		}
		m, _ = press(m, "s")
	}
}

// Where the header has no room for the order, a line says it.
func TestTheOrderIsAlwaysTold(t *testing.T) {
	m := list(pod("a", "RUNNING"), pod("b", "EXITED"), pod("c", "PROVISIONING"), pod("d", "ERROR"))
	for width, want := range map[int]screen.Intent{80: nil, 66: Said{"sorted by name"}} {
		wide := m.SetSize(width, 24)
		sorted, got := press(wide, "s")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %d: %s", width, diff)
		}
		if shown := strings.Contains(sorted.View(), "by name"); shown != (want == nil) {
			t.Errorf("at %d the header is %q", width, ansi.Strip(sorted.header()))
		}
	}
}

// A filter that is typed letter by letter, also over mistakes, finds what the whole one
// finds.
func TestFilterGrowsAndShrinks(t *testing.T) {
	var many []manager.Pod
	for i := range 300 {
		many = append(many, pod(fmt.Sprintf("%s-%03d", []string{"llama", "flux", "whisper"}[i%3], i), "RUNNING"))
	}
	base := list(many...)
	typed, _ := press(base, "/")
	for _, step := range []string{"l", "f", "l", "backspace", "backspace", "backspace", "l", "l", "m", "a", " ", "1", "2"} {
		typed, _ = press(typed, step)
		if want := filtering(base, typed.filter.Value()); !slices.Equal(typed.shown, want.shown) {
			t.Errorf("%q finds %v, want %v", typed.filter.Value(), typed.shown, want.shown)
		}
	}
	few := list(many[:200]...)
	if typed = typed.SetListing(manager.Listing{Pods: many[:200], At: noon}); !slices.Equal(typed.shown, filtering(few, typed.filter.Value()).shown) {
		t.Errorf("after a refresh: %v", typed.shown)
	}
}

// Pods that have one name are told apart by as much of their IDs as that takes, however
// little room there is.
func TestNamesakes(t *testing.T) {
	called := func(name, id string) manager.Pod {
		p := pod(name, "RUNNING")
		p.ID = id
		return p
	}
	long := "a-template-name-of-32-characters"
	pods := []manager.Pod{
		called("train", "7h9kaaaa"), called("train", "7h9kab"), called("other", "7h9kc"), called(long, "1111a"), called(long, "2222b"), called("", "unnamed-id"), called("short", "ab"), called("short", "abc"),
	}
	for width, want := range map[int][]string{
		140: {"train 7h9kaa", "train 7h9kab", "other", long + " 1111", long + " 2222", "unnamed-id", "short ab", "short abc"},
		60:  {"train 7h9kaa", "train 7h9kab", "other", "a-template-n… 1111", "a-template-n… 2222", "unnamed-id", "short ab", "short abc"},
	} {
		m := list(pods...).SetSize(width, 30)
		view := ansi.Strip(m.View())
		for _, name := range want {
			if !slices.ContainsFunc(strings.Split(view, "\n"), func(line string) bool {
				return strings.HasPrefix(line[2:], name+" ") || strings.HasPrefix(line, "▸ "+name+" ")
			}) {
				t.Errorf("at %d cells there is no %q:\n%s", width, name, view)
			}
		}
	}
	// A name that is told later counts too.
	m := list(called("a", "1111"), called("b", "2222")).SetPods([]manager.Pod{called("a", "2222")})
	if view := ansi.Strip(m.View()); !strings.Contains(view, "a 1111") || !strings.Contains(view, "a 2222") {
		t.Error(view)
	}
}
