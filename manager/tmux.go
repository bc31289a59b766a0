package manager

import (
	"strconv"
	"strings"
	"unicode"

	"podbay/cleantext"
)

// A kept shell lives in a tmux server of its own on the pod, under a random name:
// nobody else's session can be joined by accident, and nobody's settings are
// touched. The server is bare: no settings file, no status line, no prefix key, no
// key bindings, so that every key goes to the shell. The shell does not know of it
// either (TMUX is unset), so that a user's own tmux works inside as usual.
//
// The shell's exit status is kept in the server, as its option @podbay, until
// podbay has it: a status cannot be lost with the line, and endShell acknowledges
// it. Nothing is typed into a shell for this: it goes by commands of their own.
//
// The scripts are for /bin/sh. They are words of a command that the login shell of
// the pod parses first, whichever it is: so they have no single quote, no
// backslash, no exclamation mark and no line break, which differ between shells.

// runInShell is the shell in its tmux server: $1 is the server's name.
const runInShell = `p=$TMUX_PANE; unset TMUX TMUX_PANE; "${SHELL:-/bin/sh}" -l; s=$?; ` +
	`tmux -L "$1" capture-pane -e -b podbay -t "$p" ";" set-option -sq @podbay "$s"`

// startTmux starts the server $new with a shell in it. Unknown options are passed
// over (-q): tmux 3.0 knows fewer than 3.4. A terminal's own scrollback sees what
// tmux scrolls when $over has tmux leave the alternate screen alone
// (smcup, rmcup) and scroll by line feeds (indn).
const startTmux = `i=tmux-256color; infocmp "$i" >/dev/null 2>&1 || i=screen-256color; ` +
	`if o=$(tmux -u -L "$new" -f /dev/null start-server ";" set-option -sq exit-empty off ";" ` +
	`set-option -gq status off ";" set-option -gq prefix None ";" set-option -gq prefix2 None ";" ` +
	`unbind-key -a -T root ";" unbind-key -a -T prefix ";" ` +
	`set-option -sq escape-time 20 ";" set-option -sq default-terminal "$i" ";" set-option -gq history-limit 20000 ";" ` +
	`set-option -sq focus-events on ";" set-option -sq set-clipboard on ";" set-option -sq extended-keys on ";" ` +
	`set-option -gq set-titles on ";" set-option -gq set-titles-string "#T" ";" ` +
	`set-option -gq display-time 2000 ";" set-option -gq bell-action any ";" ` +
	`set-option -saq terminal-overrides "$over" ";" ` +
	`new-session -d -s podbay sh -c "$run" podbay "$new" 2>&1); ` +
	`then echo "` + saysStarted + ` $new"; else tmux -L "$new" kill-server 2>/dev/null; echo "` + saysFailed + ` $o"; fi`

// What the scripts print, each on a line of its own, so that a login shell that
// prints something else does no harm.
const (
	saysTmux    = "podbay-tmux"
	saysLives   = "podbay-lives"
	saysEnded   = "podbay-ended"
	saysGone    = "podbay-gone" // tmux itself says that there is none
	saysStarted = "podbay-started"
	saysFailed  = "podbay-failed"
)

// lookAtOne tells what became of the shell $n: nothing when tmux could not be asked.
// The status is set before the session ends, so it is read after the session was
// looked for.
const lookAtOne = `s=; if o=$(tmux -L "$n" has-session -t podbay 2>&1); then echo "` + saysLives + ` $n"; new=; ` +
	`else s=$(tmux -L "$n" show-options -sqv @podbay 2>/dev/null); ` +
	`if [ -n "$s" ]; then echo "` + saysEnded + ` $n $s"; else case $o in ` +
	`*"find session"*) tmux -L "$n" kill-server 2>/dev/null; echo "` + saysGone + ` $n";; ` +
	`*"no server running on"*|*"error connecting to"*"No such file"*) echo "` + saysGone + ` $n";; esac; fi; fi;`

const (
	overridesScrollback = ",*:smcup@:rmcup@:indn@:Tc" // what is printed stays in the terminal's scrollback
	overridesOwnScreen  = ",*:Tc"                     // every colour passes, as in a plain shell
)

// lookAtShells asks whether there is a tmux and what became of shells. When none of
// them lives, a new one is started under the name start; "" starts none.
func lookAtShells(start string, scrollback bool, names ...string) string {
	overrides := overridesOwnScreen
	if scrollback {
		overrides = overridesScrollback
	}
	return commandLine(`command -v tmux >/dev/null 2>&1 || exit 0; echo `+saysTmux+
		`; new=$1; run=$2; over=$3; shift 3; for n do `+lookAtOne+` done; if [ -n "$new" ]; then `+startTmux+`; fi`,
		append([]string{start, runInShell, overrides}, names...)...)
}

