package manager_test

import (
	"fmt"
	"testing"
	"time"

	"podbay/demo/api"
)

// crowd is n pods of all kinds, on addresses where nothing answers.
func crowd(n int) []api.PodSpec {
	pods := make([]api.PodSpec, n)
	for i := range pods {
		p := api.PodSpec{
			ID: fmt.Sprintf("%014x", (i+1)*2654435761), Name: fmt.Sprintf("train-%05d", i), Status: api.StatusRunning,
			StartedAt: time.Now().Add(-time.Duration(i) * time.Minute), Cost: 0.69, Env: map[string]string{"HF_TOKEN": "hf_0123456789abcdefghijklmnopqrstuvwx"},
		}
		switch i % 5 {
		case 3:
			p.NoPublicIP = true
		case 4:
			p.Status = api.StatusExited
		}
		pods[i] = p
	}
	return pods
}

// BenchmarkLastList reads the list of an earlier run and makes its rows.
func BenchmarkLastList(b *testing.B) {
	for _, n := range []int{3, 5000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			a := newAccount(b, accountOptions{pods: crowd(n)})
			if _, err := a.m.Refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := a.m.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				m := a.open(b, accountOptions{})
				if list, ok := m.LastList(); !ok || len(list.Pods) != n {
					b.Fatalf("%v, %d pods", ok, len(list.Pods))
				}
			}
		})
	}
}

// BenchmarkRefresh asks the demo's API for the list and makes its rows; the demo
// takes a part of the time.
func BenchmarkRefresh(b *testing.B) {
	for _, n := range []int{3, 5000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			a := newAccount(b, accountOptions{pods: crowd(n), noQuota: true})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.m.Refresh(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
