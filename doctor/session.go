package doctor

import (
	"fmt"
	"time"
)

// atOnce is how soon a shell into which nobody typed must end for that to be a
// fault: one may also be left alone until it times out (TMOUT).
const atOnce = 10 * time.Second

// sessionRules decide by how the last session ended: the login was taken.
func sessionRules() []rule {
	ended := func(holds func(Session) bool) func(*Facts) bool {
		return func(f *Facts) bool { return f.running() && holds(f.Session) }
	}
	end := func(e SessionEnd) func(*Facts) bool {
		return ended(func(s Session) bool { return s.End == e && !s.Full })
	}
	return []rule{
		{id: DiskFull, holds: ended(func(s Session) bool { return s.End != "" && s.Full }), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("disk full", "The pod took the login, and says that a disk of it is full"+f.said()+".",
				"Free space in the pod's web terminal, or give it a larger disk in RunPod's console.")
			v.Action = ActConsole
			return v
		}},
		{id: PTYRefused, holds: end(EndNoPTY), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("no terminal", "The pod took the login and refused a terminal (PTY).", "Look at PermitTTY in its sshd_config, in the web terminal."+f.proxyHint())
			v.Action = ActConsole
			return v
		}},
		{id: ShellRefused, holds: end(EndNoShell), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("no shell", "The pod took the login and refused to start a shell.", "Look at root's login shell and at ForceCommand in the image."+f.proxyHint())
			v.Action = ActConsole
			return v
		}},
		{id: ShellLate, holds: end(EndLateShell), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("no shell", "The pod took the login but opened no shell in "+Age(f.Session.Lasted)+".", "Try again, or restart the pod.")
			v.Action = ActRetry
			return v
		}},
		{id: ProxyComplaint, holds: ended(func(s Session) bool { return s.endedAtOnce() && s.Proxy && s.Said != "" && !s.Full }), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("proxy refuses", fmt.Sprintf("RunPod's proxy took the login and ended it at once: it says %q.", f.Session.Said), "See in the web terminal whether the pod's container runs, and an SSH server in it.")
			v.Action = ActConsole
			return v
		}},
		{id: ShellExits, holds: ended(func(s Session) bool {
			return s.endedAtOnce() && !(s.Proxy && s.Said != "") && !s.Full && (s.Status != 0 || s.Signal != "")
		}), say: func(f *Facts) Verdict {
			how := fmt.Sprintf("with exit status %d", f.Session.Status)
			if f.Session.Signal != "" {
				how = "by SIG" + f.Session.Signal
			}
			v := f.sessionVerdict("shell exits", "The pod took the login, and its shell ended at once "+how+f.said()+".", "Look at root's login shell and its start files in the web terminal."+f.proxyHint())
			v.Action = ActConsole
			return v
		}},
		{id: Dropped, holds: end(EndDropped), say: func(f *Facts) Verdict {
			v := f.sessionVerdict("dropped", "The connection ended after "+Age(f.Session.Lasted)+f.because()+".", "Connect again.")
			v.Tone, v.Action = ToneWarn, ActRetry
			return v
		}},
	}
}

func (s Session) endedAtOnce() bool { return s.End == EndExit && !s.Typed && s.Lasted < atOnce }

func (f *Facts) sessionVerdict(word, sentence, remedy string) Verdict {
	v := Verdict{Tone: ToneBad, Word: word, Shell: f.hasRoute(), Sentence: sentence, Remedy: remedy}
	if f.HasProxy && f.DirectAddr != "" && !f.Session.Proxy {
		v.Ways = []Action{ActProxy}
	}
	return v
}

func (f *Facts) said() string {
	if f.Session.Said == "" {
		return ""
	}
	return fmt.Sprintf("; it said %q", f.Session.Said)
}

func (f *Facts) because() string {
	if f.Session.Cause == "" {
		return ""
	}
	return ": " + f.Session.Cause
}
