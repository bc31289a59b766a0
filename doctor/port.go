package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// portRules decide for a running pod with a direct endpoint on which no SSH server
// answers.
func portRules() []rule {
	port := func(outcome Outcome) func(*Facts) bool {
		return func(f *Facts) bool { return f.portTroubled() && f.Probe.Outcome == outcome }
	}
	return []rule{
		{id: PortOfEarlier, holds: func(f *Facts) bool { return f.portTroubled() && f.PortOfEarlier && f.fresh() }, say: func(f *Facts) Verdict {
			return waiting("RunPod still reports "+f.DirectAddr+", the address of before the last start, and no SSH server of this pod answers there.", f.proxyHint())
		}},
		{id: SSHDStarting, holds: func(f *Facts) bool { return f.portTroubled() && f.fresh() && f.Probe.Outcome != PortNotSSH }, say: func(f *Facts) Verdict {
			return waiting(fmt.Sprintf("No SSH server answers on %s yet; the pod started %s ago, and sshd may take 90 s or more.", f.DirectAddr, Age(f.SinceStart)), "")
		}},
		{id: SSHDNoKey, holds: func(f *Facts) bool {
			return port(PortRefused)(f) && (f.Login.PublicKey == PublicKeyEmpty || f.Login.PublicKey == PublicKeyNull)
		}, say: func(f *Facts) Verdict {
			v := f.portVerdict("no sshd", "No SSH server listens behind "+f.DirectAddr+": RunPod's images start one only when PUBLIC_KEY holds a key, and this pod's is "+string(f.Login.PublicKey)+".",
				"Put your key into the pod's PUBLIC_KEY.")
			if !f.Locked && !f.Cluster {
				v.Action, v.Price = ActAddKey, recreatePrice(f)
			}
			return v
		}},
		{id: NoSSHD, holds: port(PortRefused), say: func(f *Facts) Verdict {
			v := f.portVerdict("no sshd", "Port 22 is mapped to "+f.DirectAddr+", but no SSH server listens behind it.",
				"Start sshd from the pod's web terminal, or create the pod with SSH switched on.")
			v.Action, v.Ways = ActStartCommand, append(v.Ways, ActConsole)
			return v
		}},
		{id: NoAnswer, holds: port(PortTimeout), say: func(f *Facts) Verdict {
			return f.portVerdict("no answer", f.DirectAddr+" does not answer: the host is down, or a firewall on the way drops the packets.",
				"Try from another network, or restart the pod."+f.proxyHint())
		}},
		{id: Unreachable, holds: port(PortUnreachable), say: func(f *Facts) Verdict {
			v := f.portVerdict("unreachable", "This machine has no way to "+f.DirectAddr+".", "Check this machine's network.")
			v.Action = ActRetry
			return v
		}},
		{id: Silent, holds: port(PortSilent), say: func(f *Facts) Verdict {
			return f.portVerdict("silent", f.DirectAddr+" accepts connections and says nothing: no SSH server runs behind the port, or it is stuck.",
				"Restart the pod, or see what runs on its port 22 in the web terminal."+f.proxyHint())
		}},
		{id: ClosesAtOnce, holds: port(PortClosed), say: func(f *Facts) Verdict {
			if f.Probe.Got != "" {
				v := f.portVerdict("closes", fmt.Sprintf("The SSH server at %s closes connections at once: it says %q.", f.DirectAddr, f.Probe.Got),
					"Try again in a minute.")
				v.Action = ActRetry
				return v
			}
			return f.portVerdict("closes", f.DirectAddr+" closes connections at once: no SSH server runs behind the port, or it refuses this address.",
				"See in the pod's web terminal whether sshd runs."+f.proxyHint())
		}},
		{id: NotSSH, holds: port(PortNotSSH), say: func(f *Facts) Verdict {
			sentence := f.DirectAddr + " answers, but not as an SSH server."
			if f.Probe.Got != "" {
				sentence = fmt.Sprintf("%s answers, but not as an SSH server: %q.", f.DirectAddr, f.Probe.Got)
			}
			return f.portVerdict("not SSH", sentence, "Free port 22 in the container for sshd."+f.proxyHint())
		}},
		{id: NoAgreement, holds: func(f *Facts) bool { return f.Attempt.NoAgreement }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "no algorithm", Shell: f.hasRoute(), Action: ActConsole,
				Sentence: "The SSH server at " + f.server() + " offers no algorithm that podbay uses too; podbay uses none that is known to be broken.",
				Remedy:   "Look at the algorithms in the image's sshd_config, or update its OpenSSH." + f.proxyHint()}
		}},
	}
}

