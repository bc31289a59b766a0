package pod

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is what a session runs.
type program struct {
	path     string
	args     []string // after the path
	dir      string
	env      []string
	greeting string // printed first, on a PTY
}

// motd keeps a user from taking this machine for a rented one.
const motd = "A demo shell on this machine; its home goes when the demo ends."

// shellProgram returns an interactive shell, or command run by a shell.
func shellProgram(c Container, command string, onPTY bool, clientEnv []string) program {
	shell, bash := findShell()
	p := program{path: shell, dir: c.Home, env: shellEnv(c, shell, bash, clientEnv)}
	if bash {
		p.args = []string{"--noprofile", "--norc"}
	}
	switch {
	case command != "":
		furnish(c, bash)
		p.args = append(p.args, "-c", command)
	case onPTY:
		p.args = append(p.args, "-i")
		p.greeting = motd + lineEnd(onPTY)
	}
	return p
}

// furnish gives the home a profile for the login shells that a command starts. What
// is there stays.
func furnish(c Container, bash bool) {
	profile, err := os.OpenFile(filepath.Join(c.Home, ".profile"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // there is one, or the shell has no prompt
	}
	_, _ = fmt.Fprintf(profile, "PS1='%s'\nif [ -t 1 ]; then echo '%s'; fi\n", prompt(c, bash), motd)
	_ = profile.Close()
}

func findShell() (path string, bash bool) {
	const usual = "/bin/bash"
	if _, err := os.Stat(usual); err == nil {
		return usual, true
	}
	if path, err := exec.LookPath("bash"); err == nil {
		return path, true
	}
	return "/bin/sh", false
}

// shellEnv is a shell's whole environment. Nothing else of ours is passed on:
// it may hold an API key, and agents and paths of the user.
func shellEnv(c Container, shell string, bash bool, clientEnv []string) []string {
	env := []string{
		"HOME=" + c.Home,
		"PATH=" + os.Getenv("PATH"),
		"SHELL=" + shell,
		"RUNPOD_POD_ID=" + c.PodID,
		"HISTFILE=",                          // set but empty: bash writes none, and keeps to it
		"BASH_SILENCE_DEPRECATION_WARNING=1", // macOS advertises zsh otherwise
	}
	if c.TmuxDir != "" {
		env = append(env, "TMUX_TMPDIR="+c.TmuxDir)
	}
	env = append(env, "PS1="+prompt(c, bash))
	return append(env, clientEnv...)
}

func prompt(c Container, bash bool) string {
	text := promptName(c) + " (this machine)"
	if bash {
		text += `:\w`
	}
	return text + "$ "
}

// promptName is the pod's name as a prompt can hold it: a shell expands and runs
// what stands in PS1, and a name is anybody's text.
func promptName(c Container) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r == '.' || isAlphanumeric(byte(r))) {
			return r
		}
		return '-'
	}, c.Name)
	name = strings.Trim(name, "-")
	if name == "" {
		return "pod"
	}
	return name
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

// localeNames are what OpenSSH's LC_* stands for in Debian's AcceptEnv; spelt
// out, so that no program is steered by a variable that merely begins so.
var localeNames = []string{
	"LC_ADDRESS", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION", "LC_MEASUREMENT",
	"LC_MESSAGES", "LC_MONETARY", "LC_NAME", "LC_NUMERIC", "LC_PAPER", "LC_TELEPHONE", "LC_TERMINAL",
	"LC_TERMINAL_VERSION", "LC_TIME",
}

func acceptedEnv(name string) bool {
	return name == "TERM" || name == "LANG" || slices.Contains(localeNames, name)
}
