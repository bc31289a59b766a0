package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
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
	narrowed       string
	notes          []string
}

// hostConfig reads ~/.ssh/config. What cannot be read of it is a note.
func (f Finder) hostConfig(q Query) hostConfig {
	r := configReader{finder: f, query: q, values: map[string][]string{}}
	r.read(filepath.Join(f.Home, ".ssh", "config"), yes)
	r.config.identities(f, q, r.values)
	return r.config
}

// note adds a sentence that can be drawn.
func (c *hostConfig) note(format string, args ...any) {
	c.notes = append(c.notes, cleantext.Line(fmt.Sprintf(format, args...), 0))
}

func (c *hostConfig) identities(f Finder, q Query, values map[string][]string) {
	first := func(keyword string) string { return strings.Join(values[keyword][:min(1, len(values[keyword]))], "") }
	expand := func(keyword, value string) (string, bool) {
		path, err := f.expand(value, q)
		if err != nil {
			c.note("%s %s: %s; podbay goes on without it", keyword, value, err)
		}
		return path, err == nil
	}
	named := values["identityfile"]
	for _, value := range named {
		if strings.EqualFold(value, "none") {
			continue
		}
		if path, ok := expand("IdentityFile", value); ok {
			c.files = append(c.files, path)
		}
	}
	if c.noFiles = len(named) > 0 && len(c.files) == 0 && strings.EqualFold(named[0], "none"); c.noFiles {
		c.narrowed = "IdentityFile none"
		c.note("IdentityFile none for this host")
	}
	if only := first("identitiesonly"); strings.EqualFold(only, "yes") || strings.EqualFold(only, "true") {
		c.identitiesOnly, c.narrowed = true, "IdentitiesOnly "+only
		c.note("IdentitiesOnly yes for this host")
	}
	switch address := first("identityagent"); {
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

// applies tells whether a block of the configuration is for this connection.
type applies int

const (
	no    applies = iota
	maybe         // only ssh can tell: it would run a program, or resolve names
	yes
)

// maxConfigFiles bounds what Include may lead to.
const maxConfigFiles = 200

// configReader reads ~/.ssh/config and what it includes, line by line, so that one
// line that podbay does not know loses no other.
type configReader struct {
	finder Finder
	query  Query
	config hostConfig
	values map[string][]string // of the blocks that apply, by keyword in small letters

	proxied bool     // what ProxyJump and ProxyCommand say is settled
	noJump  bool     // ProxyJump none was met
	open    []string // the files that are being read
	files   int
}

// read reads one file, which was included by a block that applies to this degree.
func (r *configReader) read(path string, outer applies) {
	name := r.finder.DisplayName(path)
	if r.files++; r.files > maxConfigFiles || slices.Contains(r.open, path) {
		r.config.note("%s is included by itself, or one of very many; podbay goes on without it", name)
		return
	}
	data, _, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.config.note("%s %s; podbay goes on without it", name, err)
		return
	}
	r.open = append(r.open, path)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	block, heading := outer, ""
	for number, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		keyword, value := splitLine(line)
		args := words(value)
		if len(args) == 0 {
			continue
		}
		switch keyword {
		case "host":
			block, heading = min(outer, decided(r.matches(args))), ""
		case "match":
			block, heading = min(outer, r.match(args)), "Match "+value
			if block == maybe && outer == yes {
				r.config.note("%s line %d: podbay leaves out %s", name, number+1, heading)
			}
		case "include":
			r.include(args, block)
		case "proxyjump":
			r.proxy("ProxyJump", args[0], block)
		case "proxycommand":
			r.proxy("ProxyCommand", value, block)
		default:
			if block == yes {
				r.values[keyword] = append(r.values[keyword], args[0])
			}
		}
	}
}

// proxy notes the way round that the configuration wants. As in OpenSSH 9.2 the
// first of both keywords holds; ProxyCommand none rules out both, ProxyJump none
// only itself. One in a block that may apply counts: to go past it would be to
// connect in a way that the user has ruled out.
func (r *configReader) proxy(keyword, value string, block applies) {
	jump, none := keyword == "ProxyJump", strings.EqualFold(value, "none")
	if r.proxied || jump && r.noJump || block == no || block == maybe && none {
		return
	}
	r.proxied, r.noJump = !(jump && none), jump && none
	if none {
		return
	}
	r.config.unsupported = cleantext.Line(keyword+" "+value, 0)
	if block == maybe {
		r.config.unsupported += " (in a Match that podbay cannot decide)"
	}
}

// include reads files where ssh would: relative paths are below ~/.ssh.
func (r *configReader) include(args []string, block applies) {
	if block == no {
		return
	}
	for _, arg := range args {
		path, err := r.finder.expand(arg, r.query)
		if err != nil {
			path = arg // versions of ssh that expand nothing here take it as it is
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.finder.Home, ".ssh", path)
		}
		found, err := filepath.Glob(path)
		if err != nil {
			r.config.note("Include %s: %s; podbay goes on without it", arg, err)
		}
		for _, file := range found {
			r.read(file, block)
		}
	}
}

// match decides on the criteria of a Match as far as they are known beforehand.
func (r *configReader) match(criteria []string) applies {
	result := yes
	for i := 0; i < len(criteria); i++ {
		name, negated := strings.CutPrefix(strings.ToLower(criteria[i]), "!")
		name, arg, joined := strings.Cut(name, "=")
		takesArg := name != "all" && name != "canonical" && name != "final"
		if takesArg && !joined && i+1 < len(criteria) {
			i++
			arg = criteria[i]
		}
		fits := maybe
		switch name {
		case "all":
			fits = yes
		case "host", "originalhost":
			fits = decided(r.matches(strings.Split(arg, ",")) != negated)
		case "user":
			fits = decided(patternsMatch(strings.Split(arg, ","), r.query.User) != negated)
		case "localuser":
			fits = decided(patternsMatch(strings.Split(arg, ","), localUser()) != negated)
		}
		result = min(result, fits)
	}
	return result
}

func decided(b bool) applies {
	if b {
		return yes
	}
	return no
}

func (r *configReader) matches(patterns []string) bool { return patternsMatch(patterns, r.query.Host) }

// patternsMatch matches as ssh_config(5), PATTERNS, has it.
func patternsMatch(patterns []string, name string) bool {
	var host ssh_config.Host
	for _, text := range patterns {
		if pattern, err := ssh_config.NewPattern(text); err == nil {
			host.Patterns = append(host.Patterns, pattern)
		}
	}
	return host.Matches(name)
}
