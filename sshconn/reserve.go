package sshconn

// Reserve opens a session channel that the next Shell or Exec takes, which saves
// that one a round trip. Nothing runs on it until then. It does not wait, and a
// server that refuses the channel is asked again by whoever needs one.
func (c *Conn) Reserve() {
	spare := make(chan *Shell, 1)
	c.mu.Lock()
	if c.spare != nil {
		c.mu.Unlock()
		return
	}
	c.spare = spare
	c.mu.Unlock()
	c.start(func() {
		defer close(spare)
		c.met("reserve")
		if s, err := c.newSession(); err == nil {
			spare <- s
		}
	})
}

// reserved takes the reserved channel; nil when there is none that lives.
func (c *Conn) reserved() *Shell {
	c.mu.Lock()
	spare := c.spare
	c.spare = nil
	c.mu.Unlock()
	if spare == nil {
		return nil
	}
	var s *Shell
	select {
	case s = <-spare:
	case <-c.done:
	}
	if s == nil {
		return nil
	}
	select {
	case <-s.exited: // the server has closed it
		return nil
	default:
		return s
	}
}
