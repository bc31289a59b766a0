package doctor

// routeRules decide for a running pod that cannot be reached as asked.
func routeRules() []rule {
	running := func(holds func(*Facts) bool) func(*Facts) bool {
		return func(f *Facts) bool { return f.running() && holds(f) }
	}
	return []rule{
		{id: SSHConfig, holds: func(f *Facts) bool { return f.Attempt.Unsupported != "" }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "ssh config", Shell: f.hasRoute(), Action: ActCopySSH,
				Sentence: "~/.ssh/config asks for " + f.Attempt.Unsupported + " on the way to this host, which podbay does not do: it connects to pods by itself.",
				Remedy:   "Connect with OpenSSH's own ssh, or exempt this host in ~/.ssh/config with ProxyJump none and ProxyCommand none."}
		}},
		{id: NotThatWay, holds: func(f *Facts) bool { return f.Attempt.Asked != "" }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "no way in", Shell: f.hasRoute(), Action: ActRetry,
				Sentence: "There is no " + f.Attempt.Asked + " way to this pod now: " + f.Attempt.Cause + ".",
				Remedy:   "Let podbay choose the way."}
		}},
		{id: RoutePending, holds: running(func(f *Facts) bool { return !f.hasRoute() && !f.Attempt.Proxy && f.fresh() }), say: func(f *Facts) Verdict {
			return waiting("The pod runs, and RunPod reports no way to it yet; it started "+Age(f.SinceStart)+" ago.", "")
		}},
		{id: NoRoute, holds: running(func(f *Facts) bool { return !f.hasRoute() && !f.Attempt.Proxy }), say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneBad, Word: "no way in", Action: ActConsole,
				Sentence: "RunPod reports neither a public port for SSH nor its proxy for this pod.",
				Remedy:   "Wait a minute; if it stays so, look at the pod in RunPod's console."}
			if !f.Exposes22 && !f.Locked && !f.Cluster {
				v.Remedy, v.Action, v.Price = "Wait a minute; if it stays so, add 22/tcp to the pod's ports.", ActExposePort, recreatePrice(f)
			}
			return v
		}},
		{id: ProxyFailed, holds: func(f *Facts) bool { return f.Attempt.Proxy && f.Attempt.Probe.Outcome != "" }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "proxy down", Shell: f.hasRoute(), Action: ActRetry,
				Sentence: "RunPod's SSH proxy at " + f.Attempt.Addr + " " + f.Attempt.Probe.Outcome.does() + ".",
				Remedy:   "Try again in a minute; if other pods cannot be reached by the proxy either, look at RunPod's status page."}
		}},
	}
}

// proxyRules tell why there is only the proxy. A shell can be had: they come after
// everything that is in the way of one.
func proxyRules() []rule {
	only := func(holds func(*Facts) bool) func(*Facts) bool {
		return func(f *Facts) bool {
			return f.running() && f.DirectAddr == "" && f.HasProxy && (!f.Attempt.Proxy || f.Attempt.NoDirect) && holds(f)
		}
	}
	const limits = "a shell, but no scp, sftp or forwarding."
	say := func(sentence string) func(*Facts) Verdict {
		return func(*Facts) Verdict {
			return Verdict{Tone: ToneWarn, Word: "proxy only", Shell: true, Sentence: sentence, Ways: []Action{ActCopySSH}}
		}
	}
	return []rule{
		{id: ClusterMember, holds: only(func(f *Facts) bool { return !f.Exposes22 && f.Cluster }),
			say: say("22/tcp is not among the pod's ports, and the pod belongs to a cluster, whose ports are set as a whole; only RunPod's proxy leads in: " + limits)},
		{id: Locked, holds: only(func(f *Facts) bool { return !f.Exposes22 && f.Locked }),
			say: say("22/tcp is not among the pod's ports, and the pod is locked, so that it cannot be added; only RunPod's proxy leads in: " + limits)},
		{id: ProxyNoPort, holds: only(func(f *Facts) bool { return !f.Exposes22 }), say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneWarn, Word: "proxy only", Shell: true,
				Sentence: "22/tcp is not among the pod's ports, so only RunPod's proxy leads in: " + limits,
				Remedy:   "If that is too little, add 22/tcp to the pod's ports.", Action: ActExposePort, Price: recreatePrice(f), Ways: []Action{ActCopySSH}}
		}},
		{id: ProxyNoIP, holds: only(func(f *Facts) bool { return f.Community }),
			say: say("RunPod reports no public port for this pod, as is usual on community hosts without a public IP; its proxy leads in: " + limits)},
		{id: PortPending, holds: only((*Facts).fresh),
			say: say("The pod's public port is not mapped yet; until then only RunPod's proxy leads in.")},
		{id: ProxyNoMap, holds: only(func(*Facts) bool { return true }),
			say: say("RunPod reports no public port for 22/tcp, so only its proxy leads in: " + limits)},
	}
}
