package doctor

import (
	"fmt"
	"strings"
)

// loginRules decide by a login that was refused.
func loginRules() []rule {
	refused := func(holds func(Login) bool) func(*Facts) bool {
		return func(f *Facts) bool { return f.Login.Outcome == LoginRefused && holds(f.Login) }
	}
	// inPod is a refusal of the pod's own sshd: what is in the pod decides it.
	inPod := func(holds func(Login) bool) func(*Facts) bool {
		return refused(func(l Login) bool {
			return holds(l) && l.Registered != RegisteredNo && l.Registered != RegisteredMalformed
		})
	}
	direct := func(holds func(*Facts) bool) func(*Facts) bool {
		return func(f *Facts) bool { return !f.viaProxy() && holds(f) }
	}
	return []rule{
		{id: PasswordOnly, holds: refused(func(l Login) bool { return l.PasswordOnly }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("password only", "The pod's SSH server takes only a password, which RunPod pods do not have: its sshd is not set up for keys.",
				"Allow PubkeyAuthentication in the image's sshd_config, or use an image of RunPod's."+f.proxyHint())
			if f.Login.Methods != "" && f.Login.Methods != "password" {
				v.Sentence = "The pod's SSH server takes only " + f.Login.Methods + ", which podbay does not do: its sshd is not set up for keys."
			}
			return f.offerProxy(v)
		}},
		{id: MoreWanted, holds: refused(func(l Login) bool { return l.MoreWanted }), say: func(f *Facts) Verdict {
			return f.offerProxy(f.keyVerdict("more wanted", "The pod took your key and wants a second proof besides, which podbay does not give.",
				"Set AuthenticationMethods publickey in the image's sshd_config."+f.proxyHint()))
		}},
		{id: KeyTypeRefused, holds: refused(func(l Login) bool { return l.TypesRefused != "" }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("key type", "The server accepts no signature that this key can make: "+f.Login.TypesRefused+".", "Make an ed25519 key and register it: the key wizard does both.")
			v.Action = ActKeys
			return v
		}},
		{id: KeyMalformed, holds: refused(func(l Login) bool { return l.Registered == RegisteredMalformed }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("key malformed", "Your key stands on the RunPod account in a form that is no key, so that no pod gets it.", "Mend the registered key: the key wizard shows the change first.")
			v.Action = ActKeys
			return v
		}},
		{id: TooManyKeys, holds: refused(func(l Login) bool {
			return l.TooMany && (l.SkippedRegistered || l.Registered == "")
		}), say: func(f *Facts) Verdict {
			left := "and not every key of this machine was offered"
			if f.Login.SkippedRegistered {
				left = "before one was offered that is registered on the account"
			}
			v := f.keyVerdict(refusedWord(f), "The login ended after "+keys(f.Login.Offered)+", as servers take few tries, "+left+".",
				"Name the right key with identity_file in podbay's settings, or with IdentityFile and IdentitiesOnly in ~/.ssh/config, then try again.")
			v.Action = ActRetry
			return v
		}},
		{id: KeyUnknown, holds: func(f *Facts) bool {
			l := f.Login
			return l.Registered == RegisteredNo && (l.Outcome == LoginNoKey && l.Blocked.Fault != "" ||
				l.Outcome == LoginRefused && !(l.TooMany && l.SkippedRegistered))
		}, say: func(f *Facts) Verdict {
			if f.Login.Outcome == LoginNoKey {
				v := f.keyVerdict("key unknown", "That aside, "+unregistered(f.Login.Unusable)+" registered on the RunPod account.",
					"Register your public key: the key wizard does it.")
				v.Action = ActKeys
				return v
			}
			who := "The pod"
			if f.viaProxy() {
				who = "RunPod's proxy"
			}
			v := f.keyVerdict(refusedWord(f), who+" refused the login: "+unregistered(f.Login.Offered)+" registered on the RunPod account.",
				"Register your public key: the key wizard does it, and shows which pods take it then.")
			v.Action = ActKeys
			return v
		}},
		{id: ProxyKeyRefused, rest: true, holds: func(f *Facts) bool { return f.viaProxy() && refused(func(Login) bool { return true })(f) }, say: func(f *Facts) Verdict {
			v := f.keyVerdict(refusedWord(f), "RunPod's proxy refused "+offered(f.Login.Offered)+although(f.Login.Offered, f.Login.Registered)+"; it takes the keys that are registered on the account.",
				"Try again in a minute; if it stays so, look at the registered keys.")
			v.Action, v.Ways = ActRetry, []Action{ActKeys}
			return v
		}},
		{id: WrongUser, holds: direct(inPod(func(l Login) bool { return l.User != "" && l.User != "root" })), say: func(f *Facts) Verdict {
			return f.offerProxy(f.keyVerdict(refusedWord(f), fmt.Sprintf("RunPod reports the user %q for this pod, whose sshd refused the login; RunPod puts the account's keys into root's account.", f.Login.User),
				"Log in as root with OpenSSH's own ssh, or add your key to that user's authorized_keys in the web terminal."))
		}},
		{id: PublicKeyIsEmpty, holds: direct(inPod(publicKey(PublicKeyEmpty))), say: sayPod("The pod's PUBLIC_KEY is empty, so that no key of the account was put into it.")},
		{id: PublicKeyIsNull, holds: direct(inPod(publicKey(PublicKeyNull))), say: sayPod("The pod's PUBLIC_KEY is the word null, which is no key.")},
		{id: PodLacksKey, holds: direct(inPod(publicKey(PublicKeyLacks))), say: sayPod("The pod's PUBLIC_KEY holds other keys and not yours, and its sshd refused the login.")},
		{id: PodIgnoresKey, holds: direct(inPod(publicKey(PublicKeyHas))), say: func(f *Facts) Verdict {
			v := f.offerProxy(f.keyVerdict(refusedWord(f), "The pod's PUBLIC_KEY has your key, yet its sshd refused it. Most often the image does not copy PUBLIC_KEY to ~/.ssh/authorized_keys, or the owner or mode of those files is wrong; its sshd_config may also keep root out.",
				"Use the documented start command in the template, or look at ~/.ssh and sshd_config in the web terminal."))
			v.Action = ActStartCommand
			return v
		}},
		{id: RegisteredLate, holds: direct(inPod(func(l Login) bool { return l.PublicKey == "" && l.RegisteredLater })),
			say: sayPod("Your key was registered after this container had started, so that the container does not have it.")},
		{id: KeyRefused, rest: true, holds: refused(func(Login) bool { return true }), say: func(f *Facts) Verdict {
			l := f.Login
			v := sayPod("The pod refused " + offered(l.Offered) + although(l.Offered, l.Registered) +
				". Most often the key was registered after the pod was created, or the pod was created without SSH; from outside the two look alike.")(f)
			return v
		}},
		{id: PassphraseWanted, holds: func(f *Facts) bool { return f.Login.Outcome == "" && f.Login.WantsPassphrase != "" }, say: func(f *Facts) Verdict {
			v := f.keyVerdict("passphrase", "The pod takes the key "+f.Login.WantsPassphrase+"; to finish the login its passphrase is needed.", "Connect: podbay asks for it, or add the key to the agent once.")
			v.Tone, v.Action, v.Ways = ToneWarn, ActRetry, []Action{ActAgentAdd}
			return v
		}},
	}
}