// does words what the port was seen to do.
func (o Outcome) does() string {
	switch o {
	case PortRefused:
		return "refuses the connection"
	case PortTimeout:
		return "does not answer"
	case PortSilent:
		return "takes the connection and says nothing"
	case PortClosed:
		return "closes the connection at once"
	case PortNotSSH:
		return "answers, but not as an SSH server"
	}
	return "cannot be reached from this machine"
}

// portTroubled says that the direct endpoint was measured and no SSH server answered.
func (f *Facts) portTroubled() bool {
	return f.running() && f.DirectAddr != "" && slices.Contains(
		[]Outcome{PortRefused, PortTimeout, PortUnreachable, PortSilent, PortClosed, PortNotSSH}, f.Probe.Outcome)
}

// portVerdict offers the ways past a port that does not serve: the proxy where
// there is one, and the console, where the web terminal is.
func (f *Facts) portVerdict(word, sentence, remedy string) Verdict {
	v := Verdict{Tone: ToneBad, Word: word, Sentence: sentence, Remedy: remedy, Action: ActConsole}
	if f.HasProxy {
		v.Ways = []Action{ActProxy}
	}
	return v
}

func (f *Facts) proxyHint() string {
	if !f.HasProxy || f.DirectAddr == "" {
		return ""
	}
	return " RunPod's proxy may still lead in."
}

// connectFailed is what is left to say of a failure that nothing explains.
func connectFailed(f *Facts) Verdict {
	v := Unexplained(f.Attempt.Cause)
	v.Shell = f.hasRoute()
	return v
}

// Unexplained is the verdict on a failure of which nothing but its cause is known.
func Unexplained(cause string) Verdict {
	return Verdict{ID: ConnectFailed, Tone: ToneBad, Word: "failed", Action: ActRetry,
		Sentence: "The connection failed: " + strings.TrimSuffix(cause, ".") + ".",
		Remedy:   "Remove what caused that, then try again."}
}

// open says that nothing is known to be in the way.
func open(f *Facts) Verdict {
	switch {
	case f.Attempt.Proxy:
		return Verdict{ID: Ready, Tone: ToneGood, Word: "ready by proxy", Shell: f.hasRoute(),
			Sentence: "RunPod's proxy takes the login: a shell, but no scp, sftp or forwarding."}
	case f.Probe.Outcome != PortBanner:
		return Verdict{ID: Checking, Tone: ToneWait, Word: "checking", Shell: f.hasRoute(),
			Sentence: "Whether an SSH server answers on " + f.DirectAddr + " is being measured."}
	case f.HostKey.Trust == TrustVerified:
		v := readyVerdict(f)
		v.ID = HostKeyVerified
		v.Sentence += " The pod's log shows its host key."
		return v
	}
	return readyVerdict(f)
}

func readyVerdict(f *Facts) Verdict {
	v := Verdict{ID: Ready, Tone: ToneGood, Word: "ready " + Milliseconds(f.Probe.Latency), Shell: f.hasRoute(),
		Sentence: "An SSH server answers on " + f.DirectAddr + "."}
	if f.Probe.Server != "" {
		v.Sentence = fmt.Sprintf("An SSH server answers on %s: %s.", f.DirectAddr, f.Probe.Server)
	}
	return v
}
