package sshconn

import (
	"testing"
)

// The rule, a line a case; what is left out is false.
func TestDecide(t *testing.T) {
	yes, other, unsureYes := Evidence{Says: SaysYes}, Evidence{Says: SaysOther}, Evidence{Says: SaysYes, Unsure: true}
	renewed, renewedYes, renewedOther := Evidence{Renewed: true}, Evidence{Says: SaysYes, Renewed: true}, Evidence{Says: SaysOther, Renewed: true}
	for _, c := range []struct {
		s    sighting
		want decision
	}{
		{sighting{known: true}, takeKnown},
		{sighting{known: true, changed: true}, takeKnown},
		{sighting{certified: true}, takeCertified},
		{sighting{certified: true, changed: true}, takeCertified},

		{sighting{}, askUnknown},
		{sighting{accepted: true}, takeAccepted},
		{sighting{evidence: yes}, takeVerified},
		{sighting{evidence: yes, accepted: true}, takeVerified},
		{sighting{evidence: yes, shared: true}, askUnknown},
		{sighting{evidence: yes, shared: true, accepted: true}, takeAccepted},
		{sighting{shared: true}, askUnknown},
		{sighting{evidence: other}, stop},
		{sighting{evidence: other, accepted: true}, stop},
		{sighting{evidence: renewed}, askUnknown},

		{sighting{changed: true}, stop},
		{sighting{changed: true, accepted: true}, stop},
		{sighting{changed: true, evidence: yes}, stop},
		{sighting{changed: true, evidence: yes, accepted: true}, stop},
		{sighting{changed: true, evidence: other}, stop},
		{sighting{changed: true, evidence: Evidence{Unsure: true}}, stop},
		{sighting{changed: true, evidence: Evidence{Unsure: true}, accepted: true}, stop},
		{sighting{changed: true, evidence: unsureYes}, askChanged},
		{sighting{changed: true, evidence: unsureYes, accepted: true}, replaceAccepted},
		{sighting{changed: true, evidence: unsureYes, shared: true}, stop},
		{sighting{changed: true, evidence: unsureYes, shared: true, accepted: true}, stop},
		{sighting{changed: true, evidence: Evidence{Says: SaysOther, Unsure: true}}, stop},
		{sighting{changed: true, evidence: renewed}, askChanged},
		{sighting{changed: true, evidence: renewed, accepted: true}, replaceAccepted},
		{sighting{changed: true, evidence: renewed, shared: true}, askChanged},
		{sighting{changed: true, evidence: renewedYes}, replaceVerified},
		{sighting{changed: true, evidence: renewedYes, shared: true}, askChanged},
		{sighting{changed: true, evidence: renewedYes, shared: true, accepted: true}, replaceAccepted},
		{sighting{changed: true, evidence: renewedOther}, stop},
		{sighting{changed: true, evidence: renewedOther, accepted: true}, stop},
	} {
		if got := decide(c.s); got != c.want {
			t.Errorf("%+v: decided %d, want %d", c.s, got, c.want)
		}
	}
}

// What holds whatever is seen.
func TestDecideInvariants(t *testing.T) {
	for bits := range 1 << 7 {
		for _, says := range []Says{SaysNothing, SaysYes, SaysOther} {
			on := func(bit int) bool { return bits>>bit&1 == 1 }
			s := sighting{certified: on(0), known: on(1), changed: on(2) || on(1), accepted: on(3), shared: on(4), evidence: Evidence{Says: says, Renewed: on(5), Unsure: on(6)}}
			got := decide(s)
			if s.settled() {
				if got != takeKnown && got != takeCertified {
					t.Errorf("%+v: a key that is known was not taken: %d", s, got)
				}
				continue
			}
			goesOn := got != stop && got != askUnknown && got != askChanged
			if goesOn && !s.accepted && (says != SaysYes || s.shared) {
				t.Errorf("%+v: taken in silence: %d", s, got)
			}
			if says == SaysOther && got != stop {
				t.Errorf("%+v: the evidence is overruled: %d", s, got)
			}
			listed := s.evidence.Unsure && says == SaysYes && !s.shared
			if s.changed && !s.evidence.Renewed && !listed && got != stop {
				t.Errorf("%+v: a change that nothing explains leads on: %d", s, got)
			}
			if s.changed && !s.evidence.Renewed && !s.accepted && goesOn {
				t.Errorf("%+v: a change that may not be explained is not asked about: %d", s, got)
			}
			if replaces := got == replaceVerified || got == replaceAccepted; goesOn && replaces != s.changed {
				t.Errorf("%+v: a known key must be replaced, and none else: %d", s, got)
			}
			unasked := s
			unasked.accepted = false
			if s.accepted && decide(unasked) == stop && got != stop {
				t.Errorf("%+v: a yes passes a stop: %d", s, got)
			}
		}
	}
}
