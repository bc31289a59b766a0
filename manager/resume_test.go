//go:build linux || darwin

package manager_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/internal/opensshd"
)

// counter takes lines and says so; a flood is a line after which a lot is printed.
const counter = `echo counting
while IFS= read -r line; do
	case $line in flood*) i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "wave $i of $line"; sleep 0.01; done;; esac
	echo "$line" >> "$1"
	echo "got $line."
done
exit 7
`

// drops is a shell on the far side that counts, and somebody who types numbers.
type drops struct {
	*person
	k    *keptPod
	file string

	typed   int
	seen    []int // numbers that were seen to have arrived
	dropped []int // numbers that were typed while there was no line
}

// number types the next number.
func (d *drops) number() int {
	d.t.Helper()
	d.typed++
	d.types(fmt.Sprintf("%d\r", d.typed))
	return d.typed
}

// sync types a number and waits until it has arrived.
func (d *drops) sync() {
	d.t.Helper()
	mark := d.mark()
	n := d.number()
	d.sees(mark, fmt.Sprintf("got %d.", n))
	d.seen = append(d.seen, n)
}

const (
	lostWords = "[podbay] the line to kept"
	backWords = "[podbay] back after"
)

func TestFortyDropsInARow(t *testing.T) {
	t.Run("OpenSSH", func(t *testing.T) {
		k := newKeptPod(t, nil)
		fortyDrops(t, k, k.sshd.Home)
		if left := k.sshd.TmuxServers(); len(left) > 0 {
			t.Errorf("tmux servers are left: %v", left)
		}
	})
	t.Run("demo", func(t *testing.T) {
		home, sockets := t.TempDir(), shortDir(t)
		server, err := pod.Start(pod.Config{Container: pod.Container{PodID: keptID, Name: "kept", Home: home, TmuxDir: sockets}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
			pod.EndTmux(sockets)
		})
		k := keptPodAt(t, server.Addr().String(), server.HostKeys()[0].Signer.PublicKey(), nil)
		if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".ssh", "authorized_keys"), ssh.MarshalAuthorizedKey(k.key), 0o600); err != nil {
			t.Fatal(err)
		}
		fortyDrops(t, k, home)
	})
}

// shortDir is a folder whose name leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func fortyDrops(t *testing.T, k *keptPod, home string) {
	d := &drops{person: newPerson(t), k: k, file: filepath.Join(home, "got")}
	script := filepath.Join(home, "counter.sh")
	if err := os.WriteFile(script, []byte(counter), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := d.run(k.connect(t))
	d.sees(0, "\x1b[H") // tmux draws
	d.types("exec sh " + script + " " + d.file + "\r")
	d.sees(0, "counting")
	d.sync()
	k.link.Delay(3 * time.Millisecond)
	fds := 0
	for round := range 40 {
		d.drop(round)
		if now := openFiles(t); round == 1 {
			fds = now
		} else if round > 1 && now > fds {
			t.Fatalf("round %d: %d open files, %d after the second", round, now, fds)
		}
	}
	d.types("\x04")
	e := d.ends(ended)
	if e.Status != 7 || e.Lost || e.Detached {
		t.Errorf("ended with %+v", e)
	}
	d.check()
}

// drop loses the line in one of several moments and ways, and waits until the
// same screen is back.
func (d *drops) drop(round int) {
	d.t.Helper()
	d.sync()
	last := d.typed
	mark := d.mark()
	flood := fmt.Sprintf("flood%d", round)
	d.k.link.Throttle([]int{0, 200_000}[round%2])
	fail := d.k.link.Cut
	if round%10 == 9 {
		fail = d.k.link.Freeze
	}
	switch round % 3 {
	case 0: // idle
		fail()
	case 1: // typing
		for i := range 20 {
			d.number()
			if i == 10 {
				fail()
			}
		}
	case 2: // output
		d.types(flood + "\r")
		d.sees(mark, "wave 20 of "+flood)
		fail()
	}
	d.sees(mark, lostWords)
	lost := d.mark()
	if round%10 == 9 {
		d.typesIntoTheVoid(lost)
		d.k.link.Thaw()
	}
	d.sees(lost, backWords)
	switch round % 3 {
	case 0: // what was on the screen is there again
		d.sees(lost, fmt.Sprintf("got %d.", last))
	case 2: // it went on while there was no line
		d.sees(lost, "got "+flood+".")
	}
	d.sync()
}

