package doctor

// Entry describes a verdict in general, for the docs.
type Entry struct {
	ID     ID
	Area   string // what it is about: "The account", "The pod", ...
	Means  string // what is so
	Remedy string // what removes it; "" when nothing is in the way
}

// Catalogue lists every verdict, those first that must be removed first.
func Catalogue() []Entry {
	var all []Entry
	add := func(area string, entries ...Entry) {
		for _, e := range entries {
			e.Area = area
			all = append(all, e)
		}
	}
	add("The account",
		Entry{ID: NoAPIKey, Means: "there is no RunPod API key on this machine", Remedy: "make one in RunPod's settings and enter it"},
		Entry{ID: APIKeyRejected, Means: "RunPod does not accept the API key (401)", Remedy: "enter another key"},
		Entry{ID: APIKeyLacksPods, Means: "the API key is valid and may not read pods (403)", Remedy: "give it the scope, or enter another key"},
		Entry{ID: ClockWrong, Means: "this machine's clock is before the date of RunPod's certificate", Remedy: "set the clock"},
		Entry{ID: RunPodNameUnknown, Means: "the name of RunPod's API cannot be looked up", Remedy: "check the network and its DNS server"},
		Entry{ID: HTTPSProxy, Means: "the proxy that `HTTPS_PROXY` names cannot be used", Remedy: "correct or unset `HTTPS_PROXY`"},
		Entry{ID: RunPodTLS, Means: "RunPod's certificate cannot be verified; nothing was sent", Remedy: "look for a proxy that reads along, and at the clock"},
		Entry{ID: RunPodUnreachable, Means: "RunPod's API does not answer this machine", Remedy: "check the network"},
		Entry{ID: RunPodFailing, Means: "RunPod answers that it cannot serve the request (5xx)", Remedy: "try again in a minute"},
		Entry{ID: RunPodUnreadable, Means: "what answers is not RunPod's API", Remedy: "check the API URL and the network for a login page"},
		Entry{ID: RunPodLimiting, Means: "too many requests (429)", Remedy: "wait as long as RunPod says"},
		Entry{ID: APIKeyLacksKeys, Means: "the API key may not read the account's SSH keys: which are registered cannot be told", Remedy: "give it the scope, or enter another key"},
		Entry{ID: AccountReady, Means: "RunPod answers, and the key may do what podbay needs"},
	)
	add("The pod",
		Entry{ID: Provisioning, Means: "RunPod is looking for a machine", Remedy: "wait"},
		Entry{ID: Starting, Means: "the container is starting", Remedy: "wait; a large image takes minutes to pull"},
		Entry{ID: Terminated, Means: "the pod was deleted for good", Remedy: "create a new one"},
		Entry{ID: ClusterMember, Means: "the pod belongs to a cluster, and what it would need can only be done to the cluster", Remedy: "do it to the cluster, in RunPod's console"},
		Entry{ID: NoFreeGPU, Means: "the last start failed: the pod's machine has no GPU free, in RunPod's own words", Remedy: "try again later, or create a new pod"},
		Entry{ID: StartFailed, Means: "the last start failed for another reason, which RunPod names", Remedy: "mend that, start it again"},
		Entry{ID: Locked, Means: "the pod is locked, and what it would need cannot be done to a locked pod", Remedy: "unlock it in RunPod's console"},
		Entry{ID: Stopped, Means: "the pod is stopped", Remedy: "start it; billing begins"},
		Entry{ID: Failed, Means: "RunPod reports that the container cannot run", Remedy: "read its logs, mend the image or the start command"},
		Entry{ID: StatusNotKnown, Means: "RunPod reports a status that this podbay does not know", Remedy: "connect all the same"},
	)
	add("The way to it",
		Entry{ID: SSHConfig, Means: "`~/.ssh/config` asks for a jump host or a proxy command on the way", Remedy: "use OpenSSH's ssh, or exempt the host"},
		Entry{ID: NotThatWay, Means: "the way that was asked for does not exist", Remedy: "let podbay choose"},
		Entry{ID: RoutePending, Means: "the pod has just started and has no way in yet", Remedy: "wait"},
		Entry{ID: NoRoute, Means: "RunPod reports neither a public port nor its proxy", Remedy: "add `22/tcp` to the pod's ports; the container is recreated"},
		Entry{ID: ProxyFailed, Means: "RunPod's SSH proxy cannot be reached", Remedy: "try again in a minute"},
		Entry{ID: ProxyNoPort, Means: "`22/tcp` is not among the pod's ports: only the proxy leads in", Remedy: "add it; the container is recreated"},
		Entry{ID: ProxyNoIP, Means: "a community host without a public IP: only the proxy leads in"},
		Entry{ID: PortPending, Means: "the public port is not mapped yet: only the proxy leads in"},
		Entry{ID: ProxyNoMap, Means: "RunPod reports no public port for `22/tcp`: only the proxy leads in"},
	)
	add("The port",
		Entry{ID: PortOfEarlier, Means: "the port that RunPod reports is the one of before the last start, by podbay's records", Remedy: "wait"},
		Entry{ID: SSHDStarting, Means: "no SSH server answers yet, and the pod started less than three minutes ago", Remedy: "wait"},
		Entry{ID: SSHDNoKey, Means: "nothing listens behind the port, and the pod's `PUBLIC_KEY` holds no key, without which RunPod's images start no sshd", Remedy: "put your key into `PUBLIC_KEY`; the container is recreated"},
		Entry{ID: NoSSHD, Means: "nothing listens behind the mapped port", Remedy: "start sshd in the pod; for custom templates podbay copies the documented start command"},
		Entry{ID: NoAnswer, Means: "the address does not answer", Remedy: "try from another network, or restart the pod"},
		Entry{ID: Unreachable, Means: "this machine has no way to the address", Remedy: "check the network"},
		Entry{ID: Silent, Means: "the port is open, and nothing is said", Remedy: "restart the pod"},
		Entry{ID: ClosesAtOnce, Means: "the port closes connections before an SSH banner", Remedy: "see in the web terminal whether sshd runs"},
		Entry{ID: NotSSH, Means: "something else speaks on the port; podbay says what", Remedy: "free port 22 for sshd"},
		Entry{ID: NoAgreement, Means: "the SSH server offers no algorithm that podbay uses too; podbay uses none that is known to be broken", Remedy: "look at the algorithms in its sshd_config, or update the image's OpenSSH"},
		Entry{ID: ConnectFailed, Means: "the connection failed for a reason that is none of these; podbay shows it", Remedy: "remove what is named"},
		Entry{ID: Checking, Means: "the port has not been measured yet"},
		Entry{ID: Ready, Means: "an SSH server answers; how fast, and which"},
	)
	add("The host key",
		Entry{ID: HostKeyRevoked, Means: "the server shows a key that a known_hosts file marks `@revoked`", Remedy: "do not connect"},
		Entry{ID: HostKeyContradicted, Means: "the server shows a key that is not among those in the pod's own log", Remedy: "do not connect before you know why"},
		Entry{ID: HostKeyRestarted, Means: "another key than the known one, and the pod was started anew since", Remedy: "compare, then forget the old key"},
		Entry{ID: HostKeyChanged, Means: "another key than the known one, and nothing explains it", Remedy: "see both fingerprints; the only way on is to forget the old key"},
		Entry{ID: HostKeyUnknown, Means: "the key was never seen, and no log of the pod shows it", Remedy: "compare the fingerprint, then accept it"},
		Entry{ID: HostKeyVerified, Means: "an SSH server answers, and the pod's log shows its key"},
	)
	add("The session",
		Entry{ID: DiskFull, Means: "the pod took the login and says that a disk is full", Remedy: "free space"},
		Entry{ID: PTYRefused, Means: "the pod took the login and refused a terminal", Remedy: "look at `PermitTTY` in its sshd_config"},
		Entry{ID: ShellRefused, Means: "the pod took the login and refused a shell", Remedy: "look at root's login shell and `ForceCommand`"},
		Entry{ID: ShellLate, Means: "the pod took the login and opened no shell in time", Remedy: "try again, or restart the pod"},
		Entry{ID: ProxyComplaint, Means: "RunPod's proxy took the login, printed a complaint and ended, as if all were well", Remedy: "see in the web terminal whether the container runs"},
		Entry{ID: ShellExits, Means: "the shell ended at once, before anything was typed", Remedy: "look at root's login shell and start files"},
		Entry{ID: Dropped, Means: "the connection was lost; by whom and after how long is said", Remedy: "connect again"},
	)
	add("The keys of this machine",
		Entry{ID: KeyModeTooOpen, Means: "the key that would be taken can be read by other users, so that it is not used", Remedy: "set its mode to 0600"},
		Entry{ID: KeyWrongOwner, Means: "the key that would be taken is another user's file", Remedy: "make it your own"},
		Entry{ID: PassphraseWrong, Means: "the pod takes the key, and the passphrase does not open it", Remedy: "the right passphrase, or the agent"},
		Entry{ID: KeysUnusable, Means: "keys were found, and the one that would be taken cannot be used; podbay says why", Remedy: "mend that"},
		Entry{ID: KeyWithheld, Means: "`~/.ssh/config` keeps a registered key from being offered (`IdentitiesOnly`, another `IdentityFile`)", Remedy: "name the key for this host"},
		Entry{ID: AgentIsLocked, Means: "there is no key but in the agent, and that is locked", Remedy: "`ssh-add -X`"},
		Entry{ID: AgentIsDead, Means: "there is no key but maybe in the agent, and that cannot be asked", Remedy: "start one, or unset `SSH_AUTH_SOCK`"},
		Entry{ID: AgentIsEmpty, Means: "the agent holds no key, and there is no key file", Remedy: "`ssh-add`, or set a key up"},
		Entry{ID: NoLocalKey, Means: "there is no SSH key on this machine", Remedy: "make one and register it"},
	)
	add("The login",
		Entry{ID: PasswordOnly, Means: "the server takes only a password, which RunPod pods do not have", Remedy: "allow `PubkeyAuthentication`"},
		Entry{ID: MoreWanted, Means: "the server took the key and wants a second proof", Remedy: "set `AuthenticationMethods publickey`"},
		Entry{ID: KeyTypeRefused, Means: "the server accepts no signature that the key can make", Remedy: "make an ed25519 key"},
		Entry{ID: KeyMalformed, Means: "the key stands on the account in a form that is no key", Remedy: "mend the registered entry"},
		Entry{ID: TooManyKeys, Means: "the login ended, as servers take few tries, before every key was offered", Remedy: "name the right key"},
		Entry{ID: KeyUnknown, Means: "none of the keys that could be offered is registered on the account", Remedy: "register one"},
		Entry{ID: ProxyKeyRefused, Means: "RunPod's proxy refused a key that is not known to be missing on the account", Remedy: "try again in a minute"},
		Entry{ID: WrongUser, Means: "the login was for another user than root", Remedy: "log in as root"},
		Entry{ID: PublicKeyIsEmpty, Means: "the pod's `PUBLIC_KEY` is empty", Remedy: "add the key to the running pod"},
		Entry{ID: PublicKeyIsNull, Means: "the pod's `PUBLIC_KEY` is the word `null`", Remedy: "add the key to the running pod"},
		Entry{ID: PodLacksKey, Means: "the pod's `PUBLIC_KEY` holds other keys", Remedy: "add the key to the running pod"},
		Entry{ID: PodIgnoresKey, Means: "the pod's `PUBLIC_KEY` has the key, and its sshd refuses it", Remedy: "the documented start command, or ~/.ssh in the web terminal"},
		Entry{ID: RegisteredLate, Means: "by podbay's records the key was registered after the container had started", Remedy: "add the key to the running pod"},
		Entry{ID: KeyRefused, Means: "the pod lacks the key; registered too late and created without SSH look alike from outside", Remedy: "add the key to the running pod"},
		Entry{ID: PassphraseWanted, Means: "the pod takes the key, whose passphrase is needed", Remedy: "connect: podbay asks for it"},
	)
	return all
}
