package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"podbay/cleantext"
)

// hostConfig is what ~/.ssh/config says of identities for one host.
type hostConfig struct {
	files          []string // IdentityFile
	noFiles        bool     // IdentityFile none, and no other
	identitiesOnly bool
	agentNamed     bool   // IdentityAgent decides, not SSH_AUTH_SOCK
	agent          string // its address; "" for none
	unsupported    string
	notes          []string
}

// hostConfig reads ~/.ssh/config. What cannot be read of it is a note.
func (f Finder) hostConfig(q Query) hostConfig {
	var c hostConfig
	path := filepath.Join(f.Home, ".ssh", "config")
	data, _, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	if err != nil {
		c.note("~/.ssh/config %s; podbay goes on without it", err)
		return c
	}
	text, notes := prepare(data, filepath.Join(f.Home, ".ssh"))
	c.notes = notes
	file, err := decodeConfig(text)
	if err != nil {
		c.note("~/.ssh/config cannot be understood (%s); podbay goes on without it", err)
		return c
	}
	c.identities(f, q, file)
	c.unsupported = proxy(file, q.Host)
	return c
}

// note adds a sentence that can be drawn.
func (c *hostConfig) note(format string, args ...any) {
	c.notes = append(c.notes, cleantext.Line(fmt.Sprintf(format, args...), 0))
}

func (c *hostConfig) identities(f Finder, q Query, file *ssh_config.Config) {
	expand := func(keyword, value string) (string, bool) {
		path, err := f.expand(value, q)
		if err != nil {
			c.note("%s %s: %s; podbay goes on without it", keyword, value, err)
		}
		return path, err == nil
	}
	named, _ := file.GetAll(q.Host, "IdentityFile")
	for _, value := range named {
		if strings.EqualFold(value, "none") {
			continue
		}
		if path, ok := expand("IdentityFile", value); ok {
			c.files = append(c.files, path)
		}
	}
	if c.noFiles = len(named) > 0 && len(c.files) == 0 && strings.EqualFold(named[0], "none"); c.noFiles {
		c.note("IdentityFile none for this host")
	}
	if only := first(file, q.Host, "IdentitiesOnly"); strings.EqualFold(only, "yes") || strings.EqualFold(only, "true") {
		c.identitiesOnly = true
		c.note("IdentitiesOnly yes for this host")
	}
	switch address := first(file, q.Host, "IdentityAgent"); {
	case address == "" || address == "SSH_AUTH_SOCK":
	case strings.EqualFold(address, "none"):
		c.agentNamed = true
		c.note("IdentityAgent none for this host")
	case strings.HasPrefix(address, "$") && !strings.HasPrefix(address, "${"):
		c.agentNamed, c.agent = true, f.Getenv(address[1:])
		c.note("IdentityAgent %s for this host", address)
	default:
		if path, ok := expand("IdentityAgent", address); ok {
			c.agentNamed, c.agent = true, path
			c.note("IdentityAgent %s for this host", address)
		}
	}
}

// proxy is the way round that the configuration wants; "" for none.
func proxy(file *ssh_config.Config, host string) string {
	jump, command := first(file, host, "ProxyJump"), first(file, host, "ProxyCommand")
	switch {
	case strings.EqualFold(jump, "none") || strings.EqualFold(command, "none"):
		return ""
	case jump != "":
		return cleantext.Line("ProxyJump "+jump, 0)
	case command != "":
		return cleantext.Line("ProxyCommand "+command, 0)
	}
	return ""
}

func first(file *ssh_config.Config, host, keyword string) string {
	value, err := file.Get(host, keyword)
	if err != nil {
		return ""
	}
	return value
}

var (
	tokens    = regexp.MustCompile(`%.?`)
	variables = regexp.MustCompile(`\$\{[^}]*\}`)
)

