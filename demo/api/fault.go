package api

import (
	"net/http"
	"time"
)

// Route names calls: a method and a path in which * stands for one segment, or
// for all that is left at its end ("/v2/pods/*", "/v2/*"). "" means any.
type Route struct {
	Method string
	Path   string
}

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of fault. All but FaultCut and FaultDelay leave the account as it is.
const (
	FaultDelay   FaultKind = iota // nothing but the Delay
	FaultStatus                   // Status, as problem+json or as Body
	FaultGarbage                  // 200 with Body, by default not JSON, as application/json
	FaultCut                      // the true answer, its connection cut after CutAfter bytes of body
	FaultHang                     // no answer until the client leaves or the server closes
	FaultDrop                     // the TCP connection is reset without an answer
)

// Fault makes calls fail. It comes before everything else: the key is not looked
// at and no quota is counted, except for FaultDelay and FaultCut.
type Fault struct {
	Route
	Kind  FaultKind
	Skip  int // let so many matching calls through first
	Times int // then so many fail; 0: all, until it is removed

	Delay      time.Duration // before anything else, for every kind
	Status     int           // FaultStatus
	RetryAfter time.Duration // FaultStatus: Retry-After in whole seconds; 0: none
	Header     http.Header   // FaultStatus, FaultGarbage: added to the answer
	Body       string        // FaultStatus, FaultGarbage: instead of the default
	CutAfter   int           // FaultCut
}
