package manager

import (
	"errors"
	"fmt"

	"podbay/attach"
	"podbay/doctor"
)

// ended words how a session ended.
func ended(pod Pod, r attach.Result) Ended {
	e := Ended{PodID: pod.ID, PodName: pod.Name, Status: r.Status, Lost: r.End == attach.EndDropped || r.End == attach.EndGivenUp, News: r.News}
	after := doctor.Age(r.Duration)
	switch r.End {
	case attach.EndExit:
		e.Clean = r.Status == 0 && r.Signal == ""
		switch {
		case r.Signal != "":
			e.Sentence = fmt.Sprintf("%s: the shell was ended by SIG%s after %s", pod.Name, r.Signal, after)
		default:
			e.Sentence = fmt.Sprintf("%s: the shell ended after %s with exit status %d", pod.Name, after, r.Status)
		}
	case attach.EndDropped:
		e.Sentence = fmt.Sprintf("%s: the connection ended after %s", pod.Name, after)
		if r.Cause != nil {
			e.Sentence += ": " + r.Cause.Error()
		}
		if r.News != nil {
			e.Sentence += "; " + r.News.Error()
		}
	case attach.EndGivenUp:
		e.Sentence = fmt.Sprintf("%s: the connection was lost, and no other one was waited for", pod.Name)
	case attach.EndDetached:
		e.Clean, e.Detached, e.Status = true, true, 0
		e.Sentence = fmt.Sprintf("%s: left with ~d after %s; the shell goes on, and enter comes back to it", pod.Name, after)
	case attach.EndEscape:
		e.Clean = true
		e.Sentence = fmt.Sprintf("%s: left with ~. after %s", pod.Name, after)
	case attach.EndSignal:
		e.Sentence = fmt.Sprintf("%s: podbay was told to end; the shell was left after %s", pod.Name, after)
	case attach.EndNoPTY:
		e.Sentence = pod.Name + ": the pod refused a terminal (PTY); look at PermitTTY in its sshd_config"
	case attach.EndCanceled:
		e.Clean = true
		e.Sentence = pod.Name + ": cancelled before there was a shell"
	case attach.EndNoShell:
		var late *attach.OpenTimeoutError
		if errors.As(r.Cause, &late) {
			e.Sentence = fmt.Sprintf("%s: the pod took the login but opened no shell in %s; try again, or restart the pod", pod.Name, doctor.Age(late.After))
			break
		}
		e.Sentence = pod.Name + ": the pod refused to start a shell; look at root's login shell and ForceCommand in the image"
	}
	return e
}
