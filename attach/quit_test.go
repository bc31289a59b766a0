//go:build unix

package attach

import (
	"context"
	"errors"
	"testing"
)

// What ends a session may meet a line that is being lost, and lose to it: the keys are
// looked at on the old leg, and the next one has nobody who reads them any more.
func TestQuitWhileTheLineIsLost(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys string
		kept bool
		end  End
	}{
		{"~.", "\r~.", false, EndEscape},
		{"~d", "\r~d", true, EndDetached},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLocal(t)
			f := newFakeLine()
			f.lost = errors.New("lost")
			var s *session
			up := make(chan struct{}, 1)
			followed := make(chan struct{})
			s = newSession(Options{Terminal: l.term, Link: Link{Kept: tt.kept}}, f, hooks{at: func(at string) {
				switch at {
				case "writer":
					poke(up)
				case "waiting": // the next leg is the session's
					close(followed)
				case "read":
					f.Close()
					<-followed
				}
			}})
			first := s.leg.Load()
			s.redial = func(ctx context.Context, _ Loss) (line, Link, error) {
				<-ctx.Done()
				return nil, Link{}, ctx.Err()
			}
			done := make(chan outcome, 1)
			go func() {
				result, err := s.run(t.Context())
				done <- outcome{Result: result, err: err}
			}()
			l.waits("the shell", up)
			l.types(tt.keys)
			o := l.returns(done)
			if o.err != nil || o.End != tt.end || first.ending.end != EndDropped {
				t.Errorf("ended as %s after a leg that ended as %s: %v", o.End, first.ending.end, o.err)
			}
		})
	}
}
