package runpod

import (
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LoggedHostKey is a host key as a container's log lists it.
type LoggedHostKey struct {
	Type        string // ssh-keygen's word: "ED25519", "ECDSA", "RSA"
	Fingerprint string // "SHA256:..."
}

// HostKeyLog is what a container's log says of its host keys.
type HostKeyLog struct {
	Keys []LoggedHostKey // nil unless the log has them all
	Why  string          // why it has not: a clause; "" when it has
}

// Why a log has no list of host keys.
const (
	whyNone        = "it lists no host keys"
	whyCut         = "its list of host keys is cut, or something else is written into it"
	whyConflict    = "its list of host keys contradicts itself"
	whyNoKeys      = "its list of host keys is empty"
	whyEndless     = "it is too long, and its beginning lists no host keys"
	whyUnreadable  = "it cannot be read"
	whySilent      = "it did not come in time"
	whyNotStarted  = "RunPod does not say when the container was started"
	hostKeysHeader = "SSH host keys:"
	// startFinished is what the start script prints last. What comes later is not
	// the script's.
	startFinished = "Start script(s) finished, Pod is ready to use."
)

// The lines that the start script of RunPod's images prints, whole
// (container-template/start.sh in github.com/runpod/containers): for each key of
// /etc/ssh its path and what "ssh-keygen -lf" says of it; and, earlier, the same
// for each key that was made just then.
var (
	pathLine    = regexp.MustCompile(`^Key: (/etc/ssh/[A-Za-z0-9._-]+\.pub)$`)
	keyLine     = regexp.MustCompile(`^([0-9]{3,5}) (SHA256:[A-Za-z0-9+/]{43}) [^\x00-\x1f\x7f]* \(([A-Z0-9-]{3,20})\)$`)
	madeLine    = regexp.MustCompile(`^(RSA|DSA|ECDSA|ED25519) key fingerprint:$`)
	hostKeyPath = regexp.MustCompile(`^/etc/ssh/ssh_host_([a-z0-9]+)_key\.pub$`)
)

// maxHostKeyLog bounds how much of a log is read for its host keys: they are
// printed within the first kilobytes.
const maxHostKeyLog = 256 << 10

// HostKeyLog reads the log of a pod's container, from its start at startedAt, for
// the first list of its host keys, and waits for one until ctx ends. The log's
// text is not kept. The API gives lines from the beginning of that second on:
// those before startedAt are an earlier container's, and do not count.
//
// What the list proves: that a program of the container wrote it, before the start
// script said that it had finished. An error says that the log could not be asked
// for.
func (c *Client) HostKeyLog(ctx context.Context, id string, startedAt time.Time) (HostKeyLog, error) {
	if startedAt.IsZero() {
		return HostKeyLog{Why: whyNotStarted}, nil
	}
	var reader hostKeyReader
	opts := LogOptions{Source: LogContainer, Since: startedAt}
	rest := whySilent // until there is a line
	for entry, err := range c.logEntries(ctx, id, opts, maxHostKeyLog) {
		switch {
		case errors.Is(err, errLogLimit):
			return reader.result(whyEndless), nil
		case err != nil && ctx.Err() != nil:
			return reader.result(rest), nil
		case err != nil:
			return reader.result(whyUnreadable), err
		case entry.source != LogContainer, entry.time.Before(startedAt): // of RunPod, or of an earlier container
		case reader.line(strings.TrimRight(entry.text, "\r\n")):
			return reader.result(""), nil
		}
		rest = whyNone
	}
	return reader.result(whyNone), nil
}

// scriptLines are what the start script prints after the list. Another image may
// print other lines; then more of them are read, so that a list into which another
// program wrote is not taken for a whole one.
var scriptLines = []string{"Starting Jupyter Lab...", "Exporting environment variables...", "Running post-start script...", startFinished}

// maxAfter is how many lines that are not the script's are read after a list.
const maxAfter = 10

// keyBits are the sizes that ssh-keygen makes or takes; RSA has any from 1024.
var keyBits = map[string][]int{"ED25519": {256}, "ECDSA": {256, 384, 521}, "DSA": {1024}}

// hostKeyReader reads a container's log for the first list of its host keys. It
// is pure. Anything in the container can write to the log once it runs, so only
// whole lines in their order count, and only the first list: a later one may be
// somebody's who found the way in.
type hostKeyReader struct {
	made    map[string]string // type to fingerprint, of keys that were made just before
	making  string            // the type whose line comes next
	inList  bool
	after   int    // lines since the list seems to have ended
	path    string // the key whose line comes next
	paths   []string
	keys    []LoggedHostKey
	settled bool
	why     string
}

// line takes the next line, without its end, and reports whether the question is
// settled.
func (r *hostKeyReader) line(text string) (settled bool) {
	switch {
	case r.settled:
	case r.path != "":
		r.listed(text)
	case r.inList:
		r.inTheList(text)
	case text == hostKeysHeader:
		r.inList, r.making = true, ""
	case text == startFinished:
		r.give(whyNone)
	default:
		r.before(text)
	}
	return r.settled
}

// inTheList takes a line that begins the next key, or ends the list.
func (r *hostKeyReader) inTheList(text string) {
	found := pathLine.FindStringSubmatch(text)
	switch {
	case found != nil && r.after == 0:
		r.path = found[1]
	case strings.HasPrefix(text, "Key:"):
		r.give(whyCut)
	case len(r.keys) == 0:
		r.give(whyNoKeys)
	default:
		r.after++
		r.settled = slices.Contains(scriptLines, text) || r.after >= maxAfter
	}
}

// before takes a line that comes before the list.
func (r *hostKeyReader) before(text string) {
	if r.making != "" {
		if key, ok := parseKeyLine(text); ok && key.Type == r.making {
			if r.made == nil {
				r.made = map[string]string{}
			}
			r.made[key.Type] = key.Fingerprint
		}
		r.making = ""
		return
	}
	if found := madeLine.FindStringSubmatch(text); found != nil {
		r.making = found[1]
	}
}

// listed takes the line of the key whose path was just printed. Other public keys
// that lie in /etc/ssh, those of authorities and certificates, are no host keys.
func (r *hostKeyReader) listed(text string) {
	path := r.path
	r.path = ""
	key, ok := parseKeyLine(text)
	if !ok {
		r.give(whyCut)
		return
	}
	if slices.Contains(r.paths, path) {
		r.give(whyConflict)
		return
	}
	r.paths = append(r.paths, path)
	named := hostKeyPath.FindStringSubmatch(path)
	if named == nil {
		return
	}
	made, wasMade := r.made[key.Type]
	if strings.ToUpper(named[1]) != key.Type || wasMade && made != key.Fingerprint {
		r.give(whyConflict)
		return
	}
	r.keys = append(r.keys, key)
}

func (r *hostKeyReader) give(why string) { r.settled, r.why, r.keys = true, why, nil }

// result is what the lines so far say; rest is why there are no more of them.
func (r *hostKeyReader) result(rest string) HostKeyLog {
	switch {
	case r.settled, r.after > 0:
		return HostKeyLog{Keys: r.keys, Why: r.why}
	case r.inList:
		return HostKeyLog{Why: whyCut}
	}
	return HostKeyLog{Why: rest}
}

// parseKeyLine reads a line of "ssh-keygen -lf" on a plain key.
func parseKeyLine(text string) (LoggedHostKey, bool) {
	found := keyLine.FindStringSubmatch(text)
	if found == nil {
		return LoggedHostKey{}, false
	}
	bits, err := strconv.Atoi(found[1])
	if err != nil {
		return LoggedHostKey{}, false
	}
	fingerprint, kind := found[2], found[3]
	if _, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimPrefix(fingerprint, "SHA256:")); err != nil {
		return LoggedHostKey{}, false
	}
	if sizes, fixed := keyBits[kind]; fixed && !slices.Contains(sizes, bits) || kind == "RSA" && bits < 1024 {
		return LoggedHostKey{}, false
	}
	return LoggedHostKey{Type: kind, Fingerprint: fingerprint}, true
}
