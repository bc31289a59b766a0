package runpod

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// envWire reads each variable for itself, and tells whether all were read as
// they are. A PATCH replaces the whole environment: one that was read in part
// must not be written back.
type envWire struct {
	vars  map[string]string
	whole bool
}

// UnmarshalJSON never fails: a variable that cannot be read is left out.
func (e *envWire) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil || raw == nil {
		return nil
	}
	e.vars, e.whole = make(map[string]string, len(raw)), true
	for name, value := range raw {
		var text *string
		if json.Unmarshal(value, &text) != nil || text == nil {
			e.whole = false
			continue
		}
		// What JSON cannot hold, half a surrogate pair, was replaced on the way in.
		if strings.ContainsRune(name+*text, utf8.RuneError) {
			e.whole = false
		}
		e.vars[name] = *text
	}
	return nil
}

const publicKey = "PUBLIC_KEY"

// keyless is a pod's PUBLIC_KEY, if that holds no key; nothing else of its environment.
func keyless(env []byte) Env {
	if len(env) == 0 || env[0] != '{' {
		return nil
	}
	var value []byte
	plain := true
	s := scan{text: env}
	s.object(0, func(name, v []byte) {
		switch {
		case string(name) == publicKey:
			value = v
		case bytes.IndexByte(name, '\\') >= 0:
			plain = false
		}
	})
	switch {
	case !plain:
		return keylessOf(decodeAs[envWire](env).vars)
	case len(value) < 2 || value[0] != '"':
		return nil
	case bytes.IndexByte(value, '\\') >= 0 || holdsNoKey(string(value[1:len(value)-1])):
		return keylessOf(Env{publicKey: rawText(value)})
	}
	return nil
}

func keylessOf(env Env) Env {
	if value, there := env[publicKey]; there && holdsNoKey(value) {
		return Env{publicKey: value}
	}
	return nil
}

// holdsNoKey tells whether a PUBLIC_KEY is empty or the word null, as some templates
// leave it.
func holdsNoKey(value string) bool {
	value = strings.TrimSpace(value)
	return value == "" || value == "null"
}
