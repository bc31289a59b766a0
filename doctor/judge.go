package doctor

import (
	"fmt"
	"strings"
	"time"
)

// settling is how long after a start a silent port is put down to the start:
// sshd can take 90 s or more to answer (RunPod's docs; image pulls take minutes,
// but RUNNING is reported only after the pull).
const settling = 3 * time.Minute

// Judge gives a pod its verdict.
func Judge(f Facts) Verdict {
	if v, ok := judgeStatus(f); ok {
		return v
	}
	if f.DirectAddr == "" {
		return judgeNoDirect(f)
	}
	return judgeDirect(f)
}

// judgeStatus decides what the status alone decides.
func judgeStatus(f Facts) (Verdict, bool) {
	switch f.Status {
	case "RUNNING":
		return Verdict{}, false
	case "PROVISIONING":
		return Verdict{ID: Provisioning, Tone: ToneWait, Word: "starting",
			Sentence: "RunPod is looking for a machine for this pod.",
			Remedy:   "Wait: the list follows by itself."}, true
	case "STARTING":
		return Verdict{ID: Starting, Tone: ToneWait, Word: "starting",
			Sentence: "The pod's container is starting; a large image takes minutes to pull.",
			Remedy:   "Wait: the list follows by itself."}, true
	case "EXITED":
		return Verdict{ID: Stopped, Tone: ToneIdle, Word: "stopped",
			Sentence: "The pod is stopped.", Remedy: startRemedy(f)}, true
	case "ERROR":
		return Verdict{ID: Failed, Tone: ToneBad, Word: "error",
			Sentence: "RunPod reports that the pod's container cannot run.",
			Remedy:   "Read the pod's logs in RunPod's console, mend the image or the start command, then start it again."}, true
	case "TERMINATED":
		return Verdict{ID: Terminated, Tone: ToneIdle, Word: "terminated",
			Sentence: "The pod was deleted for good.",
			Remedy:   "Create a new pod in RunPod's console."}, true
	}
	return Verdict{ID: StatusNotKnown, Tone: ToneWarn, Word: "unknown",
		Sentence: fmt.Sprintf("RunPod reports a status that this podbay does not know: %q.", f.Status),
		Remedy:   "Connect all the same, or look at the pod in RunPod's console.",
		Shell:    hasRoute(f)}, true
}

func startRemedy(f Facts) string {
	switch {
	case f.Cluster:
		return "It belongs to a cluster: start the cluster in RunPod's console."
	case f.CanStart:
		return "Start it; billing for its GPU begins again."
	}
	return "RunPod does not allow to start it now: look at the pod in RunPod's console."
}

// judgeNoDirect decides for a running pod without a direct endpoint.
func judgeNoDirect(f Facts) Verdict {
	if v, ok := judgeLogin(f); ok {
		return v
	}
	switch {
	case !f.HasProxy:
		return Verdict{ID: NoRoute, Tone: ToneBad, Word: "no way in",
			Sentence: "RunPod reports neither a public port for SSH nor its proxy for this pod.",
			Remedy:   "Wait a minute; if it stays so, add 22/tcp to the pod's ports in RunPod's console."}
	case !f.Exposes22:
		return Verdict{ID: ProxyNoPort, Tone: ToneWarn, Word: "proxy only", Shell: true,
			Sentence: "22/tcp is not among the pod's ports, so only RunPod's proxy leads in: a shell, but no scp, sftp or forwarding."}
	case f.Community:
		return Verdict{ID: ProxyNoIP, Tone: ToneWarn, Word: "proxy only", Shell: true,
			Sentence: "RunPod reports no public port for this pod, as is usual on community hosts without a public IP; its proxy leads in: a shell, but no scp, sftp or forwarding."}
	case f.Started && f.SinceStart < settling:
		return Verdict{ID: PortPending, Tone: ToneWarn, Word: "proxy only", Shell: true,
			Sentence: "The pod's public port is not mapped yet; until then only RunPod's proxy leads in."}
	}
	return Verdict{ID: ProxyNoIP, Tone: ToneWarn, Word: "proxy only", Shell: true,
		Sentence: "RunPod reports no public port for 22/tcp, so only its proxy leads in: a shell, but no scp, sftp or forwarding."}
}

