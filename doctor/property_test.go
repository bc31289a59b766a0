package doctor_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"podbay/doctor"
)

// TestJudgeAlwaysSaysSomething holds what the screens rely on, whatever the facts.
func TestJudgeAlwaysSaysSomething(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		for i, v := range doctor.Examine(f) {
			switch {
			case i == 0 && v.ID != doctor.Judge(f).ID:
				t.Fatalf("Examine begins with %s, Judge says %s", v.ID, doctor.Judge(f).ID)
			case v.ID == "" || v.Word == "" || v.Tone == "" || !strings.HasSuffix(v.Sentence, "."):
				t.Fatalf("incomplete verdict %+v for %+v", v, f)
			case utf8.RuneCountInString(v.Word) > 16:
				t.Fatalf("word %q is too long for its column", v.Word)
			case v.Remedy == "" && (v.Tone == doctor.ToneBad || v.Tone == doctor.ToneWait && v.ID != doctor.Checking):
				t.Fatalf("verdict %s leaves the user without a next step", v.ID)
			case v.Action != "" && v.Remedy == "":
				t.Fatalf("verdict %s has an action and no words for it", v.ID)
			case v.Shell && f.DirectAddr == "" && !f.HasProxy:
				t.Fatalf("verdict %s promises a shell without an endpoint", v.ID)
			case slices.Contains(v.Ways, doctor.ActProxy) && !f.HasProxy:
				t.Fatalf("verdict %s offers a proxy that there is not", v.ID)
			case slices.Contains(v.Ways, v.Action):
				t.Fatalf("verdict %s names %s twice", v.ID, v.Action)
			case (v.Action == doctor.ActStart || v.Action == doctor.ActExposePort) && v.Price == "":
				t.Fatalf("verdict %s hides what %s costs", v.ID, v.Action)
			case (v.Action == doctor.ActCopyCommand) != (v.Command != ""):
				t.Fatalf("verdict %s: action %q, command %q", v.ID, v.Action, v.Command)
			}
		}
	})
}

// TestNoCauseIsNamedUnproven takes away what a verdict names as the cause, from
// random facts in which causes combine: the verdict must then be another. A cause
// that survives its own removal was never proven.
func TestNoCauseIsNamedUnproven(t *testing.T) {
	removals := removals()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		v := doctor.Judge(f)
		remove, ok := removals[v.ID]
		if !ok {
			t.Fatalf("no removal for %s: every verdict needs one", v.ID)
		}
		if remove == nil { // nothing is in the way: there is no cause
			return
		}
		without := f
		remove(&without)
		if again := doctor.Judge(without); again.ID == v.ID {
			t.Fatalf("%s is still the verdict without its cause\nfacts   %+v\nwithout %+v", v.ID, f, without)
		}
	})
}

// TestEveryVerdictHasARemoval keeps the table above whole.
func TestEveryVerdictHasARemoval(t *testing.T) {
	removals := removals()
	for _, e := range doctor.Catalogue() {
		if _, ok := removals[e.ID]; !ok {
			t.Errorf("%s has no removal", e.ID)
		}
	}
}

// TestNoUnknownWhereAFactDecides: "unknown" and "connect failed" are for facts that
// decide nothing.
func TestNoUnknownWhereAFactDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		v := doctor.Judge(f)
		known := slices.Contains([]string{"RUNNING", "EXITED", "STARTING", "PROVISIONING", "ERROR", "TERMINATED"}, f.Status)
		switch {
		case v.ID == doctor.StatusNotKnown && known:
			t.Fatalf("unknown status for %s", f.Status)
		case v.ID == doctor.StatusNotKnown && f.Status == "" && f.Account.Pods != "" && f.Account.Pods != doctor.CallOK:
			t.Fatalf("unknown status where the account's call decides: %s", f.Account.Pods)
		case v.ID == doctor.ConnectFailed && (f.Login.Outcome == doctor.LoginRefused || f.Login.Outcome == doctor.LoginNoKey):
			t.Fatalf("a bare failure where the login decides: %+v", f.Login)
		case v.ID == doctor.Checking && f.Probe.Outcome != "" && f.DirectAddr != "":
			t.Fatalf("still checking where the probe decides: %+v", f.Probe)
		}
	})
}

// TestFirstBlockerFirst: what must be removed first is named first.
func TestFirstBlockerFirst(t *testing.T) {
	f := doctor.Facts{Status: "RUNNING", HasProxy: true, Exposes22: true, Community: true, Started: true, SinceStart: time.Hour,
		Login: doctor.Login{Outcome: doctor.LoginRefused, Offered: 1, Registered: doctor.RegisteredNo,
			Blocked: doctor.BlockedKey{Fault: doctor.KeyModeOpen, Name: "~/.ssh/id_ed25519", Words: "~/.ssh/id_ed25519 can be read by others (mode 0644)"}}}
	var got []doctor.ID
	for _, v := range doctor.Examine(f) {
		got = append(got, v.ID)
	}
	want := []doctor.ID{doctor.KeyModeTooOpen, doctor.KeyUnknown, doctor.ProxyNoIP}
	if !slices.Equal(got, want) {
		t.Errorf("Examine = %v, want %v", got, want)
	}
	f.Status, f.CanStart = "EXITED", true
	if got := doctor.Judge(f).ID; got != doctor.Stopped {
		t.Errorf("a stopped pod comes first: %s", got)
	}
}

// TestSettledVerdictsStay holds that a list may keep what it says of settled facts,
// however much time passes.
func TestSettledVerdictsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		before := doctor.Examine(f)
		first, others := doctor.Triage(&f)
		if again := append([]doctor.Verdict{first}, others...); !reflect.DeepEqual(again, before) {
			t.Fatalf("Triage says %+v, Examine %+v", again, before)
		}
		if !f.Settled() {
			return
		}
		passed := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "passed"))
		f.SinceStart, f.SystemLogAge, f.Login.Age = f.SinceStart+passed, f.SystemLogAge+passed, f.Login.Age+passed
		if after := doctor.Examine(f); !reflect.DeepEqual(after, before) {
			t.Fatalf("settled, and %s later: %+v, before %+v", passed, after, before)
		}
	})
}
