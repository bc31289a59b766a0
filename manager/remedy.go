package manager

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/crypto/ssh"

	"podbay/doctor"
	"podbay/runpod"
)

// RemedyRequest says what to do about a verdict.
type RemedyRequest struct {
	PodID   string
	Via     RouteKind // the way on which the verdict was met; "" for the pod's Route
	Verdict doctor.Verdict
	Action  doctor.Action // the verdict's Action, or one of its Ways
}

// RemedyPlan is what an action would do, for a person to read first.
type RemedyPlan struct {
	RemedyRequest
	Title        string   // "Add 22/tcp to the ports of my-pod?"
	Button       string   // "Add the port"
	Consequences []string // a sentence each
	Danger       bool     // something is lost
	// Asks says that nothing may be done before a person agreed, Cancel chosen.
	Asks bool
	// Text is what is to be copied, or with Opens the address of a page to open.
	// There is nothing to carry out then.
	Text  string
	Opens bool
	// Connects says that a connection is worth trying once it was carried out.
	Connects bool

	keyPath string // of the key file that it is about
	shown   string // the fingerprint of the host key that it is about
}

// Sent says that the plan's text is on the clipboard, and what it is for.
func (p RemedyPlan) Sent() string {
	if p.Action == doctor.ActStartCommand {
		return "Sent to the terminal's clipboard, for the pod's web terminal (a template's container start command needs \"; sleep infinity\" before the last quote as well). PUBLIC_KEY there must hold your key:"
	}
	return "Sent to the terminal's clipboard:"
}

// RemedyDone is what was done, in a sentence.
type RemedyDone struct {
	Sentence string
}

// ErrNoRemedy says that an action is not podbay's to take for this pod.
var ErrNoRemedy = errors.New("nothing can be done about that from here")

// PlanRemedy works out what an action would do, and changes nothing. Actions that
// need another screen of the face or another connection (ActAPIKey, ActKeys,
// ActAddKey, ActRetry, ActProxy) are the face's own: its error wraps ErrNoRemedy.
func (m *Manager) PlanRemedy(ctx context.Context, req RemedyRequest) (RemedyPlan, error) {
	m.mu.Lock()
	pod, known := m.pod(req.PodID)
	m.mu.Unlock()
	if !known {
		return RemedyPlan{}, fmt.Errorf("%w: RunPod reports no pod %s: refresh", ErrNoRemedy, req.PodID)
	}
	row := m.rowOf(pod)
	plan := RemedyPlan{RemedyRequest: req}
	switch req.Action {
	case doctor.ActStart:
		return planStart(plan, row)
	case doctor.ActWait:
		plan.Title, plan.Button, plan.Connects = "Wait for "+row.Name, "Wait and connect", true
	case doctor.ActExposePort:
		return planExpose(plan, row, pod, m.RecreateCost(req.PodID))
	case doctor.ActMendKey, doctor.ActAgentAdd:
		return m.planKeyFile(ctx, plan)
	case doctor.ActForget:
		return m.planForget(plan, row)
	case doctor.ActStartCommand:
		plan.Title, plan.Button, plan.Text = "The start command for a template without sshd", "Copy the start command", startCommand
	case doctor.ActConsole:
		plan.Title, plan.Button, plan.Text, plan.Opens = "RunPod's page of "+row.Name, "Open RunPod's console", consolePage(pod.ID), true
	case doctor.ActCopySSH:
		if plan.Text = row.Command(req.Via); plan.Text == "" {
			return RemedyPlan{}, fmt.Errorf("%w: %s has no address that an ssh command could name", ErrNoRemedy, row.Name)
		}
		plan.Title, plan.Button = "The ssh command of "+row.Name, "Copy the ssh command"
	case doctor.ActCopyCommand:
		if plan.Text = req.Verdict.Command; plan.Text == "" {
			return RemedyPlan{}, fmt.Errorf("%w: there is no command for it", ErrNoRemedy)
		}
		plan.Title, plan.Button = "A command to run in your shell", "Copy the command"
	default:
		return RemedyPlan{}, fmt.Errorf("%w: %q is not carried out here", ErrNoRemedy, req.Action)
	}
	return plan, nil
}

func planStart(plan RemedyPlan, row Pod) (RemedyPlan, error) {
	if !row.CanStart {
		return RemedyPlan{}, fmt.Errorf("%w: RunPod does not allow to start %s now", ErrNoRemedy, row.Name)
	}
	price := plan.Verdict.Price
	if price == "" {
		price = "Billing begins when it starts, and goes on until it is stopped."
	}
	plan.Title, plan.Button, plan.Asks, plan.Connects = "Start "+row.Name+"?", "Start the pod", true, true
	plan.Consequences = []string{price, "podbay waits until an SSH server answers, and connects.",
		"Its host may have no free GPU; then RunPod says so, and it does not start."}
	return plan, nil
}

