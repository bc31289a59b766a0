package manager_test

import (
	"errors"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

// off is a world whose pod is not running, and whose next container will be a
// sound one.
func off(t *testing.T, status string, change func(*api.PodSpec)) *world {
	t.Helper()
	w := newWorld(t, accountOptions{registered: true}, api.Endpoints{}, func(spec *api.PodSpec) {
		spec.Status, spec.StartedAt = status, time.Time{}
		if change != nil {
			change(spec)
		}
	})
	w.moves(t)
	return w
}

// change changes the pod, as a person can in RunPod's console.
func (w *world) change(t *testing.T, f func(*api.PodSpec)) {
	t.Helper()
	if err := w.api.Change(podID, f); err != nil {
		t.Fatal(err)
	}
}

func (w *world) status(t *testing.T, status string) {
	t.Helper()
	if err := w.api.SetStatus(podID, status); err != nil {
		t.Fatal(err)
	}
}

// passing is a cell of a pod in a passing state, which podbay waits for.
func passing(status string) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w := off(c.T, status, func(spec *api.PodSpec) { spec.Provisioning, spec.Starting = -1, -1 })
		v := c.pod(w.account, it)
		w.opts.manager = onSleep(func() { w.status(c.T, api.StatusRunning) })
		w.m = w.open(c.T, w.opts)
		w.list(c.T, podID)
		c.carries(w.account, v, v.Action, nil)
		c.left(w.account, it)
	}
}

const (
	waited  = "podbay: waits until an SSH server answers"
	started = "podbay: starts it and waits until an SSH server answers"
)

func podCells() []cell {
	return []cell{
		{doctor.Provisioning, "no machine is found yet", doctor.ActWait, waited, doctor.Ready, passing(api.StatusProvisioning)},
		{doctor.Starting, "the image is being pulled", doctor.ActWait, waited, doctor.Ready, passing(api.StatusStarting)},
		{doctor.Stopped, "a stopped pod", doctor.ActStart, started, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusExited, nil)
			v := c.pod(w.account, it)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.Failed, "a container that cannot run", doctor.ActConsole, started, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusError, nil)
			c.carries(w.account, c.pod(w.account, it), doctor.ActStart, nil)
			c.left(w.account, it)
		}},
		{doctor.Terminated, "a pod that was deleted, and is still listed", doctor.ActConsole, "a new pod is created", doctor.HostKeyUnknown, func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusTerminated, nil)
			c.pod(w.account, it)
			c.replaces(w)
		}},
		{doctor.Terminated, "a pod that was deleted since it was listed", doctor.ActConsole, "a new pod is created", doctor.HostKeyUnknown, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, nil)
			w.list(c.T, podID)
			w.api.RemovePod(podID)
			w.clock.add(time.Minute)
			c.pod(w.account, it, byRow) // there is none any more
			c.replaces(w)
		}},
		{doctor.ClusterMember, "a stopped member of a cluster", doctor.ActConsole, "the cluster is started in the console", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusExited, func(spec *api.PodSpec) { spec.Cluster = &api.Cluster{ID: "cl1"} })
			c.pod(w.account, it)
			w.status(c.T, api.StatusRunning)
			c.left(w.account, it)
		}},
		{doctor.Locked, "a stopped and locked pod", doctor.ActConsole, "it is unlocked in the console", doctor.Stopped, func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusExited, func(spec *api.PodSpec) { spec.Locked, spec.NoStart = true, true })
			c.pod(w.account, it)
			w.change(c.T, func(spec *api.PodSpec) { spec.Locked, spec.NoStart = false, false })
			c.left(w.account, it)
		}},
		{doctor.StatusNotKnown, "a status of the future", doctor.ActRetry, "RunPod reports another one", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.Future = true })
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatalf("what is not known is no reason not to connect: %v", err)
			}
			session.Discard()
			c.pod(w.account, it, byConnect)
			w.change(c.T, func(spec *api.PodSpec) { spec.Future = false })
			c.left(w.account, it)
		}},
	}
}

// replaces puts another pod in the place of the one that is gone.
func (c *meeting) replaces(w *world) {
	c.Helper()
	w.machines.at["pod2"] = w.machines.at[podID]
	if err := w.api.AddPod(api.PodSpec{ID: "pod2", Status: api.StatusRunning}); err != nil {
		c.Fatal(err)
	}
	c.left(w.account, manager.ConnectRequest{PodID: "pod2"})
}

// startCells are pods that RunPod does not start, in its own words.
func startCells() []cell {
	refuses := func(status int, body string) func(*meeting) {
		return func(c *meeting) {
			c.Parallel()
			w := off(c.T, api.StatusExited, nil)
			w.list(c.T, podID)
			w.api.AddFault(api.Fault{Route: api.Route{Method: "POST", Path: "/v2/pods/*/action"}, Kind: api.FaultStatus, Status: status, Body: body, Times: 1})
			plan, err := w.m.PlanRemedy(c.Context(), manager.RemedyRequest{PodID: podID, Action: doctor.ActStart})
			if err != nil {
				c.Fatal(err)
			}
			_, err = w.m.CarryOut(c.Context(), plan, nil, nil)
			if !errors.As(err, new(*manager.Failure)) {
				c.Fatalf("CarryOut = %v, want a failure", err)
			}
			c.is("CarryOut", manager.JudgeError(err))
			v := c.pod(w.account, it, byOther) // which has not tried to start it
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}
	}
	return []cell{
		{doctor.NoFreeGPU, "the machine's GPUs are let to others", doctor.ActStart, "podbay: starts it again, when one is free", doctor.Ready,
			refuses(500, `{"title":"Internal Server Error","status":500,"detail":"There are not enough free GPUs on the host machine to start this pod."}`)},
		{doctor.StartFailed, "the balance is used up", doctor.ActStart, "podbay: starts it again, when there is credit", doctor.Ready,
			refuses(402, `{"title":"Payment Required","status":402,"detail":"Your balance is too low to start this pod."}`)},
	}
}
