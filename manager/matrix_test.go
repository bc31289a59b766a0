package manager_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"podbay/doctor"
	"podbay/manager"
)

// cell is one verdict of doctor's catalogue, met for real by the use cases that a
// user meets it by, and gone once its remedy was carried out.
type cell struct {
	id     doctor.ID
	made   string        // how it was made so, for docs/troubleshooting.md
	action doctor.Action // what podbay offers first; "" when only the user can act
	mended string        // what the test did about it: "podbay: ..." when podbay did
	after  doctor.ID     // what the verdict was then; "" when nothing is to be removed
	run    func(*meeting)
}

// matrix is every cell.
func matrix() []cell {
	return slices.Concat(accountCells(), tlsCells(), podCells(), startCells(), routeCells(), proxyCells(), portCells(), deafCells(), hostKeyCells(), hostKeyLogCells(), keyFileCells(), agentCells(), serverCells(), accountKeyCells(), podKeyCells(), sessionCells())
}

// TestMatrix meets every verdict and removes it.
func TestMatrix(t *testing.T) {
	for _, c := range matrix() {
		t.Run(string(c.id)+"/"+c.made, func(t *testing.T) {
			m := &meeting{T: t, cell: c}
			c.run(m)
			switch {
			case m.met == 0:
				t.Error("the verdict was never asked for")
			case (c.after != "") != m.gone:
				t.Error("whether the verdict goes was not looked at")
			}
		})
	}
}

// meeting is one cell under way.
type meeting struct {
	*testing.T
	cell
	met  int // faces that showed the verdict
	gone bool
}

// face is a use case that shows a verdict.
type face string

const (
	byConnect face = "Connect"
	byRow     face = "the list"
	byCheckUp face = "CheckUp"
	byOther   face = "CheckUp of another podbay"
	byAll     face = "CheckUpAll"
)

// is holds a face to the verdict of the cell.
func (c *meeting) is(by face, v doctor.Verdict) {
	c.Helper()
	c.met++
	if v.ID != c.id {
		c.Errorf("%s says %s: %s %s\nwant %s", by, v.ID, v.Sentence, v.Remedy, c.id)
	}
	if v.ID == c.id && v.Action != c.action {
		c.Errorf("%s offers %q for it, want %q", by, v.Action, c.action)
	}
}

// pod asks about a pod by every face but those named, which the cell has a reason
// to leave out. It returns the verdict.
func (c *meeting) pod(a *account, req manager.ConnectRequest, but ...face) doctor.Verdict {
	c.Helper()
	asked := func(by face) bool { return !slices.Contains(but, by) }
	question := false
	if asked(byConnect) {
		session, err := a.m.Connect(c.Context(), req)
		if err == nil {
			session.Discard()
			c.Fatalf("Connect opened a session, want %s", c.id)
		}
		c.is(byConnect, manager.JudgeError(err))
		// A question is put to the user there and then: the list has nothing to add.
		question = !errors.As(err, new(*manager.Failure)) && !manager.IsAPIError(err)
	}
	if asked(byRow) && !question {
		c.is(byRow, a.probed(c.T, req.PodID).Verdict)
	}
	v := doctor.Verdict{}
	if asked(byCheckUp) {
		check := a.m.CheckUp(c.Context(), checking(req))
		c.is(byCheckUp, check.Verdict)
		if len(check.Evidence) == 0 && check.Err == nil {
			c.Error("the check-up has no evidence")
		}
		v = check.Verdict
		if asked(byRow) {
			c.is(byRow, a.probed(c.T, req.PodID).Verdict)
		}
	}
	if asked(byOther) {
		c.is(byOther, a.open(c.T, a.opts).CheckUp(c.Context(), checking(req)).Verdict)
	}
	return v
}

func checking(req manager.ConnectRequest) manager.CheckUpRequest {
	return manager.CheckUpRequest{PodID: req.PodID, Via: req.Via, Passphrases: req.Passphrases}
}

// account asks about the account by every face.
func (c *meeting) account(a *account) {
	c.Helper()
	_, err := a.m.Refresh(c.Context())
	if err == nil {
		c.Fatalf("Refresh passed, want %s", c.id)
	}
	c.is("Refresh", manager.JudgeError(err))
	c.is("JudgeAccount", a.m.JudgeAccount(c.Context()))
	_, err = a.m.Connect(c.Context(), manager.ConnectRequest{PodID: podID})
	c.is(byConnect, manager.JudgeError(err))
	c.is(byCheckUp, a.m.CheckUp(c.Context(), manager.CheckUpRequest{PodID: podID}).Verdict)
	for check := range a.m.CheckUpAll(c.Context()) {
		c.is(byAll, check.Verdict)
	}
}

// carries lets podbay carry out what it offers, as a person would who says yes to
// everything.
func (c *meeting) carries(a *account, v doctor.Verdict, action doctor.Action, passphrases map[string][]byte) manager.RemedyDone {
	c.Helper()
	ctx, stop := context.WithTimeout(c.Context(), time.Minute)
	defer stop()
	plan, err := a.m.PlanRemedy(ctx, manager.RemedyRequest{PodID: podID, Verdict: v, Action: action})
	if err != nil {
		c.Fatalf("PlanRemedy: %v", err)
	}
	if plan.Title == "" || plan.Button == "" || plan.Asks && len(plan.Consequences) == 0 {
		c.Errorf("the plan says too little: %+v", plan)
	}
	if plan.Text != "" {
		return manager.RemedyDone{Sentence: plan.Text}
	}
	done, err := a.m.CarryOut(ctx, plan, passphrases, nil)
	if err != nil {
		c.Fatalf("CarryOut: %v", err)
	}
	if done.Sentence == "" {
		c.Error("nothing is said of what was done")
	}
	return done
}

// left asks for the verdict once more, and holds it to what the cell says it is
// then.
func (c *meeting) left(a *account, req manager.ConnectRequest) {
	c.Helper()
	req.PodID = cmp.Or(req.PodID, podID)
	check := a.m.CheckUp(c.Context(), checking(req))
	c.became(check.Verdict, fmt.Sprint(check.Evidence))
}

func (c *meeting) became(v doctor.Verdict, seen string) {
	c.Helper()
	c.gone = true
	if v.ID != c.after {
		c.Errorf("then it is %s: %s\nwant %s\n%s", v.ID, v.Sentence, c.after, seen)
	}
}
