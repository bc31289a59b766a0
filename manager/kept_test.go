//go:build linux || darwin

package manager

import (
	"testing"
	"time"

	"podbay/sshconn"
)

func newKept(t *testing.T) *keptConns {
	k := &keptConns{now: time.Now, byPod: map[string]*keptConn{}, interval: time.Hour, patience: time.Hour}
	t.Cleanup(k.close)
	return k
}

func stands(conn *sshconn.Conn) bool {
	select {
	case <-conn.Done():
		return false
	default:
		return true
	}
}

func TestKeptConnectionsAreHandedOver(t *testing.T) {
	k := newKept(t)
	conn, _ := farShell(t, script(t, "cat"))
	k.put(&keptConn{conn: conn, pod: Pod{ID: "a"}, why: keptWarm})
	if c, _ := k.take("b"); c != nil {
		t.Error("another pod's connection was taken")
	}
	if _, _, ok := k.of("a"); ok || k.count() != 0 {
		t.Error("a warm connection counts as a shell that was left")
	}
	if c, _ := k.take("a"); c == nil || c.conn != conn || !stands(conn) {
		t.Error("the connection was not handed over as it was")
	}
	if c, _ := k.take("a"); c != nil {
		t.Error("it was handed over twice")
	}
}

func TestOneConnectionIsKeptAPod(t *testing.T) {
	k := newKept(t)
	first, _ := farShell(t, script(t, "cat"))
	second, _ := farShell(t, script(t, "cat"))
	k.put(&keptConn{conn: first, pod: Pod{ID: "a"}, why: keptWarm})
	k.put(&keptConn{conn: second, pod: Pod{ID: "a"}, why: keptDetached})
	if stands(first) || !stands(second) || k.count() != 1 {
		t.Errorf("the first stands: %v, the second: %v, %d count", stands(first), stands(second), k.count())
	}
}

func TestALineThatDiesWhileItIsKept(t *testing.T) {
	for _, why := range []keptFor{keptWarm, keptDetached} {
		k := newKept(t)
		conn, sshd := farShell(t, script(t, "cat"))
		shell := &keptShell{name: "podbay-aaaaaaaaaaaa"}
		c := &keptConn{conn: conn, pod: Pod{ID: "a"}, why: why, shell: shell}
		k.put(c)
		sshd.Stop()
		<-c.done
		if _, lost, ok := k.of("a"); ok != (why == keptDetached) || ok && !lost {
			t.Errorf("%s: lost %v, known %v", why, lost, ok)
		}
		taken, left := k.take("a")
		if taken != nil || (left == shell) != (why == keptDetached) {
			t.Errorf("%s: taken %v, with %v", why, taken, left)
		}
	}
}

func TestNothingIsKeptAfterTheEnd(t *testing.T) {
	k := newKept(t)
	before, _ := farShell(t, script(t, "cat"))
	after, _ := farShell(t, script(t, "cat"))
	k.put(&keptConn{conn: before, pod: Pod{ID: "a"}, why: keptDetached})
	k.close()
	k.put(&keptConn{conn: after, pod: Pod{ID: "b"}, why: keptWarm})
	if stands(before) || stands(after) {
		t.Error("a connection outlives the manager")
	}
}
