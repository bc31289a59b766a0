package doctor

import "fmt"

// accountRules decide before a pod is known: what was listed once can be connected
// to without RunPod's answer.
func accountRules() []rule {
	pods := func(call Call) func(*Facts) bool {
		return func(f *Facts) bool { return f.Status == "" && f.Account.Pods == call }
	}
	say := func(word, sentence, remedy string, action Action) func(*Facts) Verdict {
		return func(f *Facts) Verdict {
			said := sentence
			if f.Account.Words != "" {
				said += ": " + f.Account.Words
			}
			return Verdict{Tone: ToneBad, Word: word, Sentence: said + ".", Remedy: remedy, Action: action}
		}
	}
	return []rule{
		{id: NoAPIKey, holds: pods(CallNoKey), say: say("no API key", "There is no RunPod API key on this machine",
			"Make one at "+APIKeysPage+" and give it to podbay login.", ActAPIKey)},
		{id: APIKeyRejected, holds: pods(CallRejected), say: say("key rejected", "RunPod does not accept the API key",
			"Make a new one at "+APIKeysPage+" and give it to podbay login; RUNPOD_API_KEY, where it is set, goes before it.", ActAPIKey)},
		{id: APIKeyLacksPods, holds: pods(CallForbidden), say: say("no scope", "The API key is valid and may not read pods",
			"Give it the scope at "+APIKeysPage+", or enter another key.", ActAPIKey)},
		{id: ClockWrong, holds: pods(CallClock), say: say("clock wrong", "This machine's clock is so wrong that RunPod's certificate is not valid yet by it",
			"Set the clock, then try again.", ActRetry)},
		{id: RunPodNameUnknown, holds: pods(CallNameUnknown), say: say("no DNS", "The name of RunPod's API cannot be looked up",
			"Check this machine's network and its DNS server, then try again.", ActRetry)},
		{id: HTTPSProxy, holds: pods(CallProxy), say: say("web proxy", "The proxy that HTTPS_PROXY names cannot be used",
			"Correct HTTPS_PROXY or unset it, then start podbay again.", "")},
		{id: RunPodTLS, holds: pods(CallTLS), say: say("TLS", "RunPod's certificate cannot be verified, so nothing was sent",
			"Check the network for a proxy that reads along, and this machine's clock.", ActRetry)},
		{id: RunPodUnreachable, holds: pods(CallUnreachable), say: say("offline", "RunPod's API cannot be reached from this machine",
			"Check the network, then try again.", ActRetry)},
		{id: RunPodFailing, holds: pods(CallFailing), say: say("RunPod fails", "RunPod answers that it cannot serve the request",
			"Try again in a minute; if it stays so, look at RunPod's status page.", ActRetry)},
		{id: RunPodUnreadable, holds: pods(CallMalformed), say: say("not the API", "What answers is not RunPod's API",
			"Check the API URL and the network for a login page or a proxy, then try again.", ActRetry)},
		{id: RunPodLimiting, holds: pods(CallLimited), say: func(f *Facts) Verdict {
			v := Verdict{Tone: ToneWait, Word: "limited", Action: ActRetry,
				Sentence: "RunPod limits the account's requests, and this one was too many.",
				Remedy:   "Try again in a minute; podbay waits longer between its own requests."}
			if f.Account.RetryAfter > 0 {
				v.Remedy = fmt.Sprintf("Try again in %s; podbay waits longer between its own requests.", Age(f.Account.RetryAfter))
			}
			return v
		}},
		// The only one that is beside a pod: it hides why a key is refused.
		{id: APIKeyLacksKeys, holds: func(f *Facts) bool { return f.Status == "" && f.Account.SSHKeys == CallForbidden },
			say: func(*Facts) Verdict {
				return Verdict{Tone: ToneWarn, Word: "no key scope",
					Sentence: "The API key may not read the account's SSH keys, so that podbay cannot tell which of your keys are registered.",
					Remedy:   "Give it the scope at " + APIKeysPage + ", or enter another key.", Action: ActAPIKey}
			}},
	}
}
