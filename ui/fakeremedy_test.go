package ui

import (
	"context"
	"errors"

	"podbay/manager"
)

func (f *fakeManager) CheckUp(ctx context.Context, req manager.CheckUpRequest) manager.CheckUp {
	if f.check == nil {
		return manager.CheckUp{Err: errors.New("not scripted")}
	}
	return f.check(ctx, req)
}

func (f *fakeManager) PlanRemedy(_ context.Context, req manager.RemedyRequest) (manager.RemedyPlan, error) {
	if f.plan == nil {
		return manager.RemedyPlan{}, errors.New("not scripted")
	}
	return f.plan(req)
}

func (f *fakeManager) CarryOut(ctx context.Context, plan manager.RemedyPlan, passphrases map[string][]byte, step func(string)) (manager.RemedyDone, error) {
	if f.carry == nil {
		return manager.RemedyDone{}, errors.New("not scripted")
	}
	return f.carry(ctx, plan, passphrases, step)
}
