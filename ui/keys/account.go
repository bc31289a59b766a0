package keys

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/screen"
)

// planKind tells what a plan was made for, so that what comes after it is known.
type planKind int

const (
	noPlan   planKind = iota
	planKey           // register the chosen key
	planFix           // mend what is registered
	planLost          // register again what was lost
	planText          // register what was pasted; asked for by the paste
)

// The answers under a plan.
type (
	agree struct{}
	skip  struct{}
	retry struct{}
)

// replan asks for a plan of a kind.
func (m Model) replan(kind planKind) (Model, screen.Intent) {
	m = m.start(planning)
	m.planned, m.plan, m.offset = kind, manager.KeyPlan{}, 0
	m.buttons = screen.Buttons{}
	switch kind {
	case planKey:
		return m, PlanAdd{m.chosen.Line}
	case planLost:
		return m, PlanAdd{m.report.Lost[0].Line}
	default:
		return m, PlanFix{}
	}
}

// nextPlan asks for the plan that is due: first the chosen key, then what is
// wrong with the others. Where nothing is due it goes on to the proof.
func (m Model) nextPlan() (Model, screen.Intent) {
	done := m.planned
	switch {
	case !m.chosen.Registered && done != planKey:
		return m.replan(planKey)
	case done != planFix && (m.mendable() || done == noPlan):
		return m.replan(planFix)
	}
	return m.toProof()
}

// mendable tells whether the account's entries can be mended.
func (m Model) mendable() bool {
	return slices.ContainsFunc(m.report.Registered, func(r manager.RegisteredKey) bool { return r.Mendable })
}

// showPlan shows a change. One that changes nothing is passed over when the
// wizard goes on by itself, unless there is something to say.
func (m Model) showPlan(plan manager.KeyPlan) (Model, screen.Intent) {
	if m.paste != nil {
		m.planned, m.paste = planText, nil
	}
	m.plan, m.offset = plan, 0
	m.buttons = planButtons(plan, false)
	if m.forward && !plan.Changes() && len(plan.Warnings) == 0 && len(m.report.Lost) == 0 {
		m.said = "The account's registered keys are right as they are."
		if m.chosen.Registered {
			m.said = m.chosen.Name + " is registered already, and nothing is wrong with the account's keys."
		}
		return m.toProof()
	}
	m.forward = false
	return m, nil
}

// removes tells whether a plan takes an entry away, be it for a mended one.
func removes(plan manager.KeyPlan) bool {
	for _, line := range plan.Diff {
		if line.Op == manager.DiffRemove {
			return true
		}
	}
	return false
}

// planButtons are the answers to a plan. Cancel is chosen where an entry goes.
func planButtons(plan manager.KeyPlan, failed bool) screen.Buttons {
	goOn := screen.Button{Label: "Go on without", Hot: "s", Intent: skip{}}
	switch {
	case failed:
		return screen.NewButtons(0, screen.Button{Label: "Try again", Hot: "r", Intent: retry{}}, screen.Cancel(), goOn)
	case !plan.Changes():
		goOn.Label = "Go on"
		return screen.NewButtons(0, goOn, screen.Cancel())
	case removes(plan):
		return screen.NewButtons(0, screen.Cancel(), screen.Button{Label: "Make this change", Hot: "y", Intent: agree{}}, goOn)
	}
	return screen.NewButtons(0, screen.Button{Label: "Register", Hot: "y", Intent: agree{}}, screen.Cancel(), goOn)
}

func (m Model) accountTyped(press tea.KeyPressMsg) (Model, screen.Intent) {
	switch {
	case key.Matches(press, m.keys.paste):
		m.paste, m.check, m.problem, m.said, m.offset = &paste{}, manager.KeyCheck{}, "", "", 0
		return m, nil
	case key.Matches(press, m.keys.lost):
		m.said = ""
		return m.replan(planLost)
	case key.Matches(press, m.keys.forget):
		m.said = ""
		return m.start(forgetting), Forget{m.report.Lost[0].Fingerprint}
	case key.Matches(press, m.keys.whole):
		m.whole = !m.whole
		return m, nil
	}
	m = m.scrolledBy(press)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(press)
	switch intent.(type) {
	case screen.Back:
		return m.back()
	case skip:
		m.said = ""
		return m.toProof()
	case retry:
		return m.load()
	case agree:
		m.said = ""
		return m.start(applying), Apply{m.plan}
	}
	return m, nil
}

