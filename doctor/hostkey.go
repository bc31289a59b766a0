package doctor

// hostKeyRules decide by what became of the host key at the last connection.
func hostKeyRules() []rule {
	trust := func(t Trust) func(*Facts) bool {
		return func(f *Facts) bool { return f.running() && f.HostKey.Trust == t }
	}
	return []rule{
		{id: HostKeyRevoked, holds: trust(TrustRevoked), say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "key revoked",
				Sentence: "The server shows a host key that is marked as revoked, in " + f.HostKey.Where + ": whoever answers must not be trusted.",
				Remedy:   "Do not connect. Ask whoever revoked the key; if it was a mistake, take that line out."}
		}},
		{id: HostKeyContradicted, holds: func(f *Facts) bool {
			return trust(TrustContradicted)(f) || trust(TrustChanged)(f) && f.HostKey.Logged == No
		}, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "wrong host key", Shell: f.hasRoute(),
				Sentence: "The server at " + f.server() + " shows a host key that is not among those that the pod's own log shows: another machine may be answering.",
				Remedy:   "Do not connect before you know why; refresh, as the address may be another pod's now.", Action: ActRetry}
		}},
		{id: HostKeyRestarted, holds: func(f *Facts) bool { return trust(TrustChanged)(f) && f.HostKey.Restarted == Yes }, say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneWarn, Word: "host key changed", Shell: f.hasRoute(), Action: ActForget,
				Sentence: "The pod was started anew since its host key was accepted, and shows another one: new containers make new keys.",
				Remedy:   "Compare the new fingerprint with the pod's own, then forget the old key."}
		}},
		{id: HostKeyChanged, holds: trust(TrustChanged), say: func(f *Facts) Verdict {
			return Verdict{Tone: ToneBad, Word: "host key changed", Shell: f.hasRoute(), Action: ActForget,
				Sentence: "The server at " + f.server() + " showed another host key than the known one, and podbay stopped.",
				Remedy:   "Connect to see both fingerprints and what they can mean."}
		}},
		{id: HostKeyUnknown, holds: func(f *Facts) bool { return trust(TrustUnknown)(f) }, say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneWarn, Word: "new host key", Shell: f.hasRoute(), Action: ActRetry,
				Sentence: "An SSH server answers on " + f.DirectAddr + ", and its host key was never seen before.",
				Remedy:   "Connect, and compare the fingerprint with the pod's own before you accept it."}
			if f.DirectAddr == "" {
				v.Sentence = "RunPod's SSH proxy answers, and its host key was never seen before."
				v.Remedy = "Connect, and accept it if you believe that it is RunPod's: it is the same for all your pods."
			}
			return v
		}},
	}
}

// server is whose host key it was.
func (f *Facts) server() string {
	switch {
	case f.Attempt.Addr != "":
		return f.Attempt.Addr
	case f.DirectAddr != "":
		return f.DirectAddr
	}
	return "RunPod's proxy"
}
