package manager

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// sentinel is a product that the shell works out. It stands nowhere in the
// command, so that neither an echo of what was typed nor a program that is no
// shell can print it.
type sentinel struct{ a, b int }

// Both factors lie in [sentinelLeast, sentinelLeast+sentinelSpan): their product
// fits the 32-bit arithmetic of a small shell.
const (
	sentinelLeast = 10000
	sentinelSpan  = 30000
)

func newSentinel() (sentinel, error) {
	var s sentinel
	for _, factor := range []*int{&s.a, &s.b} {
		n, err := rand.Int(rand.Reader, big.NewInt(sentinelSpan))
		if err != nil {
			return s, fmt.Errorf("make a random number: %w", err)
		}
		*factor = sentinelLeast + int(n.Int64())
	}
	return s, nil
}

// sentinelOf reads the factors back out of a command.
func sentinelOf(command string) (sentinel, bool) {
	match := sentinelFactors.FindStringSubmatch(command)
	if match == nil {
		return sentinel{}, false
	}
	var s sentinel
	s.a, _ = strconv.Atoi(match[1])
	s.b, _ = strconv.Atoi(match[2])
	return s, true
}

var sentinelFactors = regexp.MustCompile(`\$\(\(([1-3][0-9]{4})\*([1-3][0-9]{4})\)\)"\)$`)

// printed matches what the shell prints at the end, with the exit status of what
// went before. Only a finished line counts.
func (s sentinel) printed() *regexp.Regexp {
	return regexp.MustCompile(`podbay-([0-9]{1,3})-` + strconv.Itoa(s.a*s.b) + `[\r\n]`)
}

// maxCommand keeps the command within what a terminal in line mode takes in one
// line: 4,096 bytes with its end on Linux (N_TTY). RSA keys up to 16384 bits fit.
const maxCommand = 4000

// plainLine is what a shell reads between single quotes as it stands.
var plainLine = regexp.MustCompile(`^[a-z0-9][a-z0-9@.-]* [A-Za-z0-9+/]+={0,2}$`)

// installCommand builds the command. Everything runs in a subshell, which leaves
// no umask and no variable behind; the space in front keeps it out of the
// history of shells that are set so. An entry with a comment counts as there; one
// with options in front does not, for options may forbid the login.
func installCommand(key ssh.PublicKey, s sentinel) (string, error) {
	line := publicLine(key)
	if !plainLine.MatchString(line) {
		return "", errors.New("this key cannot be put into a command: its public half is not plain text")
	}
	command := ` (set +e; umask 077; k='` + line + `'; d=~/.ssh; f=$d/authorized_keys; ` +
		`mkdir -p "$d" && chmod 700 "$d" && touch "$f" && chmod 600 "$f" && ` +
		`{ grep -q -e "^$k\$" -e "^$k " "$f" || { ` +
		`[ -s "$f" ] && [ -n "$(tail -c 1 "$f")" ] && echo >>"$f"; printf '%s\n' "$k" >>"$f"; }; }; ` +
		fmt.Sprintf(`echo "podbay-$?-$((%d*%d))")`, s.a, s.b)
	if len(command) > maxCommand {
		return "", errors.New("this key is too long to be typed into a terminal: use an ed25519 key")
	}
	return command, nil
}

// InstallCommand returns the shell command that adds a key to the account it
// runs in: one line, for any POSIX shell, to be typed once or pasted. It holds
// the key's type and blob and nothing else of it. At its end it prints
// "podbay-0-N" when the key is in place, with a product N that stands nowhere in
// the command and is another one each time; another number before N says that it
// failed.
func (m *Manager) InstallCommand(ctx context.Context, fingerprint string) (string, error) {
	id, err := m.localKey(ctx, fingerprint)
	if err != nil {
		return "", err
	}
	s, err := newSentinel()
	if err != nil {
		return "", err
	}
	return installCommand(id.Public, s)
}

// agreed checks that a command is one that InstallCommand gives for the key, so
// that nothing is typed but what podbay would show.
func (m *Manager) agreed(ctx context.Context, req InstallRequest) (sentinel, error) {
	id, err := m.localKey(ctx, req.Fingerprint)
	if err != nil {
		return sentinel{}, err
	}
	s, ok := sentinelOf(req.Command)
	if !ok {
		return sentinel{}, errNotAgreed
	}
	if command, err := installCommand(id.Public, s); err != nil || command != req.Command {
		return sentinel{}, errNotAgreed
	}
	return s, nil
}

var errNotAgreed = errors.New("nothing was typed: the command is not the one that podbay shows for this key; show it again and confirm that")