// judgeDirect decides for a running pod with a direct endpoint: first what the
// port does, then what the login did.
func judgeDirect(f Facts) Verdict {
	switch f.Probe.Outcome {
	case PortRefused, PortTimeout, PortUnreachable, PortSilent, PortClosed, PortNotSSH:
		return judgePort(f)
	}
	if f.HostKeyChanged {
		return Verdict{ID: HostKeyChanged, Tone: ToneBad, Word: "host key changed", Shell: true,
			Sentence: "The server at " + f.DirectAddr + " showed another host key than the known one, and podbay stopped.",
			Remedy:   "Connect to see both fingerprints and what they can mean."}
	}
	if v, ok := judgeLogin(f); ok {
		return v
	}
	if f.Probe.Outcome != PortBanner {
		return Verdict{ID: Checking, Tone: ToneWait, Word: "checking", Shell: true,
			Sentence: "Whether an SSH server answers on " + f.DirectAddr + " is being measured."}
	}
	return Verdict{ID: Ready, Tone: ToneGood, Word: "ready " + Milliseconds(f.Probe.Latency), Shell: true,
		Sentence: "An SSH server answers on " + f.DirectAddr + "."}
}

// judgePort decides for a port on which no SSH server answers.
func judgePort(f Facts) Verdict {
	if f.Started && f.SinceStart < settling && f.Probe.Outcome != PortNotSSH {
		return Verdict{ID: SSHDStarting, Tone: ToneWait, Word: "starting",
			Sentence: fmt.Sprintf("No SSH server answers on %s yet; the pod started %s ago, and sshd may take 90 s or more.", f.DirectAddr, Age(f.SinceStart)),
			Remedy:   "Wait: the list follows by itself."}
	}
	switch f.Probe.Outcome {
	case PortRefused:
		return Verdict{ID: NoSSHD, Tone: ToneBad, Word: "no sshd",
			Sentence: "Port 22 is mapped to " + f.DirectAddr + ", but no SSH server listens behind it.",
			Remedy:   "Start sshd from the pod's web terminal, or create the pod with SSH switched on." + proxyHint(f)}
	case PortTimeout:
		return Verdict{ID: NoAnswer, Tone: ToneBad, Word: "no answer",
			Sentence: f.DirectAddr + " does not answer: the host is down, or a firewall on the way drops the packets.",
			Remedy:   "Try from another network, or restart the pod." + proxyHint(f)}
	case PortUnreachable:
		return Verdict{ID: Unreachable, Tone: ToneBad, Word: "unreachable",
			Sentence: "This machine has no way to " + f.DirectAddr + ".",
			Remedy:   "Check this machine's network."}
	case PortSilent:
		return Verdict{ID: Silent, Tone: ToneBad, Word: "silent",
			Sentence: f.DirectAddr + " accepts connections and says nothing, which an SSH server never does.",
			Remedy:   "Restart the pod, or see what runs on its port 22 in the web terminal." + proxyHint(f)}
	case PortClosed:
		return Verdict{ID: ClosesAtOnce, Tone: ToneBad, Word: "closes",
			Sentence: f.DirectAddr + " closes connections at once: no SSH server runs behind the port, or it refuses this address.",
			Remedy:   "See in the pod's web terminal whether sshd runs." + proxyHint(f)}
	}
	sentence := f.DirectAddr + " answers, but not as an SSH server."
	if f.Probe.Got != "" {
		sentence = fmt.Sprintf("%s answers, but not as an SSH server: %q.", f.DirectAddr, f.Probe.Got)
	}
	return Verdict{ID: NotSSH, Tone: ToneBad, Word: "not SSH", Sentence: sentence,
		Remedy: "Free port 22 in the container for sshd." + proxyHint(f)}
}

