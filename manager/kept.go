package manager

import (
	"context"
	"sync"
	"time"

	"podbay/sshconn"
)

// keptFor is why an authenticated connection is kept without a session on it.
type keptFor string

const (
	// keptDetached: the user left a shell on the pod that lives on there, and
	// wants to come back to it.
	keptDetached keptFor = "detached"
	// keptWarm: a connection that is ready for whoever asks for a session next.
	// It is given up after warmFor.
	keptWarm keptFor = "warm"
	// keptAfter: the shell on it has ended, and the user may want another one. It is
	// given up after afterFor.
	keptAfter keptFor = "after"
	// keptAhead: nobody has asked for it yet. It is given up after aheadFor, or when
	// the user looks at another pod.
	keptAhead keptFor = "ahead"
)

// life is how long a connection is kept for that reason; 0 means without end.
func (k keptFor) life() time.Duration {
	switch k {
	case keptWarm:
		return warmFor
	case keptAfter:
		return afterFor
	case keptAhead:
		return aheadFor
	}
	return 0
}

// warmFor is how long a warm connection is kept for nobody: long enough to read a
// question that stands between the login and the shell.
const warmFor = 2 * time.Minute

// keptConn is an authenticated connection to a pod that is nobody's session now.
type keptConn struct {
	conn  *sshconn.Conn
	pod   Pod
	route Route
	why   keptFor
	since time.Time
	shell *keptShell // what lives on the pod; nil for nothing

	stop context.CancelFunc // ends the watch
	done chan struct{}      // closed when the watch has ended
	dead bool               // the line was lost; under keptConns.mu
}

// keptConns holds the connections that outlive their session, one a pod. A
// connection belongs to whoever has it: put gives it away, take hands it over. The
// line is watched meanwhile. A warm connection that dies goes; a detached one
// stays, without its line, so that the user is told and can come back by a new
// connection.
type keptConns struct {
	now func() time.Time
	// KeepAlive and Patience of sshconn's KeepAlive, for the watch.
	interval, patience time.Duration

	mu     sync.Mutex
	closed bool
	byPod  map[string]*keptConn
}

// put keeps a connection, in place of an earlier one to the pod, which is closed.
// After close the connection is closed at once.
func (k *keptConns) put(c *keptConn) {
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	c.since, c.done = k.now(), make(chan struct{})
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		c.stop()
		close(c.done)
		k.end(c)
		return
	}
	before := k.byPod[c.pod.ID]
	if c.why == keptAhead && before != nil { // somebody has been there meanwhile
		k.mu.Unlock()
		c.stop()
		close(c.done)
		k.end(c)
		return
	}
	k.byPod[c.pod.ID] = c
	surplus := k.surplus()
	k.mu.Unlock()
	go k.watch(ctx, c)
	k.end(before)
	k.end(surplus)
}

// surplus takes out the oldest of the connections that are kept for nobody, if there
// are more than maxIdle. The lock must be held.
func (k *keptConns) surplus() *keptConn {
	var oldest *keptConn
	idle := 0
	for _, c := range k.byPod {
		if c.why.life() == 0 {
			continue
		}
		idle++
		if oldest == nil || c.since.Before(oldest.since) {
			oldest = c
		}
	}
	if idle <= maxIdle {
		return nil
	}
	delete(k.byPod, oldest.pod.ID)
	return oldest
}

// watch asks for signs of life until the connection is taken or lost.
func (k *keptConns) watch(ctx context.Context, c *keptConn) {
	defer close(c.done)
	asking := make(chan struct{})
	alive, stop := context.WithCancel(ctx)
	go func() {
		defer close(asking)
		c.conn.KeepAlive(alive, k.interval, k.patience)
	}()
	defer func() { stop(); <-asking }()
	var expired <-chan time.Time
	if life := c.why.life(); life > 0 {
		timer := time.NewTimer(life)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-ctx.Done():
		return
	case <-expired:
	case <-c.conn.Done():
	}
	if k.lost(c) {
		_ = c.conn.Close()
	}
}

// lost notes that the line of c is gone; false when c has been taken meanwhile.
func (k *keptConns) lost(c *keptConn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byPod[c.pod.ID] != c {
		return false
	}
	c.dead = true
	if c.why.life() > 0 {
		delete(k.byPod, c.pod.ID)
	}
	return true
}

// take hands over what is kept of a pod: the connection, nil when its line is lost,
// and the shell that was left on the pod, which is the caller's then, nil when there
// is none.
func (k *keptConns) take(podID string) (conn *keptConn, shell *keptShell) {
	k.mu.Lock()
	c := k.byPod[podID]
	delete(k.byPod, podID)
	k.mu.Unlock()
	if c == nil {
		return nil, nil
	}
	c.stop()
	<-c.done
	select {
	case <-c.conn.Done():
		_ = c.conn.Close()
		return nil, c.shell
	default:
		return c, c.shell
	}
}

// has reports whether anything is kept of a pod.
func (k *keptConns) has(podID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byPod[podID] != nil
}

// each gives the pods of which anything is kept.
func (k *keptConns) each(add func(podID string)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id := range k.byPod {
		add(id)
	}
}

// dropAhead closes what was connected ahead to other pods.
func (k *keptConns) dropAhead(but string) {
	k.mu.Lock()
	var gone []*keptConn
	for id, c := range k.byPod {
		if c.why == keptAhead && id != but {
			gone = append(gone, c)
			delete(k.byPod, id)
		}
	}
	k.mu.Unlock()
	for _, c := range gone {
		k.end(c)
	}
}

// of tells of the detached shell on a pod.
func (k *keptConns) of(podID string) (since time.Time, lineLost, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.byPod[podID]
	if c == nil || c.why != keptDetached {
		return time.Time{}, false, false
	}
	return c.since, c.dead, true
}

// count counts the detached shells whose line stands.
func (k *keptConns) count() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.byPod {
		if c.why == keptDetached && !c.dead {
			n++
		}
	}
	return n
}

// close ends every connection, and what is put later.
func (k *keptConns) close() {
	k.mu.Lock()
	k.closed = true
	all := k.byPod
	k.byPod = map[string]*keptConn{}
	k.mu.Unlock()
	for _, c := range all {
		k.end(c)
	}
}

func (k *keptConns) end(c *keptConn) {
	if c == nil {
		return
	}
	c.stop()
	<-c.done
	_ = c.conn.Close()
	c.shell.release() // it lives on, for whoever comes next
}
