package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a request's body.
const maxBody = 1 << 20

// object is a JSON object of a request, read by exact names. What is wrong with
// it is gathered, so that one 422 can name it all.
type object struct {
	at       string // JSONPath, "$" at the top
	fields   map[string]json.RawMessage
	failures *[]string
}

// readObject reads a body that may have the named properties and no others.
func readObject(w http.ResponseWriter, r *http.Request, names ...string) (*object, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	}
	if err != nil || !json.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "the body is not valid JSON")
	}
	o := newObject("$", body, &[]string{}, names...)
	return o, o.err()
}

func newObject(at string, data []byte, failures *[]string, names ...string) *object {
	o := &object{at: at, failures: failures}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) || json.Unmarshal(data, &o.fields) != nil {
		o.add(at + ": want object")
	}
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if !slices.Contains(names, name) {
			o.add(fmt.Sprintf("%s: additional properties '%s' not allowed", at, name))
		}
	}
	return o
}

func (o *object) add(failure string) { *o.failures = append(*o.failures, failure) }

func (o *object) failf(name, format string, args ...any) {
	o.add(o.at + "." + name + ": " + fmt.Sprintf(format, args...))
}

func (o *object) failAt(name string, i int, what string) {
	o.add(fmt.Sprintf("%s.%s[%d]: %s", o.at, name, i, what))
}

// err is the 422 with all that was gathered, here and in nested objects.
func (o *object) err() error {
	if len(*o.failures) == 0 {
		return nil
	}
	return invalid(*o.failures)
}

func (o *object) has(name string) bool {
	_, ok := o.fields[name]
	return ok
}

func (o *object) null(name string) bool { return string(o.fields[name]) == "null" }

func (o *object) require(names ...string) {
	for _, name := range names {
		if !o.has(name) {
			o.add(fmt.Sprintf("%s: missing property '%s'", o.at, name))
		}
	}
}

// decode reads a property into v when the body has it. It reports whether it did.
func decode[T any](o *object, name, kind string, v *T) bool {
	if !o.has(name) {
		return false
	}
	var read T
	if o.null(name) || json.Unmarshal(o.fields[name], &read) != nil {
		o.failf(name, "want %s", kind)
		return false
	}
	*v = read
	return true
}

func (o *object) text(name string, v *string) { decode(o, name, "string", v) }
func (o *object) flag(name string, v *bool)   { decode(o, name, "boolean", v) }

// nonEmpty is a string with minLength 1.
func (o *object) nonEmpty(name string, v *string) {
	if decode(o, name, "string", v) && *v == "" {
		o.failf(name, "minLength: got 0, want 1")
	}
}

func (o *object) texts(name string, v *[]string) {
	var items []*string
	if !decode(o, name, "array of strings", &items) {
		return
	}
	read := make([]string, len(items))
	for i, item := range items {
		if item == nil {
			o.failAt(name, i, "got null, want string")
			continue
		}
		read[i] = *item
	}
	*v = read
}

func (o *object) variables(name string, v *map[string]string) {
	var items map[string]*string
	if !decode(o, name, "object of strings", &items) {
		return
	}
	read := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if items[key] == nil {
			o.failf(name+"."+key, "got null, want string")
			continue
		}
		read[key] = *items[key]
	}
	*v = read
}

func (o *object) number(name string, least int, v *int) {
	if decode(o, name, "integer", v) && *v < least {
		o.failf(name, "minimum: got %d, want %d", *v, least)
	}
}

// orNil is a string or null.
func (o *object) orNil(name string, v *string) {
	if o.null(name) {
		*v = ""
		return
	}
	o.text(name, v)
}

// object returns a nested object, nil when the body has none.
func (o *object) object(name string, names ...string) *object {
	if !o.has(name) {
		return nil
	}
	return newObject(o.at+"."+name, o.fields[name], o.failures, names...)
}

// one of the values of an enum.
func (o *object) oneOf(name string, v *string, values ...string) {
	if decode(o, name, "string", v) && !slices.Contains(values, *v) {
		o.failf(name, "value must be one of '%s'", strings.Join(values, "', '"))
	}
}
