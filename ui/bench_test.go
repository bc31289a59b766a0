package ui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
)

// manyPods is n pods of all kinds.
func manyPods(n int) []manager.Pod {
	kinds := somePods()
	out := make([]manager.Pod, n)
	for i := range out {
		out[i] = kinds[i%len(kinds)]
		out[i].ID = fmt.Sprintf("%010x", i*2654435761%(1<<40))
		out[i].Name = fmt.Sprintf("%s-%05d", out[i].Name, i)
		out[i].StartedAt = noon.Add(-time.Duration(i) * time.Minute)
	}
	return out
}

// crowded is the list with n pods on a large terminal.
func crowded(b *testing.B, n int) model {
	b.Helper()
	run := newEffects(context.Background())
	b.Cleanup(run.close)
	m := newModel(&fakeManager{}, Options{Now: func() time.Time { return noon }}, run)
	return after(listed(after(m, startMsg{}), manyPods(n)...), tea.WindowSizeMsg{Width: 140, Height: 40})
}

// BenchmarkFrame is what lies between a message and its frame: Update and View.
func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{3, 5000} {
		pods := manyPods(n)
		again := manyPods(n)
		for _, c := range []struct {
			name string
			open []string
			msgs func(m model) []tea.Msg
		}{
			{"move", nil, func(model) []tea.Msg { return keys("j", "down", "j") }},
			{"last", nil, func(model) []tea.Msg { return keys("G", "g") }},
			{"filter", []string{"/"}, func(model) []tea.Msg {
				return append(keys("b", "e", "t", "a", "0"), tea.KeyPressMsg{Code: 'u', Mod: tea.ModCtrl})
			}},
			{"sort", nil, func(model) []tea.Msg { return keys("s", "s", "s", "s") }},
			{"refresh", nil, func(m model) []tea.Msg {
				return []tea.Msg{refreshedMsg{gen: m.refresh.gen, at: noon, listing: manager.Listing{Pods: again, At: noon}, next: time.Second}}
			}},
			{"probed", nil, func(m model) []tea.Msg {
				return []tea.Msg{probedMsg{gen: m.probe.gen, at: noon, rows: pods[:min(50, n)]}}
			}},
		} {
			b.Run(fmt.Sprintf("%s/pods=%d", c.name, n), func(b *testing.B) {
				m := after(crowded(b, n), keys(c.open...)...)
				m.refresh.cancel = func() {}
				msgs := c.msgs(m)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					next, _ := m.Update(msgs[i%len(msgs)])
					m = next.(model)
					_ = m.View()
				}
			})
		}
	}
}