func planExpose(plan RemedyPlan, row Pod, pod runpod.Pod, cost []string) (RemedyPlan, error) {
	if reason := whyNotExpose(pod); reason != "" {
		return RemedyPlan{}, fmt.Errorf("%w: %s: %s", ErrNoRemedy, row.Name, reason)
	}
	plan.Title, plan.Button = "Add 22/tcp to the ports of "+row.Name+"?", "Add the port and recreate"
	plan.Asks, plan.Danger, plan.Connects = true, true, true
	// What is said of keys there is about PUBLIC_KEY, which stays as it is.
	plan.Consequences = slices.DeleteFunc(cost, func(line string) bool { return line == recreateKeyCost })
	return plan, nil
}

// whyNotExpose says why 22/tcp is not to be added; "" when it may be.
func whyNotExpose(pod runpod.Pod) string {
	switch {
	case slices.Contains(pod.Ports, sshPort):
		return sshPort + " is among its ports already"
	case pod.Cluster != nil:
		return "it is a member of a cluster, which cannot be changed pod by pod"
	case pod.Locked:
		return "it is locked: unlock it in RunPod's console first"
	case pod.Status == runpod.StatusTerminated:
		return "it was deleted"
	}
	return ""
}

const sshPort = "22/tcp"

func (m *Manager) planForget(plan RemedyPlan, row Pod) (RemedyPlan, error) {
	m.mu.Lock()
	stop, stopped := m.stopped[row.ID]
	m.mu.Unlock()
	if !stopped || !stop.known {
		return RemedyPlan{}, fmt.Errorf("%w: no changed host key was seen on %s: connect to it first", ErrNoRemedy, row.Name)
	}
	plan.Title, plan.Button, plan.Asks, plan.Danger, plan.Connects = "Forget the host key of "+row.Name+"?", "Forget the key", true, true, true
	plan.shown = ssh.FingerprintSHA256(stop.key)
	plan.Consequences = []string{
		"The next connection shows the fingerprint that it finds, and asks whether to trust it.",
		"If the pod was not started anew since, somebody may be listening: compare the new fingerprint with the pod's own before you accept it.",
	}
	return plan, nil
}

// planKeyFile plans what is done to the key file that is in the way.
func (m *Manager) planKeyFile(ctx context.Context, plan RemedyPlan) (RemedyPlan, error) {
	m.mu.Lock()
	login := m.met[plan.PodID].login
	m.mu.Unlock()
	name := login.Blocked.Name
	if login.WantsPassphrase != "" {
		name = login.WantsPassphrase
	}
	local, _, err := m.localIDs(ctx)
	if err != nil {
		return RemedyPlan{}, err
	}
	for _, id := range local {
		if id.Name() != name || id.Path == "" {
			continue
		}
		plan.keyPath = id.Path
		if plan.Action == doctor.ActAgentAdd {
			plan.Title, plan.Button, plan.Asks, plan.Connects = "Add "+name+" to the agent?", "Add it to the agent", true, true
			plan.Consequences = []string{"The agent then signs with it, without its passphrase, until the agent ends or the key is taken out with ssh-add -d."}
			return plan, nil
		}
		if mending := localKey(id, nil).Mend; mending != "" {
			plan.Title, plan.Button, plan.Connects = "Mend "+name, "Mend the key file", true
			plan.Consequences = []string{"podbay would " + mending + "."}
			return plan, nil
		}
	}
	return RemedyPlan{}, fmt.Errorf("%w: no key file is known to be in the way any more: try again", ErrNoRemedy)
}

func consolePage(podID string) string {
	return "https://console.runpod.io/pods?id=" + url.QueryEscape(podID)
}

// startCommand is the documented start command for custom templates
// (https://docs.runpod.io/pods/configuration/use-ssh), but for the sleep that keeps a
// container from ending.
const startCommand = `bash -c 'apt update; DEBIAN_FRONTEND=noninteractive apt-get install openssh-server -y; ` +
	`mkdir -p ~/.ssh; cd ~/.ssh; chmod 700 ~/.ssh; echo "$PUBLIC_KEY" >> authorized_keys; chmod 700 authorized_keys; ` +
	`service ssh start'`
