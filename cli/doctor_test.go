package cli_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"podbay/demo/api"
)

// verdict is one as scripts read it.
type verdict struct {
	ID, Tone, Word, Sentence, Remedy, Action, Price, Command string
	Ways                                                     []string
	Shell                                                    bool
}

// report is what "podbay doctor --json" prints.
type report struct {
	Account verdict
	Pods    []struct {
		ID, Name, Status string
		Verdict          verdict
		Also             []verdict
		Evidence         []struct{ By, What string }
	}
}

func doctorJSON(t *testing.T, args ...string) (int, report) {
	t.Helper()
	code, stdout, stderr := run(t, "", append([]string{"doctor", "--json"}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || stderr != "" {
		t.Fatalf("doctor --json %v: %d %v\n%s%s", args, code, err, stdout, stderr)
	}
	return code, r
}

func TestDoctor(t *testing.T) {
	account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited}, api.PodSpec{ID: "pod2", Name: "serve", Status: api.StatusTerminated})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	code, stdout, stderr := run(t, "", "doctor")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || stderr != "" || len(lines) != 4 {
		t.Fatalf("doctor: %d\n%s%s", code, stdout, stderr)
	}
	for i, want := range [][]string{{"NAME", "VERDICT"}, {"(account)", "account-ready"}, {"serve", "terminated"}, {"train", "stopped", "The pod is stopped."}} {
		if slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(lines[i], w) }) {
			t.Errorf("line %d is %q, want %q in it", i, lines[i], want)
		}
	}
	code, r := doctorJSON(t)
	if code != 0 || r.Account.ID != "account-ready" || len(r.Pods) != 2 || r.Pods[1].Verdict.ID != "stopped" {
		t.Errorf("doctor --json: %d %+v", code, r)
	}
}

func TestDoctorOfOnePod(t *testing.T) {
	account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited}, api.PodSpec{ID: "pod2", Name: "serve", Status: api.StatusExited})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	code, stdout, stderr := run(t, "", "doctor", "train")
	if code != 2 || stderr != "" {
		t.Errorf("doctor train: %d %s", code, stderr)
	}
	for _, want := range []string{
		"pod       train (pod1)\n", "verdict   stopped: stopped\n          The pod is stopped.\n", "remedy    Start it.\n",
		"action    start: Start the pod and connect (in podbay: c on the pod, then s)\n", "price     ", "RunPod: status EXITED",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in:\n%s", want, stdout)
		}
	}
	code, r := doctorJSON(t, "pod1")
	if code != 2 || len(r.Pods) != 1 || r.Pods[0].Name != "train" || r.Pods[0].Verdict.Action != "start" || len(r.Pods[0].Evidence) == 0 {
		t.Errorf("doctor --json pod1: %d %+v", code, r)
	}
	if code, stdout, stderr := run(t, "", "doctor", "nope"); code != 66 || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("doctor nope: %d %s%s", code, stdout, stderr)
	}
}

// An account that cannot be asked has a verdict, and the exit code of its reason.
func TestDoctorOfTheAccount(t *testing.T) {
	server := account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited})
	for _, c := range []struct {
		key   string
		fails bool
		id    string
		code  int
	}{
		{"", false, "no-api-key", 77}, {"rpa_wrong", false, "api-key-rejected", 77}, {apiKey, true, "runpod-unreadable", 69},
	} {
		t.Setenv("RUNPOD_API_KEY", c.key)
		if c.fails {
			server.AddFault(api.Fault{Kind: api.FaultGarbage})
		}
		for _, args := range [][]string{nil, {"train"}} {
			code, r := doctorJSON(t, args...)
			if code != c.code || r.Account.ID != c.id || r.Account.Tone != "bad" || r.Account.Sentence == "" || len(r.Pods) != 0 {
				t.Errorf("%s %v: %d %+v", c.id, args, code, r)
			}
			code, stdout, _ := run(t, "", append([]string{"doctor"}, args...)...)
			if code != c.code || !strings.Contains(stdout, "(account)  "+c.id) {
				t.Errorf("%s %v: %d %s", c.id, args, code, stdout)
			}
		}
	}
}

// "podbay ls --json" and "podbay doctor --json" give the same verdict by the same
// names.
func TestListAndDoctorAgree(t *testing.T) {
	account(t, api.PodSpec{ID: "pod1", Name: "train", Status: api.StatusExited})
	t.Setenv("RUNPOD_API_KEY", apiKey)
	_, stdout, _ := run(t, "", "ls", "--json")
	var list struct {
		Pods []struct {
			Verdict verdict
			Also    []verdict
		}
	}
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || len(list.Pods) != 1 {
		t.Fatalf("%v\n%s", err, stdout)
	}
	_, r := doctorJSON(t)
	if diff := cmp.Diff(r.Pods[0].Verdict, list.Pods[0].Verdict); diff != "" {
		t.Error(diff)
	}
	var raw struct {
		Pods []struct{ Verdict map[string]any }
	}
	_, stdout, _ = run(t, "", "doctor", "--json")
	if err := json.Unmarshal([]byte(stdout), &raw); err != nil {
		t.Fatal(err)
	}
	want := []string{"action", "command", "id", "price", "remedy", "sentence", "shell", "tone", "ways", "word"}
	var got []string
	for name := range raw.Pods[0].Verdict {
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
