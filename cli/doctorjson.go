package cli

import (
	"encoding/json"
	"time"

	"podbay/doctor"
)

// verdictJSON is a verdict as every --json prints it.
type verdictJSON struct {
	ID       doctor.ID       `json:"id"`
	Tone     doctor.Tone     `json:"tone"`
	Word     string          `json:"word"`
	Sentence string          `json:"sentence"`
	Remedy   string          `json:"remedy"`
	Action   doctor.Action   `json:"action"`
	Price    string          `json:"price"`
	Command  string          `json:"command"`
	Ways     []doctor.Action `json:"ways"`
	Shell    bool            `json:"shell"`
}

func verdictOf(v doctor.Verdict) verdictJSON {
	return verdictJSON{v.ID, v.Tone, v.Word, v.Sentence, v.Remedy, v.Action, v.Price, v.Command, append([]doctor.Action{}, v.Ways...), v.Shell}
}

func verdictsOf(list []doctor.Verdict) []verdictJSON {
	out := make([]verdictJSON, 0, len(list))
	for _, v := range list {
		out = append(out, verdictOf(v))
	}
	return out
}

// checkUpJSON is a pod as "podbay doctor --json" prints it.
type checkUpJSON struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Status   string         `json:"status"`
	Verdict  verdictJSON    `json:"verdict"`
	Also     []verdictJSON  `json:"also"`
	Evidence []evidenceJSON `json:"evidence"`
}

type evidenceJSON struct {
	By   string     `json:"by"`
	What string     `json:"what"`
	At   *time.Time `json:"at"` // null: when is of no matter
}

func (a *app) printDoctorJSON(e examination) error {
	pods := make([]checkUpJSON, 0, len(e.pods))
	for _, c := range e.pods {
		seen := make([]evidenceJSON, 0, len(c.Evidence))
		for _, s := range c.Evidence {
			seen = append(seen, evidenceJSON{s.By, s.What, optional(s.At)})
		}
		pods = append(pods, checkUpJSON{c.Pod.ID, c.Pod.Name, c.Pod.Status, verdictOf(c.Verdict), verdictsOf(c.Also), seen})
	}
	return e.print(func() error {
		encoder := json.NewEncoder(a.std.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Account verdictJSON   `json:"account"`
			Pods    []checkUpJSON `json:"pods"`
		}{verdictOf(e.account), pods})
	})
}
