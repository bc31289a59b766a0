package manager_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/manager"
)

// hostKeys are those that the cases play with.
type hostKeys struct {
	t         *testing.T
	own, more pod.HostKey // what the pod's server has: ed25519 and ECDSA
	other     pod.HostKey // ed25519, which it has not
	authority ssh.Signer
}

func newHostKeys(t *testing.T) hostKeys {
	t.Helper()
	keys, err := pod.NewHostKeys(pod.Ed25519, pod.ECDSA, pod.Ed25519, pod.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return hostKeys{t, keys[0], keys[1], keys[2], keys[3].Signer}
}

// certified is the own key with a host certificate for name, valid until the given
// moment.
func (k hostKeys) certified(name string, until time.Time) pod.HostKey {
	k.t.Helper()
	cert := &ssh.Certificate{Key: k.own.Public(), CertType: ssh.HostCert, ValidPrincipals: []string{name}, ValidBefore: uint64(until.Unix())}
	if err := cert.SignCert(rand.Reader, k.authority); err != nil {
		k.t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, k.own.Signer)
	if err != nil {
		k.t.Fatal(err)
	}
	return pod.HostKey{Type: pod.Ed25519, Signer: signer}
}

// list is what RunPod's start script prints for keys, with a line after it.
func list(keys ...pod.HostKey) []string {
	lines := []string{"SSH host keys:"}
	for _, k := range keys {
		lines = append(lines, "Key: "+k.Path, k.Line("host"))
	}
	return append(lines, "Exporting environment variables...")
}

// finished ends what the start script prints: the log is read no further.
const finished = "Start script(s) finished, Pod is ready to use."

// none is the log of an image that prints no keys.
var none = []string{"Pod Started", finished}

// hashedName is name as "HashKnownHosts yes" writes it.
func hashedName(name string) string {
	salt := []byte("0123456789abcdefghij")
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return "|1|" + base64.StdEncoding.EncodeToString(salt) + "|" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func known(name string, key ssh.PublicKey) string {
	return name + " " + string(ssh.MarshalAuthorizedKey(key))
}

const forgedID = "forged1"
const forgedName = "runpod-" + forgedID

// The outcomes.
const (
	connects    = "connects"           // without a word
	verified    = "verified"           // by the log, with a notice
	replaced    = "replaced"           // by the log, with a notice
	asks        = "asks"               // a first sight
	asksAnew    = "asks anew"          // another key after a start
	stops       = "stops"              // a change that nothing explains
	notThePods  = "not the pod's"      // a first sight that the log contradicts
	refused     = "refused"            // revoked
	acceptsThat = "connects as agreed" // after a yes
)

// forgery is one case. What is left out is as in a sound world: the server shows
// its own keys, nothing is known.
type forgery struct {
	prints func(hostKeys) []string // by the image; nil: none
	podbay func(hostKeys) string   // podbay's own known_hosts
	user   func(hostKeys) string   // ~/.ssh/known_hosts; ADDR stands for the pod's address
	shows  func(hostKeys) []pod.HostKey
	// seen is how long before its present start the pod was started that last showed
	// the known key; 0: the present one, unless forgot.
	seen   time.Duration
	forgot bool
	fault  *api.Fault // of the log
	yes    bool       // the user accepts the key that is shown

	passphrase string // of the user's key

	want   string
	unread bool   // the log is not asked for
	says   string // in the question, or the reason
}

var day = 24 * time.Hour

func own(k hostKeys) string { return known(forgedName, k.own.Public()) }
func old(k hostKeys) string { return known(forgedName, k.other.Public()) }
func lists(k hostKeys) []string {
	return append([]string{"Setting up SSH...", "ED25519 key fingerprint:", k.own.Line("host")}, list(k.more, k.own)...)
}
func listsOther(k hostKeys) []string { return list(k.more, k.other) }

var logOf = api.Route{Method: "GET", Path: "/v2/pods/" + forgedID + "/logs"}

var forgeries = map[string]forgery{
	"known":                           {podbay: own, prints: listsOther, want: connects, unread: true},
	"known, hashed":                   {podbay: func(k hostKeys) string { return known(hashedName(forgedName), k.own.Public()) }, want: connects, unread: true},
	"other type known first":          {podbay: func(k hostKeys) string { return known(forgedName, k.more.Public()) }, want: connects, unread: true},
	"both types known, one is old":    {podbay: func(k hostKeys) string { return old(k) + own(k) }, want: connects, unread: true},
	"listed":                          {prints: lists, want: verified},
	"listed, with CR at line ends":    {prints: func(k hostKeys) []string { return each(lists(k), func(s string) string { return s + "\r" }) }, want: verified},
	"no list":                         {want: asks, says: "it lists no host keys"},
	"no list, and a yes":              {yes: true, want: acceptsThat},
	"empty log":                       {prints: func(hostKeys) []string { return []string{} }, want: asks, says: "in time"},
	"wrong key in the log":            {prints: listsOther, want: notThePods},
	"wrong key in the log, and a yes": {prints: listsOther, yes: true, want: notThePods},
	"only another type in the log":    {prints: func(k hostKeys) []string { return list(k.more) }, shows: func(k hostKeys) []pod.HostKey { return []pod.HostKey{k.own} }, want: notThePods},
	"header that looks alike": {prints: func(k hostKeys) []string {
		return append([]string{"SSH host keys: ", " SSH host keys:", "SSH\u200b host keys:", "2026 SSH host keys:"}, append(lists(k)[4:], finished)...)
	}, want: asks, says: "it lists no host keys"},
	"path that looks alike":    {prints: swap("Key: /etc/ssh/", "Key: /tmp/ssh/"), want: asks, says: "cut"},
	"path out of the folder":   {prints: swap("Key: /etc/ssh/", "Key: /etc/ssh/../../tmp/"), want: asks, says: "cut"},
	"MD5 in place of SHA256":   {prints: swap("SHA256:", "MD5:"), want: asks, says: "cut"},
	"short fingerprint":        {prints: func(k hostKeys) []string { return cutEach(lists(k), k.own.Fingerprint(), 42) }, want: asks, says: "cut"},
	"words after the line":     {prints: swap("(ED25519)", "(ED25519) trust me"), want: asks, says: "cut"},
	"type that does not fit":   {prints: swap("(ED25519)", "(RSA)"), want: asks, says: "cut"},
	"line in between":          {prints: func(k hostKeys) []string { return insert(lists(k), "Key: "+k.own.Path, "hello from a program") }, want: asks, says: "cut"},
	"list in one entry":        {prints: func(k hostKeys) []string { return []string{strings.Join(lists(k), "\n"), finished} }, want: asks, says: "it lists no host keys"},
	"list that is cut":         {prints: func(k hostKeys) []string { l := lists(k); return append(l[:len(l)-2], finished) }, want: asks, says: "cut"},
	"list with nothing behind": {prints: func(k hostKeys) []string { l := lists(k); return l[:len(l)-1] }, want: asks, says: "cut"},
	"one path twice":           {prints: func(k hostKeys) []string { return list(k.own, k.other) }, want: asks, says: "contradicts itself"},
	"made another a moment ago": {prints: func(k hostKeys) []string {
		return append([]string{"ED25519 key fingerprint:", k.other.Line("host")}, list(k.more, k.own)...)
	}, want: asks, says: "contradicts itself"},
	"second list has the key": {prints: func(k hostKeys) []string { return append(listsOther(k), lists(k)...) }, want: notThePods},
	"second list has another": {prints: func(k hostKeys) []string { return append(lists(k), listsOther(k)...) }, want: verified},
	"list after the start":    {prints: func(k hostKeys) []string { return append([]string{finished}, lists(k)...) }, want: asks, says: "it lists no host keys"},
	"empty list":              {prints: func(hostKeys) []string { return list() }, want: asks, says: "is empty"},
	"authority's key, not a host's": {prints: func(k hostKeys) []string {
		ca := k.own
		ca.Path = "/etc/ssh/ca.pub"
		return list(ca, k.more)
	}, shows: func(k hostKeys) []pod.HostKey { return []pod.HostKey{k.own} }, want: notThePods},
	"endless log": {prints: func(k hostKeys) []string {
		return append(each(make([]string, 4000), func(string) string { return strings.Repeat("x", 100) }), lists(k)...)
	}, want: asks, says: "too long"},
	"API down":            {prints: lists, fault: &api.Fault{Kind: api.FaultStatus, Status: 503}, want: asks, says: "cannot be read"},
	"API hangs":           {prints: lists, fault: &api.Fault{Kind: api.FaultHang}, want: asks, says: "in time"},
	"API forbids":         {prints: lists, fault: &api.Fault{Kind: api.FaultStatus, Status: 403}, want: asks, says: "cannot be read"},
	"API talks nonsense":  {prints: lists, fault: &api.Fault{Kind: api.FaultGarbage}, want: asks, says: "cannot be read"},
	"log cut by the line": {prints: lists, fault: &api.Fault{Kind: api.FaultCut, CutAfter: 700}, want: asks},
	"log stalls":          {prints: lists, fault: &api.Fault{Kind: api.FaultStall, CutAfter: 700}, want: asks},

	"revoked by podbay's file":        {podbay: func(k hostKeys) string { return own(k) + "@revoked " + known("*", k.own.Public()) }, want: refused, unread: true},
	"revoked by the user, by name":    {prints: lists, podbay: own, user: func(k hostKeys) string { return "@revoked " + known(forgedName, k.own.Public()) }, want: refused, unread: true},
	"revoked by the user, by address": {prints: lists, user: func(k hostKeys) string { return "@revoked " + known("ADDR", k.own.Public()) }, want: refused, unread: true},
	"revoked by the user, everywhere": {prints: lists, yes: true, user: func(k hostKeys) string { return "@revoked " + known("*", k.own.Public()) }, want: refused, unread: true},
	"certificate":                     {shows: cert(forgedName, day), user: userAuthority("runpod-*"), want: connects, unread: true},
	"certificate of a user's *":       {shows: cert(forgedName, day), user: userAuthority("*"), want: asks},
	"certificate for another pod":     {shows: cert("runpod-other", day), user: userAuthority("runpod-*"), want: asks},
	"certificate that has expired":    {shows: cert(forgedName, -day), user: userAuthority("runpod-*"), want: asks},
	"certificate, authority revoked": {shows: cert(forgedName, day), user: func(k hostKeys) string {
		return userAuthority("runpod-*")(k) + "@revoked " + known("*", k.authority.PublicKey())
	}, want: refused, unread: true},
	"address in the user's file":      {user: func(k hostKeys) string { return known("ADDR", k.own.Public()) }, want: asks, says: "~/.ssh/known_hosts line 1"},
	"name in the user's file":         {user: func(k hostKeys) string { return known(forgedName, k.own.Public()) }, want: asks, says: "~/.ssh/known_hosts line 1"},
	"other key in the user's file":    {prints: lists, user: func(k hostKeys) string { return known("ADDR", k.other.Public()) }, want: verified},
	"user's file of nonsense":         {prints: lists, user: func(hostKeys) string { return "@revoked\n@cert-authority * x\n\x00\n" }, want: verified},
	"key of another pod, listed":      {prints: lists, podbay: func(k hostKeys) string { return known("runpod-twin", k.own.Public()) }, want: asks, says: "twin"},
	"key of another pod, listed, yes": {prints: lists, yes: true, podbay: func(k hostKeys) string { return known("runpod-twin", k.own.Public()) }, want: acceptsThat},

	"changed":                             {podbay: old, want: stops},
	"changed, and a yes":                  {podbay: old, yes: true, want: stops},
	"changed, listed":                     {podbay: old, prints: lists, want: stops},
	"changed, log contradicts":            {podbay: old, prints: listsOther, want: stops},
	"changed, forgotten when it was seen": {podbay: old, prints: lists, forgot: true, want: asksAnew},
	"changed, seen in a later start":      {podbay: old, prints: lists, seen: -time.Hour, want: stops},
	"changed since a start, listed":       {podbay: old, prints: lists, seen: time.Hour, want: replaced},
	"changed since a start, no list":      {podbay: old, seen: time.Hour, want: asksAnew, says: "it lists no host keys"},
	"changed since a start, and a yes":    {podbay: old, seen: time.Hour, yes: true, want: acceptsThat},
	"changed since a start, contradicted": {podbay: old, prints: listsOther, seen: time.Hour, yes: true, want: stops},
	"changed since a start, API down":     {podbay: old, prints: lists, seen: time.Hour, fault: &api.Fault{Kind: api.FaultStatus, Status: 500}, want: asksAnew},
	"changed to another pod's key":        {podbay: func(k hostKeys) string { return old(k) + known("runpod-twin", k.own.Public()) }, want: stops, says: "twin"},
	"changed since a start to another's":  {podbay: func(k hostKeys) string { return old(k) + known("runpod-twin", k.own.Public()) }, prints: lists, seen: time.Hour, want: asksAnew, says: "twin"},
}

func each(lines []string, change func(string) string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = change(line)
	}
	return out
}

// swap is the true list with something in the lines of the own key changed.
func swap(from, to string) func(hostKeys) []string {
	return func(k hostKeys) []string {
		return append(each(list(k.own), func(s string) string { return strings.Replace(s, from, to, 1) }), finished)
	}
}

func cutEach(lines []string, text string, to int) []string {
	return append(each(lines[3:], func(s string) string { return strings.Replace(s, text, text[:to], 1) }), finished)
}

func insert(lines []string, after, line string) (out []string) {
	for _, l := range lines {
		if out = append(out, l); l == after {
			out = append(out, line)
		}
	}
	return out
}

func cert(name string, valid time.Duration) func(hostKeys) []pod.HostKey {
	return func(k hostKeys) []pod.HostKey {
		return []pod.HostKey{k.certified(name, time.Now().Add(valid)), k.own}
	}
}

func userAuthority(pattern string) func(hostKeys) string {
	return func(k hostKeys) string { return "@cert-authority " + known(pattern, k.authority.PublicKey()) }
}

// TestForgedHostKeys meets one pod in each way, and looks at what comes of it: the
// outcome, whether the log was asked for, and what is known afterwards.
func TestForgedHostKeys(t *testing.T) {
	for name, c := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newForgedWorld(t, c)
			req := manager.ConnectRequest{PodID: forgedID}
			if c.yes { // of a user who says so to whatever is shown
				req.AcceptHostKey = w.keys.own.Fingerprint()
			}
			session, err := w.m.Connect(t.Context(), req)
			if session != nil {
				defer session.Discard()
			}
			if got := outcomeOf(session, err, c.yes); got != c.want {
				t.Errorf("it %s, want %s: %v", got, c.want, err)
			}
			if c.says != "" && !strings.Contains(fmt.Sprintf("%v %+v", err, questionOf(err)), c.says) {
				t.Errorf("it does not say %q: %+v", c.says, questionOf(err))
			}
			w.checkAsked(!c.unread)
			w.checkKnown(c)
			w.checkOthersAreTold(c, err)
		})
	}
}
