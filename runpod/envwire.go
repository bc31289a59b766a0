package runpod

import (
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
