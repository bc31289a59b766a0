package identity

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

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

// words splits a value as OpenSSH does: at blanks, with quotes of both kinds, up to
// a word that begins with #.
func words(value string) []string {
	var all []string
	for {
		value = strings.TrimLeft(value, " \t")
		if value == "" || value[0] == '#' {
			return all
		}
		var word []byte
		var quote byte
		i := 0
		for ; i < len(value) && (quote != 0 || value[i] != ' ' && value[i] != '\t'); i++ {
			switch c := value[i]; {
			case c == '\\' && i+1 < len(value) && strings.IndexByte(`'"\`, value[i+1]) >= 0,
				c == '\\' && quote == 0 && i+1 < len(value) && value[i+1] == ' ':
				i++
				word = append(word, value[i])
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote && quote != 0:
				quote = 0
			default:
				word = append(word, c)
			}
		}
		all = append(all, string(word))
		value = value[i:]
	}
}
