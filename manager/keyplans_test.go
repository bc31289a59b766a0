package manager_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podbay/demo/api"
	"podbay/manager"
	"podbay/sshkey"
)

func TestAddingAKey(t *testing.T) {
	first, second := keyLine(t, 1, "first"), keyLine(t, 2, "second")
	a := newKeyAccount(t, first)
	plan := a.add(second + "\r\n")
	a.wantDiff(plan, " "+first, "+"+second)
	if a.puts() != 0 || !plan.Changes() {
		t.Errorf("%d writes before it was agreed to", a.puts())
	}
	outcome := a.apply(plan)
	a.wantKeys(first, second)
	if outcome.Added != 1 || outcome.Removed != 0 || outcome.Rounds != 1 || len(outcome.Warnings) != 0 || a.puts() != 1 {
		t.Errorf("%+v, %d writes", outcome, a.puts())
	}
	if a.slept.Load() != 1 {
		t.Errorf("it was watched %d times", a.slept.Load())
	}
	backups := must[[]manager.Backup](a)(a.m.Backups())
	if len(backups) != 1 || backups[0].Path != outcome.Backup || backups[0].Keys != 1 || backups[0].OtherKey || !backups[0].At.Equal(keyNoon) {
		t.Errorf("%+v", backups)
	}
	if text, err := os.ReadFile(outcome.Backup); err != nil || !strings.Contains(string(text), first) || strings.Contains(string(text), apiKey) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAKeyThatIsThereChangesNothing(t *testing.T) {
	first := keyLine(t, 1, "first")
	a := newKeyAccount(t, first)
	plan := a.add(keyLine(t, 1, "another comment"))
	a.wantDiff(plan, " "+first)
	if plan.Changes() || !strings.Contains(strings.Join(plan.Warnings, "\n"), "is registered already") {
		t.Errorf("%+v", plan)
	}
	if outcome := a.apply(plan); outcome.Rounds != 0 || a.puts() != 0 {
		t.Errorf("%+v", outcome)
	}
}

func TestAddingMendsWhatIsMeant(t *testing.T) {
	first, second := keyLine(t, 1, ""), keyLine(t, 2, "")
	a := newKeyAccount(t)
	plan := a.add("\ufeff" + strings.Fields(first)[1] + "\n" + second[:40] + "\n" + second[40:])
	a.wantDiff(plan, "+"+first, "+"+second)
	if len(plan.Warnings) == 0 {
		t.Error("nothing is said of the mending")
	}
}

func TestAFingerprintOfALocalKeyIsThatKey(t *testing.T) {
	a := newKeyAccount(t)
	made := must[manager.LocalKey](a)(a.m.CreateKey(t.Context(), manager.NewKey{Comment: "me"}))
	a.wantDiff(a.add(made.Fingerprint), "+"+made.Line)
	check := must[manager.KeyCheck](a)(a.m.CheckKeyText(t.Context(), made.Fingerprint))
	if check.Valid || len(check.Mended) != 1 || check.Mended[0] != made.Line || check.Findings[0].ID != "fingerprint" {
		t.Errorf("%+v", check)
	}
	if _, err := a.m.PlanAdd(t.Context(), "SHA256:"+strings.Repeat("a", 43)); err == nil || !strings.Contains(err.Error(), "fingerprint") {
		t.Errorf("%v", err)
	}
}

func TestAKeyThatWasMadeIsKnown(t *testing.T) {
	a := newKeyAccount(t)
	elsewhere := filepath.Join(t.TempDir(), "key")
	for i, c := range []struct {
		path   string
		unseen bool
	}{{"", false}, {"", false}, {elsewhere, true}} {
		made := must[manager.LocalKey](a)(a.m.CreateKey(t.Context(), manager.NewKey{Path: c.path}))
		if made.Unseen != c.unseen {
			t.Errorf("%s: unseen: %t", made.Name, made.Unseen)
		}
		report := must[manager.KeyReport](a)(a.m.Keys(t.Context()))
		if len(report.Local) != i+1 || !slices.ContainsFunc(report.Local, func(k manager.LocalKey) bool { return k.Path == made.Path }) {
			t.Errorf("%s was made, and known are %+v", made.Path, report.Local)
		}
		a.wantDiff(a.add(made.Fingerprint), "+"+made.Line)
	}
}

func TestOneBadEntryIsMendedWithAnAddition(t *testing.T) {
	first, second, third := keyLine(t, 1, "first"), keyLine(t, 2, ""), keyLine(t, 3, "third")
	bare := strings.Fields(second)[1] // without its type
	a := newKeyAccount(t, first, bare, "null")
	plan := a.add(third)
	diff := diffText(plan)
	if len(diff) != 5 || diff[0] != " "+first || diff[2] != "+"+second || diff[3] != "-null" || diff[4] != "+"+third {
		t.Errorf("%q", diff)
	}
	if !strings.Contains(plan.Diff[1].Reason, "type") || !strings.Contains(strings.Join(plan.Warnings, " "), "RunPod refuses every change") {
		t.Errorf("%+v", plan)
	}
	a.apply(plan)
	a.wantKeys(first, second, third)
}

func TestFixTakesAwayWhatDoesNothing(t *testing.T) {
	first, again, second := keyLine(t, 1, "first"), keyLine(t, 1, "again"), keyLine(t, 2, "")
	a := newKeyAccount(t, first, again, "ssh-ed25519 "+strings.Fields(second)[1]+strings.Fields(first)[1])
	plan := must[manager.KeyPlan](a)(a.m.PlanFix(t.Context()))
	a.apply(plan)
	a.wantKeys(first, second)
	plan = must[manager.KeyPlan](a)(a.m.PlanFix(t.Context()))
	a.wantDiff(plan, " "+first, " "+second)
	if plan.Changes() {
		t.Error("there is still something to mend")
	}
}

func TestRemovingByFingerprint(t *testing.T) {
	first, second := keyLine(t, 1, "first"), keyLine(t, 2, "second")
	key, _, err := sshkey.ParsePublicLine(first)
	if err != nil {
		t.Fatal(err)
	}
	full := sshkey.NewKey(key, "")
	for _, word := range []string{full.Fingerprint, full.Fingerprint[:14], full.Fingerprint[7:17], full.MD5, full.MD5[4:20]} {
		a := newKeyAccount(t, keyLine(t, 1, "other comment"), second, first)
		plan := must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), word))
		a.wantDiff(plan, "-"+keyLine(t, 1, "other comment"), " "+second, "-"+first)
		if outcome := a.apply(plan); outcome.Removed != 2 {
			t.Errorf("%+v", outcome)
		}
		a.wantKeys(second)
	}
	a := newKeyAccount(t, first, second)
	for word, says := range map[string]string{"SHA256:": "too short", "SHA256:nothing": "no registered key", "": "too short", "SHA2": "too short|fits 2"} {
		_, err := a.m.PlanRemove(t.Context(), word)
		if err == nil || !slices.ContainsFunc(strings.Split(says, "|"), func(s string) bool { return strings.Contains(err.Error(), s) }) {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func TestRemovingTheLastKeySaysSo(t *testing.T) {
	first := keyLine(t, 1, "")
	a := newKeyAccount(t, first)
	plan := must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), fingerprintOf(t, first)))
	if !strings.Contains(strings.Join(plan.Warnings, " "), "No key is left") {
		t.Errorf("%q", plan.Warnings)
	}
	a.apply(plan)
	a.wantKeys()
}