func publicKey(is PublicKey) func(Login) bool {
	return func(l Login) bool { return l.PublicKey == is }
}

// sayPod is a refusal that a key in the pod would end.
func sayPod(sentence string) func(*Facts) Verdict {
	return func(f *Facts) Verdict {
		v := f.offerProxy(f.keyVerdict(refusedWord(f), sentence, "Add your public key to the running pod, or create the pod anew."+f.proxyHint()))
		v.Action = ActAddKey
		return v
	}
}

// offerProxy makes the proxy the first other way, where there is one and it was
// not the one that refused.
func (f *Facts) offerProxy(v Verdict) Verdict {
	v.Action = ActConsole
	if f.HasProxy && !f.viaProxy() {
		v.Ways = []Action{ActProxy}
	}
	return v
}

// viaProxy says that the login went by RunPod's proxy.
func (f *Facts) viaProxy() bool { return f.Attempt.Proxy || f.DirectAddr == "" && f.HasProxy }

func refusedWord(f *Facts) string {
	return "key refused " + strings.ReplaceAll(Age(f.Login.Age), " ", "")
}

func unregistered(offered int) string {
	if offered == 1 {
		return "the one key found on this machine is not"
	}
	return fmt.Sprintf("none of the %d keys found on this machine is", offered)
}

func although(offered int, r Registered) string {
	switch {
	case r != RegisteredYes:
		return ""
	case offered == 1:
		return ", although it is registered on your account"
	}
	return ", although one of them is registered on your account"
}

func keys(n int) string {
	if n == 1 {
		return "1 key"
	}
	return fmt.Sprintf("%d keys", n)
}

func offered(n int) string {
	switch n {
	case 0:
		return "the keys that were offered"
	case 1:
		return "the key that was offered"
	case 2:
		return "both keys that were offered"
	}
	return fmt.Sprintf("all %d keys that were offered", n)
}