// attachTmux comes to the shell $n, with the note $2. What tmux
// prints beside what it draws is its own farewell. TERM is changed where tmux would
// fail, on a terminal that the pod does not know. It ends with the shell's status,
// and shows the last screen again, which tmux has cleared; without a status it is
// 255.
const (
	attachTmux = `n=$1; infocmp "$TERM" >/dev/null 2>&1 || TERM=xterm-256color; export TERM; ` +
		`tmux -u -L "$n" attach-session -d -t podbay `
	attachNote = `";" display-message "$2" `
	attachEnd  = `>/dev/null 2>&1; s=$(tmux -L "$n" show-options -sqv @podbay 2>/dev/null); ` +
		`if [ -z "$s" ]; then exit 255; fi; ` +
		`if [ -n "$3" ]; then printf "%s" "$(tmux -L "$n" show-buffer -b podbay 2>/dev/null)"; echo; fi; exit "$s"`
)

// attachShell attaches the terminal to a shell that lives. The note is shown by tmux,
// which holds the output back meanwhile; "" for none.
func attachShell(name, note string, scrollback bool) string {
	text, show := attachTmux, ""
	if note != "" {
		text += attachNote
	}
	if scrollback {
		show = "show"
	}
	return commandLine(text+attachEnd, name, tmuxText("podbay: "+note), show)
}

// lookBack has tmux show the shell's history, which the user leaves with q.
func lookBack(name string) string {
	return commandLine(`n=$1; tmux -L "$n" copy-mode -t podbay ";" display-message "$2" && echo `+saysTmux, name, "page up and page down move, q comes back to the shell")
}

// finishShell tells what became of a shell, and takes its server away if it ended.
func finishShell(name string) string {
	return commandLine(`n=$1; echo `+saysTmux+`; `+lookAtOne+` if [ -n "$s" ]; then tmux -L "$n" kill-server; fi`, name)
}

// endShell ends a kept shell, or takes away what is left of it.
func endShell(name string) string {
	return commandLine(`n=$1; tmux -L "$n" kill-server 2>/dev/null; echo `+saysTmux, name)
}

// commandLine is a command for any login shell that runs a script with arguments.
func commandLine(text string, args ...string) string {
	words := []string{"exec", "/bin/sh", "-c", quoted(text), "podbay"}
	for _, arg := range args {
		words = append(words, quoted(arg))
	}
	return strings.Join(words, " ")
}

// quoted is a word for every shell. None of our words has what the shells quote
// differently.
func quoted(word string) string {
	return "'" + strings.Map(func(r rune) rune {
		if strings.ContainsRune("'\\!\r\n\x00", r) {
			return -1
		}
		return r
	}, word) + "'"
}

// tmuxText is a text that tmux shows as it is: it has formats (#), times (%) and
// command ends (;) of its own.
func tmuxText(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\'':
			return '’' // a word in quotes cannot hold the other
		case strings.ContainsRune("#%;\\!{}$`\"", r):
			return '_'
		case r > unicode.MaxASCII && !unicode.IsPrint(r):
			return '_'
		}
		return r
	}, cleantext.Line(text, maxField))
}

// look is what a pod was seen to have.
type look struct {
	tmux    bool
	lives   map[string]bool
	ended   map[string]int // the exit status, by name
	gone    map[string]bool
	started string // the name of the shell that was started
	failed  string // why none was, in tmux's words, cleaned
	unnoted error  // why none may be: podbay would not find it again
}

func parseLook(output []byte) look {
	l := look{lives: map[string]bool{}, ended: map[string]int{}, gone: map[string]bool{}}
	for line := range strings.Lines(string(output)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 1 && words[0] == saysTmux:
			l.tmux = true
		case len(words) == 2 && words[0] == saysLives:
			l.lives[words[1]] = true
		case len(words) == 2 && words[0] == saysGone:
			l.gone[words[1]] = true
		case len(words) == 2 && words[0] == saysStarted:
			l.started = words[1]
		case len(words) > 0 && words[0] == saysFailed:
			l.failed = cleantext.Line(strings.Join(words[1:], " "), maxField)
		case len(words) == 3 && words[0] == saysEnded:
			if status, err := strconv.Atoi(words[2]); err == nil && status >= 0 && status <= 255 {
				l.ended[words[1]] = status
			}
		}
	}
	return l
}