func TestAPrivateKeyIsNeverShown(t *testing.T) {
	a := newKeyAccount(t)
	must[manager.LocalKey](a)(a.m.CreateKey(t.Context(), manager.NewKey{}))
	secret, err := os.ReadFile(filepath.Join(a.paths.Home, ".ssh", "id_ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.m.PlanAdd(t.Context(), string(secret)); err == nil || !strings.Contains(err.Error(), "private key") {
		t.Errorf("%v", err)
	} else {
		wantNoSecret(t, err.Error(), string(secret))
	}
	for _, entries := range [][]string{{string(secret)}, strings.Split(strings.TrimSpace(string(secret)), "\n")} {
		a.api.SetSSHKeys(append(entries, keyLine(t, 1, "")))
		report := must[manager.KeyReport](a)(a.m.Keys(t.Context()))
		plan := must[manager.KeyPlan](a)(a.m.PlanFix(t.Context()))
		wantNoSecret(t, fmt.Sprintf("%+v %+v", report.Registered, plan.Diff), string(secret))
		if plan.Diff[0].Line != "[a private key]" || !strings.Contains(strings.Join(plan.Warnings, " "), "considered leaked") {
			t.Errorf("%+v", plan)
		}
		a.apply(plan)
		a.wantKeys(keyLine(t, 1, ""))
	}
	text := must[string](a)(a.m.KeyText(t.Context(), "~/.ssh/id_ed25519"))
	wantNoSecret(t, text, string(secret))
}

func wantNoSecret(t *testing.T, text, secret string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(secret), "\n") {
		if strings.Contains(text, line) && len(line) > 8 && !strings.HasPrefix(line, "-----") {
			t.Errorf("a line of the private key is in %q", text)
		}
	}
}

