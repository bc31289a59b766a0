package details

import (
	"fmt"
	"strings"
	"time"

	"podbay/manager"
	"podbay/ui/screen"
)

// labelWidth is the cells of the column of labels.
const labelWidth = 11

// lines returns all that is known, wrapped to the width.
func (m Model) lines() []string {
	if m.pod.ID == "" {
		return nil
	}
	out := m.verdict()
	for _, fact := range facts(m.pod, m.now) {
		if fact.text != "" {
			out = append(out, m.fact(fact)...)
		}
	}
	return out
}

// verdict is the head: the pod, what stands in the way, what to do.
func (m Model) verdict() []string {
	v := m.pod.Verdict
	style := m.theme.Tone(v.Tone)
	title := m.theme.Title.Render(m.pod.Name) + "  " + style.Render(screen.Glyph(v.Tone)+" "+v.Word)
	out := []string{screen.Cut(title, m.width)}
	for _, text := range []string{v.Sentence, v.Remedy} {
		if text != "" {
			out = append(out, screen.Wrap(text, m.width)...)
		}
	}
	for i, also := range m.pod.Also {
		lead := "also: "
		if i > 0 {
			lead = "and: "
		}
		out = append(out, screen.Wrap(lead+also.Sentence, m.width)...)
	}
	return out
}

// fact draws one label and its text, which continues below itself.
func (m Model) fact(f fact) []string {
	var out []string
	for i, line := range screen.Wrap(f.text, max(1, m.width-labelWidth)) {
		label := ""
		if i == 0 {
			label = f.label
		}
		out = append(out, m.theme.Dim.Render(screen.Fit(label, labelWidth))+line)
	}
	return out
}

// fact is one thing that is known; an empty text is not drawn.
type fact struct{ label, text string }

// facts lists what is known of p, what one looks for first at the top.
func facts(p manager.Pod, now time.Time) []fact {
	return []fact{
		{"kept", kept(p, now)},
		{"ssh", p.Route.Command},
		{"route", route(p)},
		{"public IP", orElse(p.PublicIP, "none")},
		{"port 22", port(p)},
		{"GPU", p.GPU},
		{"cost", cost(p)},
		{"started", ago(p.StartedAt, now)},
		{"measured", measured(p, now)},
		{"server", p.ServerVersion},
		{"host key", hostKey(p.HostKey)},
		{"key also of", strings.Join(p.HostKey.SharedWith, ", ")},
		{"last login", agreed(p.Agreed)},
		{"volume", orElse(p.Volume, "none: nothing outlives a stop")},
		{"disk", disk(p)},
		{"image", p.Image},
		{"status", p.Status},
		{"place", place(p)},
		{"cluster", p.Cluster},
		{"locked", locked(p)},
		{"ID", p.ID},
	}
}

// kept tells of a shell that was left running.
func kept(p manager.Pod, now time.Time) string {
	left := "a shell, left " + screen.Ago(now.Sub(p.Kept.Since)) + " ago"
	switch p.Kept.Line {
	case manager.KeptConnected:
		return left + ", connected; enter comes back to it"
	case manager.KeptLineLost:
		return left + "; its connection is lost, enter makes another and comes back to it"
	case manager.KeptLeft:
		return left + "; enter comes back to it, if it still runs"
	}
	return ""
}

func orElse(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

// route names the way and, where it is not the direct one, why.
func route(p manager.Pod) string {
	words := map[manager.RouteKind]string{
		manager.RouteDirect: "direct",
		manager.RouteProxy:  "RunPod's proxy (a shell and nothing else)",
		manager.RouteNone:   "none",
	}
	text := orElse(words[p.Route.Kind], string(p.Route.Kind))
	if p.Route.Addr != "" {
		text += " " + p.Route.Addr
	}
	if p.Route.Reason != "" {
		text += ": " + p.Route.Reason
	}
	return text
}

func port(p manager.Pod) string {
	switch {
	case p.PublicPort != 0:
		return fmt.Sprintf("22/tcp is public port %d", p.PublicPort)
	case p.Exposes22:
		return "22/tcp is exposed, without a public port now"
	default:
		return "22/tcp is not exposed"
	}
}

func cost(p manager.Pod) string {
	if p.CostPerHour == 0 && p.Volume != "" {
		return "$0/h for compute; the volume is billed"
	}
	return fmt.Sprintf("$%.3g/h", p.CostPerHour)
}

// ago writes a moment with its age; "" for none.
func ago(at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04 MST") + ", " + screen.Ago(now.Sub(at)) + " ago"
}

func measured(p manager.Pod, now time.Time) string {
	switch {
	case p.Probed.IsZero() && p.Route.Kind != manager.RouteDirect:
		return ""
	case p.Probed.IsZero():
		return "not yet"
	}
	// Anything shorter would draw a frame at each refresh of a list that nobody looks at.
	if age := now.Sub(p.Probed); age >= 2*time.Minute {
		return screen.Ago(age) + " ago"
	}
	return "in the last two minutes"
}

// hostKey says which key is known and why it is trusted.
func hostKey(k manager.HostKey) string {
	if k.Fingerprint == "" {
		return ""
	}
	why := map[manager.HostKeyTrust]string{
		manager.TrustedByLog:       "verified by the pod's log",
		manager.TrustedByUser:      "accepted by you",
		manager.TrustedAgainstLog:  "accepted by you against the pod's log",
		manager.TrustedByAuthority: "certified by an authority of yours",
	}[k.Trust]
	if why == "" {
		why = "known"
	}
	if !k.At.IsZero() {
		why += " on " + k.At.UTC().Format("2006-01-02 15:04 MST")
	}
	return k.Type + " " + k.Fingerprint + ", " + why
}

// agreed says what protects the sessions: key exchange, cipher, host key.
func agreed(a manager.Agreed) string {
	if a.At.IsZero() {
		return ""
	}
	text := fmt.Sprintf("%s, %s: key exchange %s, cipher %s", a.At.UTC().Format("2006-01-02 15:04 MST"), a.Via, a.KeyExchange, a.Cipher)
	if a.MAC != "" {
		text += ", " + a.MAC
	}
	return text + ", host key " + a.HostKeyType
}

func disk(p manager.Pod) string {
	if p.DiskGB == 0 {
		return ""
	}
	return fmt.Sprintf("%d GB container disk, lost at a stop", p.DiskGB)
}

func place(p manager.Pod) string {
	cloud := "Secure Cloud"
	if p.Community {
		cloud = "Community Cloud"
	}
	if p.DataCenter == "" {
		return cloud
	}
	return p.DataCenter + ", " + cloud
}

func locked(p manager.Pod) string {
	if !p.Locked {
		return ""
	}
	return "yes: it cannot be stopped or reset"
}
