package cli

import (
	"errors"
	"testing"

	"podbay/doctor"
	"podbay/manager"
)

func TestAFailureSaysHowPodbayRemovesIt(t *testing.T) {
	direct := manager.Pod{ID: "pod1", HasProxy: true, Route: manager.Route{Kind: manager.RouteDirect}}
	for _, c := range []struct {
		verdict doctor.Verdict
		pod     manager.Pod
		via     manager.RouteKind
		want    string
	}{
		{doctor.Verdict{Action: doctor.ActMendKey}, direct, "", "no (in podbay: c on the pod, then m; podbay ssh --proxy pod1)"},
		{doctor.Verdict{Action: doctor.ActKeys}, direct, manager.RouteProxy, "no (podbay keys setup)"},
		{doctor.Verdict{Action: doctor.ActCopyCommand, Command: "ssh-add -X"}, manager.Pod{}, "", "no (ssh-add -X)"},
		{doctor.Verdict{Action: doctor.ActStart}, manager.Pod{}, "", "no (in podbay: c on the pod, then s)"},
		{doctor.Verdict{Action: doctor.ActRetry}, direct, "", "no (podbay ssh --proxy pod1)"},
		{doctor.Verdict{Action: doctor.ActRetry}, manager.Pod{}, "", "no"},
	} {
		no := errors.New("no")
		got := withHints(no, c.verdict, c.pod, c.via)
		if got.Error() != c.want || !errors.Is(got, no) {
			t.Errorf("%s: %q, want %q", c.verdict.Action, got, c.want)
		}
	}
}