// accountBody draws what is registered and what would change: warnings first.
func (m Model) accountBody(width, _ int) []string {
	if m.task == planning || m.task == loading {
		return m.registeredLines(width)
	}
	var out []string
	for _, warning := range m.plan.Warnings {
		out = append(out, m.status("warn", warning, width)...)
	}
	out = append(out, m.lostLines(width)...)
	if m.planned == planText {
		out = append(out, m.heldLines(width)...) // the plan's warnings tell the findings
	}
	if len(out) > 0 {
		out = append(out, "")
	}
	if m.problem != "" && len(m.plan.Diff) == 0 {
		return append(out, m.registeredLines(width)...)
	}
	for _, line := range para(width, m.planTitle()) {
		out = append(out, m.theme.Title.Render(line))
	}
	if len(m.plan.Diff) == 0 {
		return append(out, para(width, "No key is registered on the account.")...)
	}
	for _, line := range m.plan.Diff {
		out = append(out, m.diffLines(line, width)...)
	}
	return out
}

func (m Model) planTitle() string {
	switch {
	case !m.plan.Changes():
		return "Registered on RunPod; nothing would change"
	case m.planned == planKey:
		return "To register " + m.chosen.Name + ", this would change on RunPod:"
	case m.planned == planLost:
		return "To register again what was lost, this would change on RunPod:"
	case m.planned == planText:
		return "To register what was pasted, this would change on RunPod:"
	}
	return "To mend what is registered, this would change on RunPod:"
}

// lostLines names the keys that went without podbay.
func (m Model) lostLines(width int) []string {
	var out []string
	for _, lost := range m.report.Lost {
		name := strings.TrimSpace(lost.Type + " " + lost.Fingerprint + " " + lost.Comment)
		out = append(out, m.status("warn", "Lost: "+name+" was registered from this machine and is gone. Another machine may have written over it, or it was removed on purpose. L adds it again, F forgets it.", width)...)
	}
	return out
}

// registeredLines draws what is registered, a finding below its entry.
func (m Model) registeredLines(width int) []string {
	if m.report.RegisteredErr != nil {
		return m.status("warn", "The registered keys are not known: "+m.report.RegisteredErr.Error(), width)
	}
	out := []string{m.theme.Title.Render("Registered on RunPod")}
	if len(m.report.Registered) == 0 {
		return append(out, para(width, "No key is registered on the account.")...)
	}
	for _, r := range m.report.Registered {
		sign := m.sign("good")
		if r.Finding != "" {
			sign = m.sign("warn")
		}
		out = append(out, sign+" "+m.keyLine(r.Line, width-2)[0])
		if note := m.entryNote(r.Line); note != "" {
			out = append(out, indented(width, note)...)
		}
	}
	return out
}

// diffWords are the words beside the signs of a diff.
var diffWords = map[manager.DiffOp]string{manager.DiffKeep: "  keep   ", manager.DiffAdd: "+ add    ", manager.DiffRemove: "- remove ", manager.DiffAway: "! away   "}

// diffLines draws one line of the change, and why below it.
func (m Model) diffLines(line manager.DiffLine, width int) []string {
	word := diffWords[line.Op]
	style := m.theme.Dim
	switch line.Op {
	case manager.DiffAdd:
		style = m.theme.Tone("good")
	case manager.DiffRemove:
		style = m.theme.Tone("bad")
	}
	var out []string
	for i, text := range m.keyLine(line.Line, width-len(word)) {
		if i > 0 {
			word = strings.Repeat(" ", len(word))
		}
		out = append(out, style.Render(word)+text)
	}
	reason := line.Reason
	if reason == "" && line.Op == manager.DiffKeep {
		reason = m.entryNote(line.Line)
	}
	if reason != "" {
		out = append(out, indented(width, reason)...)
	}
	return out
}

// entryNote says what is known of a registered line.
func (m Model) entryNote(line string) string {
	for _, r := range m.report.Registered {
		switch {
		case r.Line != line:
		case r.Finding != "":
			return r.Finding
		case r.Local != "":
			return "is " + r.Local + " here"
		}
	}
	return ""
}

// keyLine cuts a line of a key in its middle, which tells nothing, or wraps all
// of it.
func (m Model) keyLine(line string, width int) []string {
	if m.whole {
		return para(width, line)
	}
	return []string{middle(line, width)}
}
