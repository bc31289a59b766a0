package manager_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
	"podbay/state"
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
	"changed, forgotten when it was seen": {podbay: old, prints: lists, forgot: true, want: stops},
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
		})
	}
}

type forgedWorld struct {
	*account
	t      *testing.T
	keys   hostKeys
	m      *manager.Manager
	server *pod.Server
	home   string // of the pod's shells
	before string // podbay's known_hosts
}

func newForgedWorld(t *testing.T, c forgery) *forgedWorld {
	t.Helper()
	w := &forgedWorld{t: t, keys: newHostKeys(t)}
	shows := []pod.HostKey{w.keys.own, w.keys.more}
	if c.shows != nil {
		shows = c.shows(w.keys)
	}
	home := t.TempDir()
	w.home = home
	var err error
	if w.server, err = pod.Start(pod.Config{Container: pod.Container{PodID: forgedID, Name: "forged", Home: home}, HostKeys: shows}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Close() })
	addr := w.server.Addr()
	prints := none
	if c.prints != nil {
		prints = c.prints(w.keys)
	}
	started := time.Now().Add(-10 * time.Minute)
	w.account = newAccount(t, accountOptions{
		registered: true, passphrase: c.passphrase,
		pods: []api.PodSpec{{ID: forgedID, Name: "forged", Status: api.StatusRunning, StartSSH: true, StartedAt: started,
			Prints: func(api.Container) []string { return prints }}},
		host: api.FixedHost{forgedID: direct(addr.Addr().String(), int(addr.Port()))},
	})
	write(t, filepath.Join(home, ".ssh", "authorized_keys"), string(ssh.MarshalAuthorizedKey(w.key)))
	if c.podbay != nil {
		w.before = c.podbay(w.keys)
		write(t, w.paths.KnownHosts, w.before)
	}
	if c.user != nil {
		address := fmt.Sprintf("[%s]:%d", addr.Addr(), addr.Port())
		write(t, filepath.Join(w.paths.Home, ".ssh", "known_hosts"), strings.ReplaceAll(c.user(w.keys), "ADDR", address))
	}
	if !c.forgot {
		store := state.Store{Dir: w.paths.State}
		if err := store.UpdatePod(forgedID, func(p *state.PodMemory) {
			p.HostKeySeen, p.StartedAt = started.Add(-c.seen).Add(time.Minute), started.Add(-c.seen)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if c.fault != nil {
		fault := *c.fault
		fault.Route = logOf
		w.api.AddFault(fault)
	}
	w.m = w.account.open(t, accountOptions{})
	if _, err := w.m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// checkAsked looks whether the log was asked for. A call is noted when its answer
// has ended, which for a log is a moment after podbay has left it.
func (w *forgedWorld) checkAsked(want bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		asked := calls(w.account, logOf.Method, logOf.Path) > 0
		switch {
		case asked && !want:
			w.t.Error("the log was asked for")
		case !asked && want && time.Now().Before(deadline):
			runtime.Gosched()
			continue
		case !asked && want:
			w.t.Error("the log was not asked for")
		}
		return
	}
}

// checkKnown looks at podbay's known_hosts: a key is kept only where the outcome
// says so, and nothing else is touched.
func (w *forgedWorld) checkKnown(c forgery) {
	w.t.Helper()
	text := read(w.t, w.paths.KnownHosts)
	line := own(w.keys)
	want := w.before
	switch {
	case c.want == verified, c.want == acceptsThat && c.seen == 0:
		want = w.before + line
	case c.want == replaced, c.want == acceptsThat:
		want = line
		if was := read(w.t, w.paths.KnownHosts+".old"); was != w.before {
			w.t.Errorf("known_hosts.old holds %q, want what was there, %q", was, w.before)
		}
	}
	if text != want {
		w.t.Errorf("known_hosts holds\n%swant\n%s", text, want)
	}
	if c.user == nil {
		if _, err := os.Stat(filepath.Join(w.paths.Home, ".ssh", "known_hosts")); err == nil {
			w.t.Error("the user's known_hosts was made")
		}
	}
}

func outcomeOf(session *manager.Session, err error, yes bool) string {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
		failure *manager.Failure
	)
	switch {
	case err == nil && strings.HasPrefix(session.Notice(), "new host key"):
		return replaced
	case err == nil && session.Notice() != "":
		return verified
	case err == nil && yes:
		return acceptsThat
	case err == nil:
		return connects
	case errors.As(err, &unknown):
		return asks
	case errors.As(err, &changed) && changed.Asks:
		return asksAnew
	case errors.As(err, &changed) && changed.NeverKnown():
		return notThePods
	case errors.As(err, &changed):
		return stops
	case errors.As(err, &failure) && failure.Verdict.ID == doctor.HostKeyRevoked:
		return refused
	}
	return err.Error()
}

// questionOf is all that a question holds.
func questionOf(err error) any {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
	)
	switch {
	case errors.As(err, &unknown):
		return unknown.Evidence
	case errors.As(err, &changed):
		return changed.Evidence
	}
	return err
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// Between the list and the connection the pod gets a new container elsewhere, and
// its port goes to a stranger: what answers there is not believed, and the pod is
// followed.
func TestAPodThatMovedIsFollowed(t *testing.T) {
	k := newHostKeys(t)
	var addrs []api.Endpoints
	home := t.TempDir()
	for _, key := range []pod.HostKey{k.other, k.own} {
		server, err := pod.Start(pod.Config{Container: pod.Container{PodID: forgedID, Name: "forged", Home: home}, HostKeys: []pod.HostKey{key}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		addrs = append(addrs, direct(server.Addr().Addr().String(), int(server.Addr().Port())))
	}
	host := api.FixedHost{forgedID: addrs[0]}
	started := time.Now().Add(-10 * time.Minute)
	a := newAccount(t, accountOptions{
		registered: true, host: host,
		pods: []api.PodSpec{{ID: forgedID, Name: "forged", Status: api.StatusRunning, StartSSH: true, StartedAt: started,
			Prints: func(c api.Container) []string {
				if c.Generation == 1 {
					return list(k.more)
				}
				return list(k.own)
			}}},
	})
	write(t, filepath.Join(home, ".ssh", "authorized_keys"), string(ssh.MarshalAuthorizedKey(a.key)))
	if err := a.m.TrustHostKey(forgedID, k.more.Public(), started); err != nil {
		t.Fatal(err)
	}
	a.list(t, forgedID)
	host[forgedID] = addrs[1]
	if err := a.api.Recreate(forgedID); err != nil {
		t.Fatal(err)
	}
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Discard()
	if got := outcomeOf(session, nil, false); got != replaced {
		t.Errorf("it %s, want %s", got, replaced)
	}
	if row := a.list(t, forgedID); row.HostKey.Fingerprint != k.own.Fingerprint() || row.HostKey.Trust != manager.TrustedByLog {
		t.Errorf("it remembers %+v", row.HostKey)
	}
	if text := read(t, a.paths.KnownHosts); text != own(k) {
		t.Errorf("known_hosts holds %q", text)
	}
}

// A key that was seen in the present container is not replaced by what came to be
// known before it: seen again is what counts, not first accepted.
func TestAKeyIsSeenAgainInEachContainer(t *testing.T) {
	w := newForgedWorld(t, forgery{podbay: own, seen: time.Hour})
	session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	memory, err := (&state.Store{Dir: w.paths.State}).Pod(forgedID)
	if err != nil {
		t.Fatal(err)
	}
	row := find(t, mustRefresh(t, w.m), forgedID)
	if !memory.StartedAt.Equal(row.StartedAt) || memory.HostKey != w.keys.own.Fingerprint() || !memory.HostKeySeen.Before(row.StartedAt) {
		t.Errorf("it remembers %+v; the container started at %v", memory, row.StartedAt)
	}
}

func mustRefresh(t *testing.T, m *manager.Manager) []manager.Pod {
	t.Helper()
	listing, err := m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return listing.Pods
}

// What leads on from a stop: each act answers its own stop and no other.
func TestWhatLeadsOnFromAStop(t *testing.T) {
	connect := func(w *forgedWorld) string {
		session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
		if session != nil {
			session.Discard()
		}
		return outcomeOf(session, err, false)
	}
	w := newForgedWorld(t, forgery{podbay: old, prints: listsOther})
	shown := w.keys.own.Fingerprint()
	if w.m.ForgetHostKey(t.Context(), forgedID, shown) == nil || w.m.TrustAgainstLog(t.Context(), forgedID, shown) == nil {
		t.Error("something was done without a stop")
	}
	if got := connect(w); got != stops {
		t.Fatalf("it %s", got)
	}
	if row := find(t, mustRefresh(t, w.m), forgedID); row.Verdict.ID != doctor.HostKeyContradicted {
		t.Errorf("the list says %s", row.Verdict.ID)
	}
	if w.m.TrustAgainstLog(t.Context(), forgedID, shown) == nil {
		t.Error("a changed key was trusted against the log")
	}
	if w.m.ForgetHostKey(t.Context(), forgedID, w.keys.other.Fingerprint()) == nil {
		t.Error("a key was forgotten for another than was shown")
	}
	if err := w.m.ForgetHostKey(t.Context(), forgedID, shown); err != nil {
		t.Fatal(err)
	}
	if got := read(t, w.paths.KnownHosts); got != "" {
		t.Errorf("known_hosts holds %q", got)
	}
	if got := connect(w); got != notThePods {
		t.Fatalf("forgotten, it %s", got)
	}
	if w.m.ForgetHostKey(t.Context(), forgedID, shown) == nil {
		t.Error("a key that is not known was forgotten")
	}
	if w.m.TrustAgainstLog(t.Context(), forgedID, w.keys.more.Fingerprint()) == nil || read(t, w.paths.KnownHosts) != "" {
		t.Error("another key was trusted than was shown")
	}
	if err := w.m.TrustAgainstLog(t.Context(), forgedID, shown); err != nil {
		t.Fatal(err)
	}
	if got := connect(w); got != connects {
		t.Fatalf("trusted, it %s", got)
	}
	if row := find(t, mustRefresh(t, w.m), forgedID); row.HostKey.Trust != manager.TrustedAgainstLog || row.Agreed.KeyExchange == "" {
		t.Errorf("the list says %+v %+v", row.HostKey, row.Agreed)
	}
}

// What podbay decided by itself is said wherever a login was tried, also where it
// was refused afterwards.
func TestANoticeIsTold(t *testing.T) {
	w := newForgedWorld(t, forgery{prints: lists})
	const notice = "host key verified by the pod's log"
	for proof := range w.m.Prove(t.Context(), manager.ProveRequest{Fingerprint: ssh.FingerprintSHA256(w.key)}) {
		if !proof.Takes || proof.Notice != notice {
			t.Errorf("a proof says %+v", proof)
		}
	}
	w = newForgedWorld(t, forgery{prints: lists})
	write(t, filepath.Join(w.home, ".ssh", "authorized_keys"), "")
	_, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	var failure *manager.Failure
	if !errors.As(err, &failure) || !slices.ContainsFunc(failure.Evidence, func(e manager.Evidence) bool { return e.What == notice }) {
		t.Errorf("a refused login says %+v", err)
	}
	if got := read(t, w.paths.KnownHosts); got != own(w.keys) {
		t.Errorf("known_hosts holds %q", got)
	}
}

// Two pods with one key are named to each other.
func TestASharedKeyIsNamed(t *testing.T) {
	w := newForgedWorld(t, forgery{podbay: own})
	started := time.Now().Add(-time.Hour)
	for _, id := range []string{"twin", "other"} {
		key := map[string]ssh.PublicKey{"twin": w.keys.own.Public(), "other": w.keys.other.Public()}[id]
		if err := w.m.TrustHostKey(id, key, started); err != nil {
			t.Fatal(err)
		}
	}
	session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	row := find(t, mustRefresh(t, w.m), forgedID)
	if want := []string{"twin (no longer in the list)"}; !slices.Equal(row.HostKey.SharedWith, want) {
		t.Errorf("it is shared with %q, want %q", row.HostKey.SharedWith, want)
	}
}
