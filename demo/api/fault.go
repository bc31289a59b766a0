package api

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of fault. All but FaultDelay, FaultCut and FaultStall leave the
// account as it is.
const (
	FaultDelay   FaultKind = iota // nothing but the Delay
	FaultStatus                   // Status, as problem+json or with Body
	FaultGarbage                  // 200 with Body, by default not JSON, as application/json
	FaultCut                      // the true answer, its connection cut after CutAfter bytes of body
	FaultHang                     // no answer until the client leaves or the server closes
	FaultDrop                     // the TCP connection is reset without an answer
	FaultStall                    // the true answer, which stops for good after CutAfter bytes of body, its connection open
)

// Fault makes calls fail. It comes before everything else: the key is not looked
// at and no quota is counted, except for FaultDelay, FaultCut and FaultStall.
type Fault struct {
	Route
	Kind  FaultKind
	Skip  int // let so many matching calls through first
	Times int // then so many fail; 0: all, until it is removed

	Delay      time.Duration // before anything else, for every kind
	Status     int           // FaultStatus; 0: 500
	RetryAfter time.Duration // FaultStatus: Retry-After in whole seconds; 0: none
	Header     http.Header   // FaultStatus, FaultGarbage: added to the answer
	Body       string        // FaultStatus, FaultGarbage: instead of the default
	CutAfter   int           // FaultCut, FaultStall; for FaultStall 0 is half of the body
}

// activeFault counts the calls that a Fault matched. Guarded by Server.mu.
type activeFault struct {
	Fault
	seen int
}

// AddFault makes calls fail from now on, until remove is called. When several
// faults match a call, the one added first has it.
func (s *Server) AddFault(f Fault) (remove func()) {
	f.Header = maps.Clone(f.Header)
	a := &activeFault{Fault: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, a)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(o *activeFault) bool { return o == a })
	}
}

// faultFor returns the fault that has this call.
func (s *Server) faultFor(r *http.Request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !f.matches(r.Method, r.URL.EscapedPath()) || f.Times > 0 && f.seen >= f.Skip+f.Times {
			continue
		}
		f.seen++
		if f.seen > f.Skip {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// inject lets f happen. It reports whether the true answer is still wanted.
func (s *Server) inject(w *answer, r *http.Request, f Fault) (goOn bool) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	if f.Delay > 0 || f.Kind == FaultHang || f.Kind == FaultStall {
		keepBody(r) // net/http notices that a client left only once the body is read
	}
	if f.Delay > 0 && s.opts.Sleep(ctx, f.Delay) != nil {
		abort()
	}
	switch f.Kind {
	case FaultStatus:
		w.fail(f)
	case FaultGarbage:
		w.garbage(f)
	case FaultCut:
		w.Header().Set(DeviationHeader, "fault")
		w.cut, w.left = true, max(0, f.CutAfter)
		return true
	case FaultStall:
		w.Header().Set(DeviationHeader, "fault")
		w.cut, w.left, w.half = true, max(0, f.CutAfter), f.CutAfter <= 0
		w.hold = func() {
			select {
			case <-r.Context().Done():
			case <-s.ctx.Done():
			}
		}
		return true
	case FaultHang:
		<-ctx.Done()
		abort()
	case FaultDrop:
		w.drop()
	default:
		return true
	}
	return false
}

// keepBody reads the body ahead, up to what a handler would take.
func keepBody(r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		abort()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// abort closes the connection without an answer, or in the middle of one.
func abort() { panic(http.ErrAbortHandler) }

func (w *answer) fail(f Fault) {
	w.deviate(f)
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(f.RetryAfter/time.Second), 10))
	}
	if f.Body != "" {
		send(w, status, "application/problem+json", []byte(f.Body))
		return
	}
	writeProblem(w, refuse(status, "injected fault"))
}

func (w *answer) garbage(f Fault) {
	w.deviate(f)
	body := f.Body
	if body == "" {
		body = "{\"pods\": [\x00\x1b[2J<html>"
	}
	send(w, http.StatusOK, "application/json", []byte(body))
}

func (w *answer) deviate(f Fault) {
	maps.Copy(w.Header(), f.Header)
	w.Header().Set(DeviationHeader, "fault")
}

// drop resets the TCP connection where there is one.
func (w *answer) drop() {
	conn, _, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		abort() // HTTP/2, or a recorder: closing is the best there is
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = conn.Close()
}

// answer is the ResponseWriter of one call: it remembers the status and can cut
// the body.
type answer struct {
	http.ResponseWriter
	status int
	cut    bool
	left   int    // bytes of body until the cut
	half   bool   // left is half of what is written first
	hold   func() // before the cut; nil: none
}

// Unwrap lets http.ResponseController flush.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.cut {
		return w.ResponseWriter.Write(b)
	}
	if w.half {
		w.left, w.half = len(b)/2, false
	}
	part := b[:min(len(b), w.left)]
	n, err := w.ResponseWriter.Write(part)
	w.left -= n
	if w.left > 0 || err != nil {
		return n, err
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // what was promised arrives before the end
	if w.hold != nil {
		w.hold()
	}
	abort()
	return 0, nil
}
