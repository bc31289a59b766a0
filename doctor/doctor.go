// Package doctor says what stands between the user and a shell. It is pure:
// Facts in, Verdict out; no I/O, no clock, and it imports nothing of podbay.
//
// A Verdict never names a cause that the facts do not prove. Where several
// things are in the way, the one that must be removed first is named first.
package doctor

import (
	"iter"
	"slices"
	"sync"
)

// Tone is how a verdict is drawn beside its words.
type Tone string

// The tones.
const (
	ToneGood Tone = "good" // a shell can be had
	ToneWait Tone = "wait" // it will come by itself
	ToneWarn Tone = "warn" // a shell can be had, with a limit
	ToneBad  Tone = "bad"  // something must be done
	ToneIdle Tone = "idle" // off
)

// Verdict is what stands between the user and a shell.
type Verdict struct {
	ID       ID
	Tone     Tone
	Word     string // for the SSH column, at most 16 cells: "ready 38 ms"
	Sentence string // what is so
	Remedy   string // the one action that removes it; "" when nothing is in the way
	// Action is how podbay carries the remedy out; "" when only the user can.
	Action Action
	// Price is what Action costs or loses, in one sentence; "" when it costs nothing.
	Price string
	// Command is what the user runs, where Action is ActCopyCommand.
	Command string
	Ways    []Action // other ways on, the best first
	Shell   bool     // a connection is worth trying now
}

// Action is something that podbay does to remove what is in the way.
type Action string

// The actions.
const (
	ActAPIKey       Action = "enter-api-key"      // ask for an API key
	ActStart        Action = "start"              // start the pod, wait for an SSH banner, connect
	ActWait         Action = "wait"               // wait for an SSH banner, connect
	ActRetry        Action = "try-again"          // connect once more
	ActProxy        Action = "use-proxy"          // connect by RunPod's proxy
	ActExposePort   Action = "expose-port"        // add 22/tcp to the pod's ports
	ActStartCommand Action = "copy-start-command" // the documented start command for images without sshd
	ActKeys         Action = "set-up-keys"        // the key wizard: find or make, register, mend
	ActAddKey       Action = "add-key"            // get the key into the running pod
	ActMendKey      Action = "mend-key-file"      // set the mode of a key file
	ActAgentAdd     Action = "add-to-agent"       // give a key file to the agent
	ActForget       Action = "forget-host-key"    // forget a known host key
	ActConsole      Action = "open-console"       // RunPod's page of the pod
	ActCopySSH      Action = "copy-ssh"           // the ssh command
	ActCopyCommand  Action = "copy-command"       // Verdict.Command
)

// Judge gives a pod its verdict: the first thing that is in the way, or that
// nothing is.
func Judge(f Facts) Verdict {
	for v := range verdicts(&f) {
		return v
	}
	return Verdict{} // never: there is always one
}

// Examine returns everything that the facts prove to be in the way or to limit the
// way, in the order in which it must be removed. It is never empty: where nothing
// is in the way, the one verdict says so.
func Examine(f Facts) []Verdict { return slices.Collect(verdicts(&f)) }

// Triage is Examine for a list of thousands: the first verdict, and the others, which
// most pods have none of.
func Triage(f *Facts) (first Verdict, others []Verdict) {
	found := false
	for v := range verdicts(f) {
		if !found {
			first, found = v, true
			continue
		}
		others = append(others, v)
	}
	return first, others
}

// Settled tells whether every verdict on the facts reads the same at any later time, as
// long as nothing new is known. It may say no where that is so.
func (f *Facts) Settled() bool {
	starts := f.Started && (f.fresh() || f.Status == "STARTING")
	return !starts && f.SystemLog == "" && f.Login.Outcome == ""
}

// verdicts gives what Examine returns, one after the other: a list of thousands of
// pods is judged at each refresh, and wants the first alone.
func verdicts(f *Facts) iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		found, more := false, true
		give := func(v Verdict) bool {
			found, more = true, more && yield(v)
			return more
		}
		for _, g := range blockers() {
			if g.held(f)(give); !more {
				return
			}
		}
		if !found && f.Attempt.made() && !give(connectFailed(f)) {
			return
		}
		if byProxyAlone().held(f)(give); more && !found {
			give(open(f))
		}
	}
}

// held gives the verdicts of the rules that hold.
func (g group) held(f *Facts) iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		found := false
		for i := range g.rules {
			r := &g.rules[i]
			if found && (g.one || r.rest) || !r.holds(f) {
				continue
			}
			found = true
			v := r.say(f)
			v.ID = r.id
			if !yield(v) {
				return
			}
		}
	}
}

// JudgeSession says what was wrong with a session that has ended; ID is "" when
// nothing was.
func JudgeSession(f Facts, s Session) Verdict {
	f.Session = s
	for v := range (group{sessionRules(), true}).held(&f) {
		return v
	}
	return Verdict{}
}

// JudgeAccount gives the account its verdict: AccountReady when nothing is wrong.
func JudgeAccount(a Account) Verdict {
	for v := range (group{accountRules(), true}).held(&Facts{Account: a}) {
		return v
	}
	return Verdict{ID: AccountReady, Tone: ToneGood, Word: "ready", Sentence: "RunPod answers, and the API key may do what podbay needs."}
}

// rule is one thing that can be so.
type rule struct {
	id    ID
	holds func(*Facts) bool
	say   func(*Facts) Verdict
	rest  bool // holds for what the rules before it in its group do not explain
}

// group is rules about one thing. Of those in a group that is one of several, only
// the first that holds is so.
type group struct {
	rules []rule
	one   bool
}

// blockers are what can be in the way, in the order in which it must be removed: an
// account, a pod that runs, a way to it, a server on that way, the right one, a
// session that lasts, a key that it takes.
var blockers = sync.OnceValue(func() []group {
	return []group{
		{accountRules(), false}, {podRules(), true}, {routeRules(), true}, {portRules(), true}, {hostKeyRules(), true},
		{sessionRules(), true}, {localKeyRules(), false}, {loginRules(), false},
	}
})

// byProxyAlone is what leaves RunPod's proxy as the only way.
var byProxyAlone = sync.OnceValue(func() group { return group{proxyRules(), true} })
