package api

import "time"

// Call is one request that came, and how it was answered. It has no headers: the
// key is not in it.
type Call struct {
	Time    time.Time
	Method  string
	Path    string // as sent, without the query
	Query   string
	Status  int  // 0: no answer was begun
	Faulted bool // a Fault had its way with it
}