// typesIntoTheVoid types while no line can come about, and waits until podbay has
// read it.
func (d *drops) typesIntoTheVoid(lost int) {
	d.t.Helper()
	d.sees(lost, "connecting again")
	for range 3 {
		d.dropped = append(d.dropped, d.number())
	}
	for range 2 { // twice: the first may have been on its way
		d.sees(d.mark(), "connecting again")
	}
}

// check holds what the far side counted against what was typed.
func (d *drops) check() {
	d.t.Helper()
	text, err := os.ReadFile(d.file)
	if err != nil {
		d.t.Fatal(err)
	}
	arrived, before := map[int]bool{}, 0
	floods := 0
	for _, line := range strings.Fields(string(text)) {
		if strings.HasPrefix(line, "flood") {
			floods++
			continue
		}
		n, err := strconv.Atoi(line)
		if err != nil {
			d.t.Errorf("%q arrived: a line was torn, or two were joined", line)
			continue
		}
		if n <= before {
			d.t.Errorf("%d arrived after %d: doubled, or out of order", n, before)
		}
		arrived[n], before = true, n
	}
	if floods != 13 {
		d.t.Errorf("%d floods ran, want each of 13 once", floods)
	}
	for _, n := range d.seen {
		if !arrived[n] {
			d.t.Errorf("%d was seen to arrive and is not in the file", n)
		}
	}
	for _, n := range d.dropped {
		if arrived[n] {
			d.t.Errorf("%d was typed while there was no line, and arrived", n)
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestAMovedPodIsFollowed: during the drop the pod gets another port and another
// host key, which its log vouches for.
func TestAMovedPodIsFollowed(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	p.types("echo be''fore\r")
	p.sees(0, "before")

	k.link.Freeze() // nothing gets through until the pod is elsewhere
	mark := p.mark()
	p.sees(mark, lostWords)
	k.sshd.NewHostKeys()
	k.sshd.Restart()
	host, port := splitAddr(t, k.link.Move(t))
	moved := direct(host, port)
	moved.HostKeys = []api.HostKey{{
		Path: "/etc/ssh/ssh_host_ed25519_key.pub",
		Line: "256 " + ssh.FingerprintSHA256(k.sshd.HostKey()) + " root@pod (ED25519)",
	}}
	k.host[keptID] = moved
	if err := k.api.Recreate(keptID); err != nil {
		t.Fatal(err)
	}
	k.link.Cut()
	k.link.Thaw()
	p.sees(mark, "host key")
	p.sees(mark, backWords)
	p.sees(mark, "before")
	p.types("exit 3\r")
	if e := p.ends(ended); e.Status != 3 {
		t.Errorf("ended with %+v", e)
	}
}

// TestTheOldPortOfAnotherPodIsRefused: during the drop another pod's sshd gets the
// port, and takes this account's key too.
func TestTheOldPortOfAnotherPodIsRefused(t *testing.T) {
	k := newKeptPod(t, nil)
	p := newPerson(t)
	ended := p.run(k.connect(t))
	p.sees(0, "\x1b[H")
	other := opensshd.Start(t, opensshd.Config{})
	other.Authorize(k.key)
	k.link.Lead(other.Addr)
	k.link.Cut()
	p.sees(0, lostWords)
	e := p.ends(ended)
	if !e.Lost || e.Status != 255 || !strings.Contains(e.Sentence, "host key") {
		t.Errorf("ended with %+v", e)
	}
	if log := other.Log(); strings.Contains(log, "Accepted") || strings.Contains(log, "publickey") {
		t.Errorf("a login was tried at another pod's sshd:\n%s", log)
	}
}
