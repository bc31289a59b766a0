package doctor

import (
	"fmt"
	"strings"
)

// podRules decide for a pod that does not run.
func podRules() []rule {
	status := func(word string) func(*Facts) bool { return func(f *Facts) bool { return f.Status == word } }
	off := func(f *Facts) bool { return f.Status == "EXITED" || f.Status == "ERROR" }
	return []rule{
		{id: Provisioning, holds: status("PROVISIONING"), say: func(f *Facts) Verdict {
			return waiting("RunPod is looking for a machine for this pod."+f.logged(), "")
		}},
		{id: Starting, holds: status("STARTING"), say: func(f *Facts) Verdict {
			since := ""
			if f.Started {
				since = ", since " + Age(f.SinceStart)
			}
			return waiting("The pod's container is starting"+since+"; a large image takes minutes to pull."+f.logged(), "")
		}},
		{id: Terminated, holds: status("TERMINATED"), say: func(*Facts) Verdict {
			return Verdict{Tone: ToneIdle, Word: "terminated", Sentence: "The pod was deleted for good.",
				Remedy: "Create a new pod in RunPod's console.", Action: ActConsole}
		}},
		{id: ClusterMember, holds: func(f *Facts) bool { return off(f) && f.Cluster }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneIdle, Word: strings.ToLower(stoppedWord(f)), Sentence: "The pod is off, and belongs to a cluster, which is started as a whole.",
				Remedy: "Start the cluster in RunPod's console.", Action: ActConsole}
		}},
		{id: NoFreeGPU, holds: func(f *Facts) bool { return off(f) && f.StartFailed != "" && f.NoFreeGPU }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "no free GPU",
				Sentence: fmt.Sprintf("The pod could not be started: RunPod says %q. A stopped pod is tied to its machine, and that has no GPU free.", strings.TrimSuffix(f.StartFailed, ".")),
				Remedy:   "Try again later, or create a new pod in RunPod's console with the same network volume.", Action: ActStart, Price: startPrice(f), Ways: []Action{ActConsole}}
		}},
		{id: StartFailed, holds: func(f *Facts) bool { return off(f) && f.StartFailed != "" && !f.NoFreeGPU }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "start failed",
				Sentence: fmt.Sprintf("The pod could not be started: %s.", strings.TrimSuffix(f.StartFailed, ".")),
				Remedy:   "Mend what that names, then start it again.", Action: ActStart, Price: startPrice(f), Ways: []Action{ActConsole}}
		}},
		{id: Locked, holds: func(f *Facts) bool { return off(f) && f.Locked && !f.CanStart }, say: func(*Facts) Verdict {
			return Verdict{Tone: ToneIdle, Word: "locked", Sentence: "The pod is off and locked, and RunPod does not allow to start it.",
				Remedy: "Unlock it in RunPod's console, then start it.", Action: ActConsole}
		}},
		{id: Stopped, holds: status("EXITED"), say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneIdle, Word: "stopped", Sentence: "The pod is stopped.",
				Remedy: "Start it.", Action: ActStart, Price: startPrice(f)}
			if !f.CanStart {
				v.Remedy, v.Action, v.Price = "RunPod does not allow to start it now: look at the pod in RunPod's console.", ActConsole, ""
			}
			return v
		}},
		{id: Failed, holds: status("ERROR"), say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneBad, Word: "error", Sentence: "RunPod reports that the pod's container cannot run." + f.logged(),
				Remedy: "Read the pod's logs in RunPod's console, mend the image or the start command, then start it again.", Action: ActConsole}
			if f.CanStart {
				v.Ways = []Action{ActStart}
				v.Price = startPrice(f)
			}
			return v
		}},
		{id: StatusNotKnown, holds: func(f *Facts) bool { return !f.running() }, say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneWarn, Word: "unknown", Shell: f.hasRoute(), Action: ActConsole,
				Sentence: fmt.Sprintf("RunPod reports a status that this podbay does not know: %q.", f.Status),
				Remedy:   "Look at the pod in RunPod's console."}
			if f.Status == "" {
				v.Sentence = "RunPod has not reported a status for this pod."
			}
			if v.Shell {
				v.Remedy, v.Action, v.Ways = "Connect all the same, or look at the pod in RunPod's console.", ActRetry, []Action{ActConsole}
			}
			return v
		}},
	}
}

func stoppedWord(f *Facts) string {
	if f.Status == "ERROR" {
		return "error"
	}
	return "stopped"
}

// waiting is a verdict that time removes.
func waiting(sentence, note string) Verdict {
	return Verdict{Tone: ToneWait, Word: "starting", Sentence: sentence, Action: ActWait,
		Remedy: "Wait: the list follows by itself." + note}
}

func (f *Facts) logged() string {
	if f.SystemLog == "" {
		return ""
	}
	return fmt.Sprintf(" RunPod's log said %s ago: %q.", Age(f.SystemLogAge), f.SystemLog)
}

func startPrice(f *Facts) string {
	switch {
	case f.StartCost > 0 && f.Status == "ERROR": // which RunPod reports a cost for, too
		return fmt.Sprintf("RunPod already reports $%.2f/h for it; once it runs it costs that.", f.StartCost)
	case f.StartCost > 0:
		return fmt.Sprintf("It costs $%.2f/h from then on, until it is stopped.", f.StartCost)
	}
	return "Billing begins when it starts, at the price that RunPod then shows, and goes on until it is stopped."
}

// recreatePrice is what a change of the pod's configuration costs.
func recreatePrice(f *Facts) string {
	disk := "its container disk"
	if f.DiskGB > 0 {
		disk = fmt.Sprintf("its container disk of %d GB", f.DiskGB)
	}
	stays := "The pod has no volume, so nothing of it stays."
	if f.Volume != "" {
		stays = "Its " + f.Volume + " stays."
	}
	return "RunPod recreates the container: every program in it ends, and " + disk + " is lost. " + stays
}
