package doctor

import "regexp"

// localKeyRules decide by the keys of this machine, for a login that was refused or
// had no key to offer.
func localKeyRules() []rule {
	blocked := func(fault KeyFault) func(*Facts) bool {
		return func(f *Facts) bool {
			return f.loginFailed() && f.Login.Blocked.Fault == fault && f.Login.Registered != RegisteredYes
		}
	}
	noKey := func(holds func(Login) bool) func(*Facts) bool {
		return func(f *Facts) bool { return f.Login.Outcome == LoginNoKey && holds(f.Login) }
	}
	return []rule{
		{id: KeyModeTooOpen, holds: blocked(KeyModeOpen), say: func(f *Facts) Verdict {
			v := f.keyVerdict("key mode", "The key that would most likely be taken could not be used: "+f.Login.Blocked.Words+".", "Let podbay set its mode to 0600, then try again.")
			v.Action = ActMendKey
			return v
		}},
		{id: KeyWrongOwner, holds: blocked(KeyOfAnother), say: func(f *Facts) Verdict {
			v := f.keyVerdict("key owner", "The key that would most likely be taken could not be used: "+f.Login.Blocked.Words+".", "Make the file your own, then try again.")
			if plainPath.MatchString(f.Login.Blocked.Name) {
				v.Action, v.Command = ActCopyCommand, `sudo chown "$(id -un)" `+f.Login.Blocked.Name
			}
			return v
		}},
		{id: PassphraseWrong, holds: blocked(KeyPassphrase), say: func(f *Facts) Verdict {
			v := f.keyVerdict("passphrase", "The pod takes the key "+f.Login.Blocked.Name+", and the passphrase that was given does not open it.", "Try again with the right passphrase, or add the key to the agent once.")
			v.Action, v.Ways = ActRetry, []Action{ActAgentAdd}
			return v
		}},
		{id: KeysUnusable, holds: blocked(KeyOtherwise), say: func(f *Facts) Verdict {
			if f.Login.Outcome == LoginNoKey {
				v := f.keyVerdict("no usable key", "SSH keys were found on this machine, but none of them can be used: "+f.Login.Blocked.Words+".", "Mend that, then try again.")
				v.Action = ActKeys
				return v
			}
			v := f.keyVerdict("key unusable", "The key that would most likely be taken could not be used: "+f.Login.Blocked.Words+".", "Mend that, then try again.")
			v.Action = ActKeys
			return v
		}},
		{id: KeyWithheld, holds: func(f *Facts) bool {
			return f.loginFailed() && f.Login.Withheld != "" && f.Login.Registered != RegisteredYes
		}, say: func(f *Facts) Verdict {
			v := f.keyVerdict("ssh config", "A key of this machine is registered on the account, and "+f.Login.Withheld+" in ~/.ssh/config kept it from being offered to this host.",
				"Name that key with IdentityFile for this host in ~/.ssh/config, or with identity_file in podbay's settings, then try again.")
			v.Action = ActRetry
			return v
		}},
		{id: AgentIsLocked, holds: noKey(func(l Login) bool { return l.Agent == AgentLocked }), say: sayAgent("agent locked", "the ssh-agent is locked")},
		{id: AgentIsDead, holds: noKey(func(l Login) bool { return l.Agent == AgentDead }), say: sayAgent("agent dead", "the ssh-agent could not be asked")},
		{id: AgentIsEmpty, holds: noKey(func(l Login) bool { return l.Agent == AgentEmpty && l.Unusable == 0 }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("no key", "The ssh-agent runs and holds no key, and there is no key file on this machine that podbay could log in with.",
				"Load your key into the agent with ssh-add, or set one up here.")
			v.Action = ActKeys
			return v
		}},
		{id: KeysUnusable, rest: true, holds: noKey(func(l Login) bool { return l.Unusable > 0 }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("no usable key", "SSH keys were found on this machine, but none of them can be used.", "See what is wrong with each in the key wizard.")
			v.Action = ActKeys
			return v
		}},
		{id: NoLocalKey, rest: true, holds: noKey(func(Login) bool { return true }), say: func(f *Facts) Verdict {
			v := f.keyVerdict("no key", "There is no SSH key on this machine that podbay could log in with.", "Make one and register it: the key wizard does both.")
			v.Action = ActKeys
			return v
		}},
	}
}

func sayAgent(word, what string) func(*Facts) Verdict {
	return func(f *Facts) Verdict {
		words := what
		if f.Login.AgentWords != "" {
			words = f.Login.AgentWords
		}
		v := f.keyVerdict(word, "No key could be offered: "+words+".", "Unlock the agent, then try again.")
		v.Action, v.Command, v.Ways = ActCopyCommand, "ssh-add -X", []Action{ActRetry}
		if f.Login.Agent == AgentDead {
			v.Remedy = "Start an agent or unset SSH_AUTH_SOCK and start podbay again, or set up a key file here."
			v.Action, v.Command = ActKeys, ""
		}
		return v
	}
}

// plainPath is a path that a shell reads as it stands.
var plainPath = regexp.MustCompile(`^[~/A-Za-z0-9][A-Za-z0-9/._-]*$`)

func (f *Facts) loginFailed() bool {
	return f.Login.Outcome == LoginRefused || f.Login.Outcome == LoginNoKey
}

// keyVerdict is a verdict on a login: trying again is always allowed.
func (f *Facts) keyVerdict(word, sentence, remedy string) Verdict {
	return Verdict{Tone: ToneBad, Word: word, Shell: f.hasRoute(), Sentence: sentence, Remedy: remedy}
}
