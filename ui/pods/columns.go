package pods

import (
	"strconv"
	"strings"
	"time"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

// column is one of the list's, in the order in which they are drawn.
type column int

const (
	colName column = iota
	colStatus
	colGPU
	colIP
	colPort
	colSSH
	colCost
	colUptime
	columns // how many there are
)

const (
	marker   = len(margin) // cells before the first column, for the sign of the selected row
	nameRoom = 14          // what a name gets before a column more is shown
	nameFull = 24          // what it gets before the columns that matter least
)

// gapFor is the cells between columns: at 80 one, so that the addresses fit.
func gapFor(width int) int {
	if width < 100 {
		return 1
	}
	return 2
}

// byImportance is the order in which columns get their cells: what a connection
// depends on, then what it costs.
var byImportance = [...]column{colName, colSSH, colIP, colPort, colStatus, colCost, colGPU, colUptime}

var headings = [columns]string{"NAME", "STATUS", "GPU", "PUBLIC IP", "PORT 22", "SSH", "$/H", "UPTIME"}

// widest bounds a column, whatever its texts are.
var widest = [columns]int{40, 14, 18, 39, 13, 18, 8, 9}

// widths holds the cells of each column; 0 for a column that is not drawn.
type widths [columns]int

// add makes room for a pod's texts. Uptime is not measured: it grows by itself.
func (w *widths) add(p *manager.Pod, tags map[string]string) {
	name, tag := called(p, tags)
	w.fit(colName, screen.Width(keptMark(p))+screen.Width(tag), name)
	w.fit(colStatus, sign, statusWord(p.Status))
	w.fit(colGPU, 0, p.GPU)
	w.fit(colIP, 0, p.IPWord())
	w.fit(colPort, 0, p.PortWord())
	w.fit(colSSH, sign, p.Verdict.Word)
	w.fit(colCost, 0, costWord(p.CostPerHour))
}

// sign is the cells of a glyph and the space after it.
const sign = 2

// fit makes room for a text after some cells. A text has at most a cell a byte, so
// that most need no measuring.
func (w *widths) fit(c column, before int, text string) {
	if before+len(text) > w[c] {
		w[c] = min(max(w[c], before+screen.Width(text)), widest[c])
	}
}

// choose gives width cells to the columns, the important ones first. need holds
// the widest text of each.
func choose(need widths, width int) widths {
	need[colUptime] = widest[colUptime]
	for c := range columns {
		need[c] = max(need[c], len(headings[c]))
	}
	var out widths
	left := width - marker
	for _, c := range byImportance {
		want := need[c]
		room := left
		switch c {
		case colName:
			want = min(want, nameRoom, left)
		case colGPU, colUptime:
			want += gapFor(width)
			room -= max(0, min(need[colName], nameFull)-nameRoom) // a whole name goes first
		default:
			want += gapFor(width)
		}
		if want <= room {
			out[c] = need[c]
			left -= want
		}
	}
	out[colName] = min(need[colName], nameRoom) + min(left, max(0, need[colName]-nameRoom))
	out[colName] = max(0, min(out[colName], width-marker))
	return out
}

// plain returns a cell's text without styling, but for the name's.
func plain(c column, p *manager.Pod, now time.Time) string {
	switch c {
	case colStatus:
		return screen.Glyph(statusTone(p.Status)) + " " + statusWord(p.Status)
	case colGPU:
		return p.GPU
	case colIP:
		return p.IPWord()
	case colPort:
		return p.PortWord()
	case colSSH:
		return screen.Glyph(p.Verdict.Tone) + " " + p.Verdict.Word
	case colCost:
		return costWord(p.CostPerHour)
	case colUptime:
		if p.StartedAt.IsZero() || now.IsZero() {
			return ""
		}
		return screen.Ago(now.Sub(p.StartedAt))
	}
	return ""
}

// KeptSign marks a pod on which a shell was left running.
const KeptSign = "◂"

func keptMark(p *manager.Pod) string {
	if p.Kept.Line == "" {
		return ""
	}
	return KeptSign + " "
}

// tone returns the colour of a cell; "" for none.
func tone(c column, p *manager.Pod) doctor.Tone {
	switch c {
	case colStatus:
		return statusTone(p.Status)
	case colSSH:
		return p.Verdict.Tone
	}
	return ""
}

func statusWord(status string) string {
	switch status {
	case "EXITED":
		return "stopped" // what RunPod's own pages call it
	case "RUNNING":
		return "running" // by far the most
	}
	return strings.ToLower(status)
}

func statusTone(status string) doctor.Tone {
	switch status {
	case "RUNNING":
		return doctor.ToneGood
	case "PROVISIONING", "STARTING":
		return doctor.ToneWait
	case "ERROR":
		return doctor.ToneBad
	case "EXITED", "STOPPED", "TERMINATED":
		return doctor.ToneIdle
	default:
		return doctor.ToneWarn
	}
}

func costWord(perHour float64) string {
	if perHour == 0 {
		return "0"
	}
	return strconv.FormatFloat(perHour, 'f', 2, 64)
}
