package keys

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"

	"podbay/ui/ask/asktest"
)

func TestIdentityScreens(t *testing.T) {
	four := manager.KeyReport{Local: []manager.LocalKey{registered(good), agent, open, broken}, Registered: []manager.RegisteredKey{entry(good), typeless}}
	noAccount := four
	noAccount.RegisteredErr = errors.New("RunPod answers 403: this API key may not read SSH keys")
	noAccount.Notes = []string{"~/.ssh/config asks for IdentitiesOnly: the agent's other keys were left out"}
	only := manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}
	loading, _ := fresh().Open("", allRun)
	form := opened("", manager.KeyReport{})
	typed, _ := asktest.Type(form, "correct horse")
	differ, _ := asktest.Type(press(typed, "enter"), "corect")
	for name, m := range map[string]Model{
		"loading":       loading,
		"keys":          opened("", four),
		"mendable":      press(opened("", four), "j j"),
		"broken":        press(opened("", four), "G j j j"),
		"mend-question": press(opened("", four), "j j m"),
		"no-account":    opened("", noAccount),
		"many":          press(opened("", manager.KeyReport{Local: many(40)}), strings.Repeat("j ", 20)),
		"settled":       give(opened("", only), Proving{Pods: []manager.Pod{alpha}}, takes(alpha)),
		"load-failed":   give(loading, Loaded{Err: errors.New("cancelled")}),
		"form":          form,
		"form-path":     press(form, "up up"),
		"form-typed":    typed,
		"form-differ":   press(differ, "enter"),
		"form-exists":   give(press(form, "enter"), Created{Err: errors.New("/home/me/.ssh/id_ed25519 exists and is not overwritten: name another file")}),
		"no-key":        press(form, "esc"),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestAccountScreens(t *testing.T) {
	lost := atAccount(addPlan, fingerprintEntry)
	lost.report.Lost = []manager.RegisteredKey{{Type: "ED25519", Fingerprint: print2, Comment: "me@desk", Line: "ssh-ed25519 " + other}}
	pasting := press(atAccount(addPlan), "p")
	pasted := give(pasting, tea.PasteMsg{Content: "---- BEGIN SSH2 PUBLIC KEY ----\r" + other + "\r\n---- END SSH2 PUBLIC KEY ----\n"})
	private := give(pasting, tea.PasteMsg{Content: "-----BEGIN OPENSSH PRIVATE KEY-----\nsecretstuff\n"})
	check := manager.KeyCheck{Leaked: true, Findings: []manager.KeyFinding{{Sentence: "This is a private key.", Remedy: "Give the .pub file's line, and keep this to yourself."}}}
	converted := manager.KeyCheck{Keys: []string{"ED25519 " + print2 + " me@desk"}, Findings: []manager.KeyFinding{{Sentence: "It is in RFC 4716's format, which was converted."}}}
	for name, m := range map[string]Model{
		"planning":   press(opened("", manager.KeyReport{Local: []manager.LocalKey{good}, Registered: []manager.RegisteredKey{fingerprintEntry}}), "enter"),
		"add":        atAccount(addPlan, manager.RegisteredKey{Line: addPlan.Diff[0].Line, Local: "me@desk of the agent", Valid: true}),
		"fix":        atAccount(fixPlan, entry(good), leaked, typeless),
		"fix-whole":  press(atAccount(fixPlan, entry(good), leaked, typeless), "v pgdown"),
		"nochange":   atAccount(manager.KeyPlan{Warnings: []string{"A weak key stays: RSA 1024."}, Diff: fixPlan.Diff[:1]}),
		"failed":     give(press(opened("", manager.KeyReport{Local: []manager.LocalKey{good}}), "enter"), Planned{Err: errors.New("RunPod answers 503: try again in a minute")}),
		"applying":   press(atAccount(addPlan), "y"),
		"busy":       give(press(atAccount(addPlan), "y"), Applied{Err: errBusy}),
		"lost":       lost,
		"paste":      pasting,
		"pasted":     pasted,
		"private":    private,
		"refused":    give(press(private, "enter"), Planned{Check: check, Err: errors.New("a private key is not registered: give its public half")}),
		"paste-plan": give(press(pasted, "enter"), Planned{Check: converted, Plan: addPlan}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestProofScreens(t *testing.T) {
	mixed := give(atProof(alpha, beta, gamma, delta), refuses(alpha), takes(beta), unknownHost(gamma))
	for name, m := range map[string]Model{
		"none":     atProof(),
		"trying":   atProof(alpha, beta),
		"mixed":    mixed,
		"asks":     press(mixed, "j j"),
		"takes":    press(mixed, "j"),
		"over":     press(give(mixed, ProofOver{}), "j j j"),
		"locked":   give(atProof(alpha), locked(alpha)),
		"add":      press(mixed, "a"),
		"adding":   press(mixed, "a y"),
		"refused":  give(press(mixed, "a y"), Installed{Pod: alpha, Err: errors.New("alpha: no shell answered the command: a program runs in place of the shell. Use the web terminal (w)")}),
		"added":    give(press(mixed, "a y"), Installed{Pod: alpha, Sentence: "alpha: the key was added, and a direct login with it succeeded."}, Proving{Pods: []manager.Pod{alpha}}),
		"recreate": give(press(mixed, "R"), Costs{Pod: alpha, Sentences: []string{"Everything outside /workspace is lost.", "Its volume of 20 GB stays.", "Its address changes."}}),
		"copied":   press(mixed, "w"),
		"notice":   press(give(mixed, noticed(takes(beta))), "j"),
		"no-try":   give(atProof(), Proved{manager.Proof{Sentence: "The list of pods is not known: RunPod answers 503.", Err: errBusy}}),
	} {
		t.Run(name, func(t *testing.T) { asktest.Golden(t, m) })
	}
}

func TestDoneScreens(t *testing.T) {
	m := atAccount(addPlan)
	m = give(press(m, "y"), Applied{Outcome: manager.KeyOutcome{Backup: "/home/me/.local/state/podbay/keys/2026-11-22T140000.json", Added: 1, Rounds: 1}},
		Loaded{Report: manager.KeyReport{Local: []manager.LocalKey{registered(good)}, Registered: []manager.RegisteredKey{entry(good)}}}, Proving{Pods: []manager.Pod{alpha, beta}})
	t.Run("proven", func(t *testing.T) { asktest.Golden(t, press(give(m, takes(alpha), takes(beta)), "enter")) })
	t.Run("unproven", func(t *testing.T) { asktest.Golden(t, press(give(m, refuses(alpha)), "enter")) })
	t.Run("nothing", func(t *testing.T) { asktest.Golden(t, press(give(atProof(alpha), takes(alpha)), "enter")) })
}
