// Package keys is the key wizard: from no key to a login that was proven, in
// four steps. Identity chooses or creates the key, Account registers it and mends
// what is registered, Proof tries it on the running pods and opens ways into
// those that refuse it, Done says what to press for a shell.
//
// The wizard does no I/O. What it wants done it returns as an intent; how that
// went comes back as a reply, a message of this package that the root gives to
// [Model.Update]. It waits for one thing at a time, except that pods are tried
// while it is used, and drops replies that it does not wait for. Nothing is
// created, registered, mended or sent before the person agreed to it on a screen
// that showed it.
//
// The model may be left and shown again: it stays at its step. Passphrases and
// pasted texts lie behind functions, in the model and in intents.
package keys

import (
	tea "charm.land/bubbletea/v2"
	"slices"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/confirm"
	"podbay/ui/screen"
)

// What the wizard asks of the root. Each of the first group is answered by the
// reply that it names.
type (
	// Load asks for what there is: [Loaded].
	Load struct{}
	// Create asks for a new key: [Created]. Path and Comment are as in
	// [manager.NewKey].
	Create struct {
		Path, Comment string
		Passphrase    ask.Secret
	}
	// Mend asks for a local key's problem to be mended: [Mended].
	Mend struct{ Path string }
	// PlanAdd asks how the account would change with the key in Line: [Planned].
	PlanAdd struct{ Line string }
	// PlanText asks the same for a text that a person gave, which may be anything,
	// and what that text is: [Planned].
	PlanText struct{ Text ask.Secret }
	// PlanFix asks how the account would change if it were mended: [Planned].
	PlanFix struct{}
	// Apply asks for a change that the person agreed to: [Applied].
	Apply struct{ Plan manager.KeyPlan }
	// Forget asks to end the report of a lost key, which is gone on purpose:
	// [Forgot].
	Forget struct{ Fingerprint string }
	// Prove asks for a key to be tried on running pods: [Proving], a [Proved] a
	// pod, [ProofOver]. A Prove replaces the one before. No PodIDs means all.
	Prove struct {
		Fingerprint string
		PodIDs      []string
	}
	// Cost asks what recreating a pod's container costs: [Costs].
	Cost struct{ Pod manager.Pod }
	// Install asks for Command, which the person saw, to be typed into the pod's
	// shell at RunPod's proxy: [Installed].
	Install struct {
		Pod         manager.Pod
		Fingerprint string
		Command     string
	}
	// Recreate asks for the pod's PUBLIC_KEY to be set: [Recreated].
	Recreate struct {
		Pod         manager.Pod
		Fingerprint string
	}
)

// What needs no reply.
type (
	// Answer asks for the question of a proof to be shown; [Answered] when it was
	// answered.
	Answer struct {
		Question error
		PodID    string
	}
	// Copy asks for Text on the clipboard.
	Copy struct{ Text string }
	// Connect asks for a shell.
	Connect struct{ Pod manager.Pod }
	// Stop asks for what is being done to be given up. Its reply still counts.
	Stop struct{}
	// Help asks for the help page.
	Help struct{}
)

// The replies.
type (
	Loaded struct {
		Report manager.KeyReport
		Err    error
	}
	Created struct {
		Key manager.LocalKey
		Err error
	}
	Mended struct {
		Did string // what was done, in words
		Err error
	}
	Planned struct {
		Plan  manager.KeyPlan
		Check manager.KeyCheck // what the text of a PlanText is
		Err   error
	}
	Applied struct {
		Outcome manager.KeyOutcome
		Err     error
	}
	Forgot struct{ Err error }
	// Proving tells which pods are being tried and the command that would add the
	// key in one of their shells; "" when it is not known.
	Proving struct {
		Pods    []manager.Pod
		Command string
	}
	Proved    struct{ Proof manager.Proof }
	ProofOver struct{}
	// Answered has the pod tried again whose question was answered.
	Answered struct{ PodID string }
	Costs    struct {
		Pod       manager.Pod
		Sentences []string
	}
	Installed struct {
		Pod      manager.Pod
		Sentence string // what was done, and what could not be checked
		Err      error
	}
	Recreated struct {
		Pod manager.Pod
		Err error
	}
)

type step int

