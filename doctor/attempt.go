package doctor

// Attempt is what one failed attempt to connect saw.
type Attempt struct {
	Proxy bool   // it went by RunPod's proxy
	Addr  string // host:port that was dialed; "" when it never came to that
	Cause string // the error, cleaned
	// Unsupported is what ~/.ssh/config asks for this host and podbay does not do,
	// in ssh_config's words: "ProxyJump bastion".
	Unsupported string
	Asked       string // the one way that was asked for and does not exist: "proxy"; "" when none was
	Revoked     string // where the host key that was shown is marked @revoked; "" when it is not
	Probe       Probe  // what the attempt saw the port do; zero when it got further
	Login       Login  // how its login ended; zero when it never came to that
}

// JudgeAttempt says why an attempt to connect failed: what the attempt itself saw
// goes before what was known earlier.
func JudgeAttempt(f Facts, a Attempt) Verdict {
	if a.Unsupported != "" {
		return Verdict{ID: SSHConfig, Tone: ToneBad, Word: "ssh config",
			Sentence: "~/.ssh/config asks for " + a.Unsupported + " on the way to this host, which podbay does not do: it connects to pods by itself.",
			Remedy:   "Connect with OpenSSH's own ssh, or exempt this host in ~/.ssh/config with ProxyJump none and ProxyCommand none.",
		}
	}
	switch {
	case a.Revoked != "":
		return Verdict{ID: HostKeyRevoked, Tone: ToneBad, Word: "key revoked",
			Sentence: "The server shows a host key that is marked as revoked, in " + a.Revoked + ": whoever answers must not be trusted.",
			Remedy:   "Do not connect. Ask whoever revoked the key; if it was a mistake, take that line out.",
		}
	case a.Asked != "":
		return Verdict{ID: NoRoute, Tone: ToneBad, Word: "no way in",
			Sentence: "There is no " + a.Asked + " way to this pod now: " + a.Cause + ".",
			Remedy:   "Let podbay choose the way."}
	}
	f.Login = a.Login
	if a.Proxy {
		return judgeProxyAttempt(f, a)
	}
	if a.Probe.Outcome != "" {
		f.Probe = a.Probe
	} else if a.Addr != "" {
		f.Probe = Probe{Outcome: PortBanner}
	}
	return orConnectFailed(Judge(f), a)
}

// judgeProxyAttempt leaves the direct endpoint out: it had no part in this.
func judgeProxyAttempt(f Facts, a Attempt) Verdict {
	f.DirectAddr, f.Probe = "", Probe{}
	if a.Probe.Outcome == "" {
		return orConnectFailed(Judge(f), a)
	}
	return Verdict{ID: ProxyFailed, Tone: ToneBad, Word: "proxy down", Shell: true,
		Sentence: "RunPod's SSH proxy at " + a.Addr + " could not be reached: " + a.Cause + ".",
		Remedy:   "Try again in a minute; if other pods cannot be reached by the proxy either, look at RunPod's status page."}
}

// orConnectFailed replaces a verdict that has no fault to find with the error
// itself: something failed all the same.
func orConnectFailed(v Verdict, a Attempt) Verdict {
	switch v.ID {
	case Ready, Checking, ProxyNoPort, ProxyNoIP, PortPending, HostKeyChanged:
	default:
		return v
	}
	return Verdict{ID: ConnectFailed, Tone: ToneBad, Word: "failed", Shell: true,
		Sentence: "The connection failed: " + a.Cause + ".",
		Remedy:   "Remove what caused that, then try again."}
}
