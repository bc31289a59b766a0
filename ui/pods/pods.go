// Package pods is the home screen: the account's pods in rows, what each
// costs, and whether a shell can be had. It draws only the rows that are seen,
// so that thousands of pods scroll and filter as a few do.
//
// The address columns show what RunPod reports, the SSH column what was
// measured. The selection stays on its pod through refreshes and sorting.
package pods

import (
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

// What the list asks of the root.
type (
	Connect struct{ Pod manager.Pod }
	Stop    struct{ Pod manager.Pod }
	Copy    struct{ Pod manager.Pod } // the ssh command
	Details struct{ Pod manager.Pod }
	Keys    struct{ Pod manager.Pod } // the key wizard; Pod is zero when none is selected
	CheckUp struct{ Pod manager.Pod } // Pod is zero where RunPod cannot be asked: then of the account
	APIKey  struct{}                  // another API key, or the first
	Said    struct{ Text string }     // what a key did that is not seen, or why it did nothing
	Refresh struct{}
	Help    struct{}
	Quit    struct{}
)

// Model is the list.
type Model struct {
	theme         screen.Theme
	title         string
	width, height int

	loaded bool
	listed time.Time      // when RunPod answered
	pods   []manager.Pod  // as RunPod answered
	all    []*manager.Pod // the same, or what was measured of them since; never changed in place
	texts  []string       // what the filter looks at, a pod each; nil until it is used
	fit    widths         // the widest text that each column had: columns that shrank again would jump
	sum    totals
	index  map[string]int    // pod ID to its place in all
	tags   map[string]string // of pods that have a namesake, by pod ID

	shown []int  // places in all: filtered and in order
	found string // the filter that shown is for
	near  bool   // nothing contains it: shown resembles it
	// sorted holds the places of all in each order, as far as it was asked for.
	sorted [orders][]int
	at     int // selected place in shown
	top    int // first row on screen
	order  order
	filter textinput.Model

	now     time.Time
	showAge bool
	err     error // why the last refresh failed; nil when it did not

	keys keyMap
}

var _ screen.Screen[Model] = Model{}

// New returns an empty list that waits for its pods. title is the badge beside
// the product's name; "" for none.
func New(theme screen.Theme, title string) Model {
	filter := textinput.New()
	filter.Prompt = "/ "
	filter.CharLimit = 100
	filter.KeyMap.Paste.SetEnabled(false) // the terminal pastes; this would start a clipboard program
	m := Model{title: title, filter: filter, keys: newKeyMap()}
	return m.SetTheme(theme).keyed()
}

// SetTheme changes the styles.
func (m Model) SetTheme(theme screen.Theme) Model {
	m.theme = theme
	styles := m.filter.Styles()
	styles.Cursor.Blink = false // a blinking cursor would draw while nothing happens
	styles.Focused.Prompt, styles.Focused.Text = theme.Key.Style, theme.Text.Style
	styles.Blurred.Prompt, styles.Blurred.Text = theme.Dim.Style, theme.Text.Style
	m.filter.SetStyles(styles)
	return m
}

// SetSize says how many cells there are.
func (m Model) SetSize(width, height int) Model {
	m.width, m.height = width, height
	m.filter.SetWidth(max(1, width/2))
	m.filter.SetCursor(m.filter.Position()) // SetWidth alone leaves the text scrolled as it was
	return m.scrolled()
}

// SetNow says what time it is, for uptimes and ages, and whether the age of the
// list is worth a word.
func (m Model) SetNow(now time.Time, showAge bool) Model {
	m.now, m.showAge = now, showAge
	return m
}

// SetListing takes a fresh answer of RunPod.
func (m Model) SetListing(l manager.Listing) Model {
	m.loaded, m.listed, m.err = true, l.At, nil
	if m.has(l.Pods) {
		return m.keyed()
	}
	return m.take(l.Pods)
}

// SetError says why the last refresh failed. The pods stay.
func (m Model) SetError(err error) Model {
	m.err = err
	return m.keyed()
}

// lost tells whether there is no list because RunPod cannot be asked.
func (m Model) lost() bool { return !m.loaded && m.err != nil }

// account is the verdict on the account, for a list that is lost.
func (m Model) account() doctor.Verdict { return manager.JudgeError(m.err) }

// SetPods replaces rows that were measured anew. Pods that are not in the list
// any more are ignored.
func (m Model) SetPods(rows []manager.Pod) Model {
	keep, _ := m.Selected()
	m.all = slices.Clone(m.all)
	elsewhere := false
	for n := range rows {
		if i, ok := m.index[rows[n].ID]; ok {
			elsewhere = elsewhere || !samePlace(m.all[i], &rows[n])
			m.all[i] = &rows[n]
			m.fit.add(m.all[i], m.tags)
		}
	}
	if !elsewhere { // as a measurement leaves it
		return m.keyed()
	}
	m.sum, m.texts, m.sorted = total(m.all), nil, [orders][]int{}
	return m.named().arranged(keep.ID)
}

// Err is why the last refresh failed; nil when it did not.
func (m Model) Err() error { return m.err }

// Listed is when RunPod last answered; zero before that.
func (m Model) Listed() time.Time { return m.listed }

// Pods returns the listed pods in RunPod's order. They must not be changed.
func (m Model) Pods() []manager.Pod { return m.pods }

// few is how many pods are measured whether or not they are in sight.
const few = 200

// Near returns the pods whose SSH servers are worth measuring: all when there are
// few, else those in sight and a screen to each side.
func (m Model) Near() []manager.Pod {
	if len(m.all) <= few {
		return m.pods
	}
	rows := m.rows()
	var near []manager.Pod
	for _, i := range m.shown[max(0, min(m.top-rows, len(m.shown))):min(m.top+2*rows, len(m.shown))] {
		near = append(near, *m.all[i])
	}
	return near
}

// Unmeasured returns those of [Model.Near] that were never measured and can be, once
// one of them is in sight; none of a list of few pods, which is measured as a whole.
func (m Model) Unmeasured() []manager.Pod {
	if len(m.all) <= few {
		return nil
	}
	can := func(p *manager.Pod) bool {
		return p.Probed.IsZero() && p.Status == "RUNNING" && p.Route.Kind == manager.RouteDirect
	}
	if !slices.ContainsFunc(m.inSight(), func(i int) bool { return can(m.all[i]) }) {
		return nil
	}
	return slices.DeleteFunc(m.Near(), func(p manager.Pod) bool { return !can(&p) })
}

// Pod returns the pod with an ID.
func (m Model) Pod(id string) (manager.Pod, bool) {
	if i, ok := m.index[id]; ok {
		return *m.all[i], true
	}
	return manager.Pod{}, false
}

// Selected returns the pod that keys act on.
func (m Model) Selected() (manager.Pod, bool) {
	if m.at >= len(m.shown) {
		return manager.Pod{}, false
	}
	return *m.all[m.shown[m.at]], true
}

// take works out all that depends on the pods alone.
func (m Model) take(all []manager.Pod) Model {
	keep, _ := m.Selected()
	same := slices.EqualFunc(m.all, all, func(old *manager.Pod, p manager.Pod) bool { return old.ID == p.ID })
	if !same {
		m.index, m.shown = make(map[string]int, len(all)), nil
	}
	m.pods, m.all, m.texts = all, make([]*manager.Pod, len(all)), nil
	for i := range all {
		m.all[i] = &all[i]
		if !same {
			m.index[all[i].ID] = i
		}
	}
	m.sum, m.sorted = total(m.all), [orders][]int{}
	return m.named().arranged(keep.ID)
}

// named tells namesakes apart, and makes room for all texts.
func (m Model) named() Model {
	m.tags = tags(m.all)
	m.fit[colSSH] = 0 // what was in the way of one pod once must not cut names for ever
	for _, p := range m.all {
		m.fit.add(p, m.tags)
	}
	return m
}

// arranged filters and sorts, and selects the pod with the ID keep. Where it is
// gone the same row stays selected.
func (m Model) arranged(keep string) Model {
	filter := strings.TrimSpace(m.filter.Value())
	if m.sorted[m.order] == nil {
		m.sorted[m.order] = m.order.sorted(m.all, m.shown)
	}
	if filter == "" {
		m.shown, m.near = m.sorted[m.order], false
	} else {
		m = m.filtered(filter)
	}
	m.found = filter
	if i, ok := m.index[keep]; ok {
		for at, shown := range m.shown {
			if shown == i {
				m.at = at
				break
			}
		}
	}
	return m.moved(0)
}

// moved moves the selection by rows.
func (m Model) moved(by int) Model {
	m.at = max(0, min(m.at+by, len(m.shown)-1))
	return m.scrolled().keyed()
}

// scrolled keeps the selected row on the screen.
func (m Model) scrolled() Model {
	rows := m.rows()
	m.top = max(0, min(m.top, len(m.shown)-rows))
	m.top = min(m.top, m.at)
	m.top = max(m.top, m.at-rows+1)
	return m
}

// Update moves, filters and sorts; all else becomes an intent.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	if m.filter.Focused() {
		return m.typed(msg)
	}
	if press, ok := msg.(tea.KeyPressMsg); ok {
		return m.pressed(press)
	}
	return m, nil, nil
}

// typed edits the filter: every letter is text.
func (m Model) typed(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch press.String() {
		case "enter":
			m.filter.Blur()
			return m.scrolled().keyed(), nil, nil
		case "esc":
			return m.unfiltered(), nil, nil
		case "up":
			return m.moved(-1), nil, nil
		case "down":
			return m.moved(1), nil, nil
		}
	}
	before := m.filter.Value()
	var cmd tea.Cmd
	m.filter, cmd = m.filter.Update(msg)
	if m.filter.Value() != before {
		m.at, m.top = 0, 0
		m = m.arranged("")
	}
	return m, cmd, nil
}

// unfiltered shows all pods again.
func (m Model) unfiltered() Model {
	keep, _ := m.Selected()
	m.filter.Reset()
	m.filter.Blur()
	return m.arranged(keep.ID)
}