// expand replaces ~, ${VARIABLE} and the tokens of ssh_config(5), TOKENS, that do
// not depend on what a connection resolves to.
func (f Finder) expand(value string, q Query) (string, error) {
	if rest, ok := strings.CutPrefix(value, "~/"); ok {
		value = filepath.Join(strings.ReplaceAll(f.Home, "%", "%%"), rest)
	}
	var unknown error
	value = variables.ReplaceAllStringFunc(value, func(reference string) string {
		text := f.Getenv(reference[2 : len(reference)-1])
		if text == "" {
			unknown = fmt.Errorf("%s is not set", reference)
		}
		return strings.ReplaceAll(text, "%", "%%")
	})
	value = tokens.ReplaceAllStringFunc(value, func(token string) string {
		switch token {
		case "%%":
			return "%"
		case "%d":
			return f.Home
		case "%h", "%n":
			return q.Host
		case "%r":
			return q.User
		case "%u":
			return localUser()
		case "%i":
			return strconv.Itoa(os.Getuid())
		}
		unknown = fmt.Errorf("%s is not known to podbay", token)
		return token
	})
	return value, unknown
}

// localUser is the name of who runs podbay, without a Windows domain.
func localUser() string {
	who, err := user.Current()
	if err != nil {
		return ""
	}
	return who.Username[strings.LastIndex(who.Username, `\`)+1:]
}

// decodeConfig keeps a panic of the parser, which it uses for its errors and
// meets on odd lines, from ending podbay.
func decodeConfig(text []byte) (file *ssh_config.Config, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("an included file has a line without a value")
		}
	}()
	return ssh_config.DecodeBytes(text)
}

// prepare rewrites the text of ~/.ssh/config so that the parser takes it:
//   - Include is resolved against the user's home, which the parser takes from
//     the account and not from the environment;
//   - Match blocks on anything but host patterns, on which the parser gives up
//     the whole file, are left out with a note;
//   - a line without a value is left out.
func prepare(data []byte, sshDir string) (text []byte, notes []string) {
	var out bytes.Buffer
	leftOut := false
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for number, line := range strings.Split(string(data), "\n") {
		keyword, value := splitLine(line)
		if value == "" {
			continue
		}
		switch keyword {
		case "host":
			leftOut = false
			value = strings.Join(strings.Fields(value), " ")
		case "match":
			if leftOut = !plainMatch(value); leftOut {
				notes = append(notes, cleantext.Line(fmt.Sprintf("~/.ssh/config line %d: podbay leaves out Match %s", number+1, value), 0))
			}
			value = strings.ReplaceAll(value, ",", " ") // the parser separates patterns by spaces alone
		case "include":
			value = absoluteIncludes(value, sshDir)
		}
		if !leftOut {
			fmt.Fprintf(&out, "%s %s\n", keyword, value)
		}
	}
	return out.Bytes(), notes
}

// splitLine gives the keyword in small letters and the rest of a line; both are
// "" for a comment or a blank line.
func splitLine(line string) (keyword, value string) {
	line = strings.TrimSpace(line)
	end := strings.IndexAny(line, " \t=")
	if strings.HasPrefix(line, "#") || end <= 0 {
		return "", ""
	}
	value = strings.TrimLeft(line[end:], " \t")
	value = strings.TrimLeft(strings.TrimPrefix(value, "="), " \t")
	return strings.ToLower(line[:end]), value
}

// plainMatch reports whether a Match is on everything or on host patterns alone.
func plainMatch(criteria string) bool {
	fields := strings.Fields(strings.ToLower(criteria))
	return len(fields) == 1 && fields[0] == "all" || len(fields) == 2 && fields[0] == "host"
}

func absoluteIncludes(value, sshDir string) string {
	var paths []string
	for _, path := range strings.Fields(value) {
		path = strings.Trim(path, `"`)
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			path = filepath.Join(filepath.Dir(sshDir), rest)
		} else if !filepath.IsAbs(path) {
			path = filepath.Join(sshDir, path)
		}
		paths = append(paths, path)
	}
	return strings.Join(paths, " ")
}
