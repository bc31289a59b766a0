package sshconn

// Trust is why a host key was taken.
type Trust string

// The reasons.
const (
	TrustKnown        Trust = "known"         // it is the known one
	TrustAuthority    Trust = "authority"     // a certificate of an authority for this name
	TrustEvidence     Trust = "evidence"      // first sight, and the evidence has it
	TrustAccepted     Trust = "accepted"      // first sight, and the user accepted it
	TrustEvidenceAnew Trust = "evidence-anew" // in place of the known one, since the evidence has it
	TrustAcceptedAnew Trust = "accepted-anew" // in place of the known one, since the user accepted it
)

// Says is what evidence says of a host key.
type Says string

// The answers.
const (
	SaysNothing Says = ""        // it has no list of the server's keys, or not a whole one
	SaysYes     Says = "yes"     // it lists the key
	SaysOther   Says = "another" // it lists the server's keys, and this one is not among them
)

// Evidence is what somebody who saw the server start says of a host key that is
// not known, or not the known one.
type Evidence struct {
	Says   Says
	Listed []string // the fingerprints that are listed
	Why    string   // why it says nothing: a clause that can be drawn; "" when it says something
	// Renewed says that the server was set up anew since the known key was last
	// seen there, so that another key has an innocent explanation.
	Renewed bool
	// Unsure says that it is not known whether it was: a change may be asked about where
	// the server's keys are listed, and this one is among them.
	Unsure bool
}

// sighting is all that decides on a host key, but that it is revoked: such a key
// is refused before anything is asked.
type sighting struct {
	certified bool // by an authority for this name
	known     bool // it is one of the known keys
	changed   bool // keys are known
	accepted  bool // the user accepted this very key in answer to a question
	shared    bool // it is known as the key of another host too: a key that others have proves nothing
	evidence  Evidence
}

// settled reports whether the known keys decide alone, so that no evidence is
// asked for.
func (s sighting) settled() bool { return s.certified || s.known }

type decision int

const (
	stop decision = iota // no answer leads on
	takeKnown
	takeCertified
	takeVerified
	takeAccepted
	replaceVerified
	replaceAccepted
	askUnknown
	askChanged
)

// decide is the whole rule, from the safest fact to the weakest. A user's answer
// never passes evidence to the contrary, nor a change that nothing explains.
func decide(s sighting) decision {
	vouched := s.evidence.Says == SaysYes && !s.shared
	switch {
	case s.certified:
		return takeCertified
	case s.known:
		return takeKnown
	case s.evidence.Says == SaysOther:
		return stop
	case s.changed && !s.evidence.Renewed && !(s.evidence.Unsure && vouched):
		return stop
	case s.changed && vouched && s.evidence.Renewed:
		return replaceVerified
	case s.changed && s.accepted:
		return replaceAccepted
	case s.changed:
		return askChanged
	case vouched:
		return takeVerified
	case s.accepted:
		return takeAccepted
	}
	return askUnknown
}
