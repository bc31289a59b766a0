package manager_test

import (
	"context"
	"errors"
	"testing"

	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

// Who gives up the waiting at once, or quits, has not taken back what they agreed to.
func TestAnAgreedStartIsNotTakenBack(t *testing.T) {
	a := newAccount(t, accountOptions{pods: []api.PodSpec{{ID: podID, Name: "train", Status: api.StatusExited}}})
	a.list(t, podID)
	plan, err := a.m.PlanRemedy(t.Context(), manager.RemedyRequest{PodID: podID, Action: doctor.ActStart})
	if err != nil || !plan.Asks {
		t.Fatalf("PlanRemedy = %+v, %v", plan, err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	if _, err := a.m.CarryOut(ctx, plan, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("CarryOut = %v, want that the waiting was given up", err)
	}
	if p := a.list(t, podID); p.Status == string(api.StatusExited) {
		t.Errorf("the pod is %s: it was not started", p.Status)
	}
}