func TestWhatThereIs(t *testing.T) {
	a := newKeyAccount(t)
	report := must[manager.KeyReport](a)(a.m.Keys(t.Context()))
	if len(report.Local)+len(report.Registered) != 0 || report.NewPath != filepath.Join("~", ".ssh", "id_ed25519") {
		t.Errorf("%+v", report)
	}
	one := must[manager.LocalKey](a)(a.m.CreateKey(t.Context(), manager.NewKey{Comment: "one"}))
	other := filepath.Join(a.paths.Home, ".ssh", "id_ecdsa")
	two := must[manager.LocalKey](a)(a.m.CreateKey(t.Context(), manager.NewKey{Path: other, Comment: "two", Passphrase: []byte("open")}))
	if err := os.Chmod(one.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	a.api.SetSSHKeys([]string{two.Line + " ", "null", keyLine(t, 9, ""), "ssh-ed25519 AAAA", keyLine(t, 9, "again")})
	report = must[manager.KeyReport](a)(a.m.Keys(t.Context()))
	if len(report.Local) != 2 || report.Local[0].Path != other || !report.Local[0].Encrypted || report.Local[0].Problem != "" ||
		report.Local[1].Mode != "0644" || report.Local[1].Mend != "set the mode of ~/.ssh/id_ed25519 to 0600" || report.Local[1].Registered {
		t.Errorf("%+v", report.Local)
	}
	if r := report.Registered; len(r) != 5 || r[0].Fingerprint != two.Fingerprint || r[0].Local != "~/.ssh/id_ecdsa" ||
		r[1].Valid || !r[1].Blocks || r[1].Finding == "" || !r[2].Valid || r[2].Local != "" || r[2].Mendable ||
		!r[1].Mendable || r[3].Blocks || !r[3].Mendable || !r[4].Valid || !r[4].Mendable {
		t.Errorf("%+v", r)
	}
	if did := must[string](a)(a.m.MendLocal(t.Context(), one.Path, nil)); did != report.Local[1].Mend {
		t.Errorf("%q", did)
	}
	report = must[manager.KeyReport](a)(a.m.Keys(t.Context()))
	if report.Local[0].Problem+report.Local[1].Problem != "" {
		t.Errorf("%+v", report.Local)
	}
	a.api.SetKeys([]api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}})
	report = must[manager.KeyReport](a)(a.m.Keys(t.Context()))
	if report.RegisteredErr == nil || len(report.Local) != 2 {
		t.Errorf("%+v", report)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.m.Keys(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestALossIsNoticedAndMendedWithConsent(t *testing.T) {
	mine, other := keyLine(t, 1, "mine"), keyLine(t, 2, "other")
	a := newKeyAccount(t, other)
	a.apply(a.add(mine))
	a.api.SetSSHKeys([]string{other}) // another machine writes over it
	report := must[manager.KeyReport](a)(a.m.Keys(t.Context()))
	if len(report.Lost) != 1 || report.Lost[0].Fingerprint != fingerprintOf(t, mine) || report.Lost[0].Line != mine || !report.Lost[0].Valid {
		t.Fatalf("%+v", report.Lost)
	}
	a.wantKeys(other)
	a.apply(a.add(report.Lost[0].Line))
	a.wantKeys(other, mine)
	if report = must[manager.KeyReport](a)(a.m.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("%+v", report.Lost)
	}
	a.apply(must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), fingerprintOf(t, mine))))
	if report = must[manager.KeyReport](a)(a.m.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("what was removed is lost: %+v", report.Lost)
	}
}

func TestTheMemoryOfAnotherAccountIsLeftAlone(t *testing.T) {
	mine, other := keyLine(t, 1, "mine"), keyLine(t, 2, "other")
	a := newKeyAccount(t, other)
	a.apply(a.add(mine))
	// The same account under a new API key: what is registered is known anew, and
	// noticed when it goes.
	again := a.open(a.paths, apiKey+"2")
	if report := must[manager.KeyReport](a)(again.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("%+v", report.Lost)
	}
	a.api.SetSSHKeys([]string{other})
	if report := must[manager.KeyReport](a)(again.Keys(t.Context())); len(report.Lost) != 1 {
		t.Errorf("%+v", report.Lost)
	}
	if err := again.ForgetLost(t.Context(), fingerprintOf(t, mine)); err != nil {
		t.Fatal(err)
	}
	if report := must[manager.KeyReport](a)(again.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("%+v", report.Lost)
	}
	if backups := must[[]manager.Backup](a)(again.Backups()); len(backups) != 1 || !backups[0].OtherKey {
		t.Errorf("%+v", backups)
	}
	// Another account at the same API, which never had the key.
	b := newKeyAccount(t, other)
	b.paths = a.paths
	b.m = b.open(a.paths, apiKey)
	if report := must[manager.KeyReport](b)(b.m.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("%+v", report.Lost)
	}
	plan := a.add(mine)
	if _, err := again.ApplyKeys(t.Context(), plan); err == nil || a.puts() != 1 {
		t.Errorf("a plan of one API key was carried out with another: %v", err)
	}
}