const (
	stepIdentity step = iota
	stepAccount
	stepProof
	stepDone
)

// task is what the wizard waits for.
type task int

const (
	idle task = iota
	loading
	creating
	mending
	planning
	applying
	forgetting
	installing
	recreating
)

// words says what is being done.
func (t task) words() string {
	return [...]string{"", "Looking at this machine and the account.", "Creating the key.", "Mending.",
		"Working out the change.", "Asking RunPod to make the change.", "Noting that it is gone on purpose.",
		"Typing the command into the proxy's shell.", "Asking RunPod to set PUBLIC_KEY."}[t]
}

// writes tells whether giving the task up may leave it half done: then its reply
// is waited for.
func (t task) writes() bool { return t > loading && t != planning }

// Model is the wizard.
type Model struct {
	theme         screen.Theme
	width, height int
	keys          keyMap
	offset        int // lines scrolled

	step    step
	task    task
	problem string // why the last thing failed
	said    string // what the last thing did
	did     []string
	wanted  string // ID of the pod that the person wants a shell on; "" when not known
	toPod   bool   // the key is to be got into the wanted pod

	known  bool // report was loaded
	report manager.KeyReport
	at     int // selected in report.Local
	chosen manager.LocalKey

	form    *form            // of a new key; never changed in place
	paste   *paste           // of a key text; never changed in place
	confirm *confirm.Model   // before something is done; never changed in place
	plan    manager.KeyPlan  // what Account shows
	planned planKind         // what plan is for; noPlan while there is none
	check   manager.KeyCheck // what the pasted text is
	forward bool             // go on by itself when nothing needs to be asked
	whole   bool             // lines of keys are shown uncut
	buttons screen.Buttons   // of Account and Done

	rows    []row
	row     int    // selected
	trying  bool   // pods are being tried
	command string // adds the key in a shell of a pod
}

var _ screen.Screen[Model] = Model{}

// New returns a wizard at its first step, which knows nothing yet.
func New(theme screen.Theme) Model {
	return Model{theme: theme, keys: newKeyMap()}.keyed()
}

// Open shows the wizard, again or for the first time, and returns what it wants
// first. wanted is the ID of the pod that a shell is wanted on; "" for none. What was
// found out earlier of a pod counts while runs says that its container still does.
func (m Model) Open(wanted string, runs func(manager.Pod) bool) (Model, screen.Intent) {
	m.rows = slices.DeleteFunc(slices.Clone(m.rows), func(r row) bool { return !runs(r.pod) })
	m.row = min(m.row, max(0, len(m.rows)-1))
	m.problem, m.said, m.wanted, m.toPod = "", "", wanted, false
	if m.step == stepDone {
		m.step, m.did = stepIdentity, nil
	}
	m.task, m.confirm = loading, nil
	return m.keyed(), Load{}
}

// OpenProof is Open for a key that is to be got into the wanted pod: where there is
// one good key, and nothing to ask about it, the wizard begins at the proof.
func (m Model) OpenProof(wanted string, runs func(manager.Pod) bool) (Model, screen.Intent) {
	m, first := m.Open(wanted, runs)
	m.step, m.toPod = stepIdentity, true
	m.row = max(0, m.rowOf(wanted))
	return m.keyed(), first
}

// SetSize says how many cells there are.
func (m Model) SetSize(width, height int) Model {
	m.width, m.height = width, height
	inner, _ := m.inner()
	if m.form != nil {
		f := m.form.sized(inner)
		m.form = &f
	}
	if m.confirm != nil {
		c := m.confirm.SetSize(width, height)
		m.confirm = &c
	}
	m.offset = m.clamped(m.offset)
	return m
}

// SetTheme changes the styles.
func (m Model) SetTheme(theme screen.Theme) Model {
	m.theme = theme
	if m.form != nil {
		f := m.form.themed(theme)
		m.form = &f
	}
	if m.confirm != nil {
		c := m.confirm.SetTheme(theme)
		m.confirm = &c
	}
	return m
}

// Update takes a key or a reply.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	var intent screen.Intent
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
		m, intent = m.typed(msg)
	default:
		m, intent = m.replied(msg)
	}
	m = m.keyed()
	m.offset = m.clamped(m.offset)
	return m, nil, intent
}
