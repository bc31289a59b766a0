package manager_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"podbay/manager"
)

func (a *keyAccount) restore(req manager.RestoreRequest) manager.KeyPlan {
	a.Helper()
	return must[manager.KeyPlan](a)(a.m.PlanRestore(a.Context(), req))
}

func TestRestoreDoesNotBringBackWhatWasRemoved(t *testing.T) {
	one, two, three, four := keyLine(t, 1, "one"), keyLine(t, 2, "two"), keyLine(t, 3, "three"), keyLine(t, 4, "four")
	a := newKeyAccount(t, one, two)
	a.apply(a.add(three)) // the backup has one and two
	backup := must[[]manager.Backup](a)(a.m.Backups())[0].Path
	a.now.Add(60)
	a.apply(must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), fingerprintOf(t, two))))
	a.api.SetSSHKeys([]string{four, three}) // another machine: one vanishes, four comes

	plan := a.restore(manager.RestoreRequest{Path: backup})
	a.wantDiff(plan, " "+four, " "+three, "+"+one, "!"+two)
	if why := plan.Diff[3].Reason; !strings.Contains(why, "removed from this machine on 2026-11-20 12:01 UTC") {
		t.Errorf("%q", why)
	}
	if why := plan.Diff[2].Reason; !strings.Contains(why, "without this podbay") {
		t.Errorf("%q", why)
	}
	a.apply(plan)
	a.wantKeys(four, three, one)

	plan = a.restore(manager.RestoreRequest{Path: backup})
	if plan.Changes() {
		t.Errorf("%q", diffText(plan))
	}
	plan = a.restore(manager.RestoreRequest{Path: backup, Removed: true})
	a.wantDiff(plan, " "+four, " "+three, " "+one, "+"+two)
	a.apply(plan)
	a.wantKeys(four, three, one, two)
	if report := must[manager.KeyReport](a)(a.m.Keys(t.Context())); len(report.Lost) != 0 {
		t.Errorf("%+v", report.Lost)
	}
}

func TestRestoreLeavesAwayWhatWasGoneAtTheLastChange(t *testing.T) {
	one, two, three, four := keyLine(t, 1, "one"), keyLine(t, 2, "two"), keyLine(t, 3, "three"), keyLine(t, 4, "four")
	a := newKeyAccount(t, one, two)
	a.apply(a.add(three))
	backup := must[[]manager.Backup](a)(a.m.Backups())[0].Path
	a.api.SetSSHKeys([]string{one, three}) // revoked on the web page
	a.now.Add(1)
	a.apply(a.add(four))
	plan := a.restore(manager.RestoreRequest{Path: backup})
	a.wantDiff(plan, " "+one, " "+three, " "+four, "!"+two)
	if plan.Changes() {
		t.Error("it changes something")
	}
	// The newest backup has no key that is gone.
	if plan := a.restore(manager.RestoreRequest{}); len(plan.Diff) != 3 {
		t.Errorf("%q", diffText(plan))
	}
}

// A key that was removed stays away also once the API key was replaced.
func TestRestoreRemembersOverAChangeOfTheAPIKey(t *testing.T) {
	one, two := keyLine(t, 1, "one"), keyLine(t, 2, "two")
	a := newKeyAccount(t, one, two)
	a.apply(must[manager.KeyPlan](a)(a.m.PlanRemove(t.Context(), fingerprintOf(t, two))))
	backup := must[[]manager.Backup](a)(a.m.Backups())[0].Path
	a.m = a.open(a.paths, apiKey+"2")
	plan := a.restore(manager.RestoreRequest{Path: backup})
	a.wantDiff(plan, " "+one, "!"+two)
	if _, err := a.m.PlanRestore(t.Context(), manager.RestoreRequest{}); err == nil || !strings.Contains(err.Error(), "made with this API key") {
		t.Errorf("%v", err)
	}
}

func TestRestoreTakesNoOtherAPIsBackup(t *testing.T) {
	a, b := newKeyAccount(t, keyLine(t, 1, "")), newKeyAccount(t)
	a.apply(a.add(keyLine(t, 2, "")))
	path := must[[]manager.Backup](a)(a.m.Backups())[0].Path
	if _, err := b.m.PlanRestore(t.Context(), manager.RestoreRequest{Path: path}); err == nil || !strings.Contains(err.Error(), a.url) {
		t.Errorf("%v", err)
	}
	if _, err := b.m.PlanRestore(t.Context(), manager.RestoreRequest{}); err == nil || !strings.Contains(err.Error(), "no backup") {
		t.Errorf("%v", err)
	}
	if _, err := b.m.PlanRestore(t.Context(), manager.RestoreRequest{Path: filepath.Join(b.paths.Home, "none")}); err == nil {
		t.Error("a file that does not exist was restored")
	}
}

func TestRestoreOfAMendedSetBringsNoMistakeBack(t *testing.T) {
	one, two := keyLine(t, 1, ""), keyLine(t, 2, "")
	bare := strings.Fields(two)[1]
	a := newKeyAccount(t, one, bare)
	a.apply(must[manager.KeyPlan](a)(a.m.PlanFix(t.Context())))
	a.wantKeys(one, two)
	outcome := must[[]manager.Backup](a)(a.m.Backups())[0]
	if text, err := os.ReadFile(outcome.Path); err != nil || !strings.Contains(string(text), `"`+bare+`"`) {
		t.Errorf("%v: the backup is not what was registered", err)
	}
	if plan := a.restore(manager.RestoreRequest{}); plan.Changes() || len(plan.Warnings) == 0 {
		t.Errorf("%+v", plan)
	}
}