// judgeLogin decides by the last login; ok is false when it decides nothing.
func judgeLogin(f Facts) (v Verdict, ok bool) {
	l := f.Login
	switch l.Outcome {
	case LoginNoKey:
		if l.Unusable > 0 {
			return Verdict{ID: KeysUnusable, Tone: ToneBad, Word: "no usable key", Shell: hasRoute(f),
				Sentence: "SSH keys were found on this machine, but none of them can be used" + because(l.Blocked) + ".",
				Remedy:   "Mend that, then try again."}, true
		}
		return Verdict{ID: NoLocalKey, Tone: ToneBad, Word: "no key", Shell: hasRoute(f),
			Sentence: "There is no SSH key on this machine that podbay could log in with.",
			Remedy:   "Make one with: ssh-keygen -t ed25519 ; then register ~/.ssh/id_ed25519.pub in RunPod's account settings and create the pod after that."}, true
	case LoginRefused:
	default:
		return Verdict{}, false
	}
	v = Verdict{Tone: ToneBad, Word: "key refused " + strings.ReplaceAll(Age(l.Age), " ", ""), Shell: hasRoute(f)}
	switch {
	case l.Blocked != "" && l.Registered != RegisteredYes:
		v.ID = KeysUnusable
		v.Sentence = "The key that would most likely be taken could not be used: " + l.Blocked + "."
		v.Remedy = "Mend that, then try again."
	case l.PasswordOnly:
		v.ID, v.Word = PasswordOnly, "password only"
		v.Sentence = "The pod's SSH server takes only a password, which RunPod pods do not have: its sshd is not set up for keys."
		v.Remedy = "Allow PubkeyAuthentication in the image's sshd_config, or use an image of RunPod's." + proxyHint(f)
	case l.MoreWanted:
		v.ID, v.Word = MoreWanted, "more wanted"
		v.Sentence = "The pod took your key and wants a second proof besides, which podbay does not give."
		v.Remedy = "Set AuthenticationMethods publickey in the image's sshd_config." + proxyHint(f)
	case l.Registered == RegisteredNo:
		v.ID = KeyUnknown
		v.Sentence = "The pod refused the login: " + unregistered(l.Offered) + " registered on the RunPod account."
		v.Remedy = "Register your public key in RunPod's account settings; pods that are created after that have it."
	case l.TooMany:
		v.ID = TooManyKeys
		v.Sentence = "The server ended the login after too many keys, before the right one was offered."
		v.Remedy = "Name the right key with identity_file in podbay's settings, or with IdentityFile and IdentitiesOnly in ~/.ssh/config."
	default:
		v.ID = KeyRefused
		v.Sentence = "The pod refused " + offered(l.Offered) + although(l.Offered, l.Registered) + ". Most often the key was registered after the pod was created, or the pod was created without SSH; from outside the two look alike."
		v.Remedy = "Add your public key to ~/.ssh/authorized_keys in the pod's web terminal, or create the pod anew." + proxyHint(f)
	}
	return v, true
}

func hasRoute(f Facts) bool { return f.DirectAddr != "" || f.HasProxy }

func proxyHint(f Facts) string {
	if !f.HasProxy || f.DirectAddr == "" {
		return ""
	}
	return " RunPod's proxy may still lead in."
}

func unregistered(offered int) string {
	if offered == 1 {
		return "the one key found on this machine is not"
	}
	return fmt.Sprintf("none of the %d keys found on this machine is", offered)
}

func because(problem string) string {
	if problem == "" {
		return ""
	}
	return ": " + problem
}

func although(offered int, r Registered) string {
	switch {
	case r != RegisteredYes:
		return ""
	case offered == 1:
		return ", although it is registered on your account"
	}
	return ", although one of them is registered on your account"
}

func offered(n int) string {
	switch n {
	case 0:
		return "the keys that were offered"
	case 1:
		return "the key that was offered"
	case 2:
		return "both keys that were offered"
	}
	return fmt.Sprintf("all %d keys that were offered", n)
}
