package doctor_test

import (
	"time"

	"pgregory.net/rapid"

	"podbay/doctor"
)

// removals take away what a verdict names as the cause; nil where it names none.
func removals() map[doctor.ID]func(*doctor.Facts) {
	pods := func(f *doctor.Facts) { f.Account.Pods = doctor.CallOK }
	status := func(f *doctor.Facts) { f.Status = "RUNNING" }
	settled := func(f *doctor.Facts) { f.SinceStart = time.Hour }
	port := func(f *doctor.Facts) { f.Probe.Outcome, f.Attempt.Probe.Outcome = doctor.PortBanner, "" }
	trust := func(f *doctor.Facts) { f.HostKey.Trust = doctor.TrustKnown }
	session := func(f *doctor.Facts) { f.Session = doctor.Session{} }
	login := func(f *doctor.Facts) { f.Login = doctor.Login{Outcome: doctor.LoginAccepted} }
	blocked := func(f *doctor.Facts) { f.Login.Blocked, f.Login.Unusable = doctor.BlockedKey{}, 0 }
	agent := func(f *doctor.Facts) { f.Login.Agent = "" }
	publicKey := func(f *doctor.Facts) { f.Login.PublicKey = "" }
	return map[doctor.ID]func(*doctor.Facts){
		doctor.NoAPIKey: pods, doctor.APIKeyRejected: pods, doctor.APIKeyLacksPods: pods, doctor.ClockWrong: pods,
		doctor.RunPodNameUnknown: pods, doctor.RunPodUnreachable: pods, doctor.RunPodTLS: pods, doctor.HTTPSProxy: pods,
		doctor.RunPodFailing: pods, doctor.RunPodLimiting: pods, doctor.RunPodUnreadable: pods,
		doctor.APIKeyLacksKeys: func(f *doctor.Facts) { f.Account.SSHKeys = doctor.CallOK }, doctor.AccountReady: nil,

		doctor.Provisioning: status, doctor.Starting: status, doctor.Stopped: status, doctor.Failed: status,
		doctor.Terminated: status, doctor.StatusNotKnown: status,
		doctor.NoFreeGPU:     func(f *doctor.Facts) { f.NoFreeGPU = false },
		doctor.StartFailed:   func(f *doctor.Facts) { f.StartFailed = "" },
		doctor.ClusterMember: func(f *doctor.Facts) { f.Cluster = false },
		doctor.Locked:        func(f *doctor.Facts) { f.Locked = false },

		doctor.SSHConfig:     func(f *doctor.Facts) { f.Attempt.Unsupported = "" },
		doctor.NotThatWay:    func(f *doctor.Facts) { f.Attempt.Asked = "" },
		doctor.RoutePending:  settled,
		doctor.NoRoute:       func(f *doctor.Facts) { f.HasProxy = true },
		doctor.ProxyFailed:   func(f *doctor.Facts) { f.Attempt.Probe.Outcome = "" },
		doctor.PortOfEarlier: func(f *doctor.Facts) { f.PortOfEarlier = false },
		doctor.ProxyNoPort:   func(f *doctor.Facts) { f.Exposes22 = true },
		doctor.ProxyNoIP:     func(f *doctor.Facts) { f.Community = false },
		doctor.ProxyNoMap:    func(f *doctor.Facts) { f.DirectAddr = addr },
		doctor.PortPending:   settled,

		doctor.SSHDStarting: settled, doctor.SSHDNoKey: publicKey,
		doctor.NoSSHD: port, doctor.NoAnswer: port, doctor.Unreachable: port, doctor.Silent: port,
		doctor.ClosesAtOnce: port, doctor.NotSSH: port,
		doctor.NoAgreement:   func(f *doctor.Facts) { f.Attempt.NoAgreement = false },
		doctor.ConnectFailed: func(f *doctor.Facts) { f.Attempt = doctor.Attempt{} },
		doctor.Checking:      nil, doctor.Ready: nil, doctor.HostKeyVerified: nil,

		doctor.HostKeyRevoked: trust, doctor.HostKeyContradicted: trust, doctor.HostKeyChanged: trust,
		doctor.HostKeyRestarted: func(f *doctor.Facts) { f.HostKey.Restarted = doctor.No }, doctor.HostKeyUnknown: trust,

		doctor.NoLocalKey: login, doctor.KeyModeTooOpen: blocked, doctor.KeyWrongOwner: blocked,
		doctor.PassphraseWrong: blocked, doctor.KeysUnusable: blocked,
		doctor.AgentIsLocked: agent, doctor.AgentIsDead: agent, doctor.AgentIsEmpty: agent,
		doctor.KeyWithheld:      func(f *doctor.Facts) { f.Login.Withheld = "" },
		doctor.PasswordOnly:     func(f *doctor.Facts) { f.Login.PasswordOnly = false },
		doctor.MoreWanted:       func(f *doctor.Facts) { f.Login.MoreWanted = false },
		doctor.KeyTypeRefused:   func(f *doctor.Facts) { f.Login.TypesRefused = "" },
		doctor.KeyMalformed:     func(f *doctor.Facts) { f.Login.Registered = doctor.RegisteredYes },
		doctor.KeyUnknown:       func(f *doctor.Facts) { f.Login.Registered = doctor.RegisteredYes },
		doctor.TooManyKeys:      func(f *doctor.Facts) { f.Login.TooMany = false },
		doctor.WrongUser:        func(f *doctor.Facts) { f.Login.User = "root" },
		doctor.PublicKeyIsEmpty: publicKey, doctor.PublicKeyIsNull: publicKey, doctor.PodLacksKey: publicKey,
		doctor.PodIgnoresKey:   publicKey,
		doctor.RegisteredLate:  func(f *doctor.Facts) { f.Login.RegisteredLater = false },
		doctor.ProxyKeyRefused: login, doctor.KeyRefused: login,
		doctor.PassphraseWanted: func(f *doctor.Facts) { f.Login.WantsPassphrase = "" },

		doctor.PTYRefused: session, doctor.ShellRefused: session, doctor.ShellLate: session, doctor.ShellExits: session,
		doctor.ProxyComplaint: session, doctor.DiskFull: session, doctor.Dropped: session,
	}
}

func drawFacts(t *rapid.T) doctor.Facts {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	span := func(name string) time.Duration {
		return rapid.OneOf(
			rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour}),
			rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64Range(-1e12, 1e16).Draw(t, "d")) }),
		).Draw(t, name)
	}
	f := doctor.Facts{
		Account: doctor.Account{Pods: drawCall(t, "pods"), SSHKeys: drawCall(t, "keys"), RetryAfter: span("retry"), Words: drawWords(t, "api words")},
		// Most are running: that is where causes combine.
		Status:        rapid.SampledFrom([]string{"", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "EXITED", "STARTING", "PROVISIONING", "ERROR", "TERMINATED", "NEW"}).Draw(t, "status"),
		Started:       flag("started"),
		SinceStart:    span("since"),
		Community:     flag("community"),
		Exposes22:     flag("exposes"),
		DirectAddr:    rapid.SampledFrom([]string{"", addr, addr}).Draw(t, "addr"),
		HasProxy:      flag("proxy"),
		CanStart:      flag("start"),
		Cluster:       rapid.IntRange(0, 4).Draw(t, "cluster") == 0,
		Locked:        flag("locked"),
		StartCost:     rapid.Float64Range(0, 20).Draw(t, "cost"),
		DiskGB:        rapid.IntRange(0, 100).Draw(t, "disk"),
		Volume:        rapid.SampledFrom([]string{"", "20 GB volume at /workspace"}).Draw(t, "volume"),
		StartFailed:   drawWords(t, "start failed"),
		NoFreeGPU:     flag("gpu"),
		PortOfEarlier: flag("earlier"),
		SystemLog:     drawWords(t, "log"),
		Probe: doctor.Probe{
			Outcome: rapid.SampledFrom([]doctor.Outcome{"", doctor.PortBanner, doctor.PortBanner, doctor.PortBanner, doctor.PortRefused, doctor.PortTimeout, doctor.PortUnreachable, doctor.PortSilent, doctor.PortClosed, doctor.PortNotSSH}).Draw(t, "probe"),
			Latency: span("latency"), Got: drawWords(t, "got"),
		},
		HostKey: doctor.HostKey{
			Trust:     rapid.SampledFrom([]doctor.Trust{"", doctor.TrustKnown, doctor.TrustKnown, doctor.TrustVerified, doctor.TrustUnknown, doctor.TrustContradicted, doctor.TrustChanged, doctor.TrustRevoked}).Draw(t, "trust"),
			Restarted: drawAnswer(t, "restarted"), Logged: drawAnswer(t, "logged"), Where: "~/.ssh/known_hosts, line 3",
		},
		Login: drawLogin(t, span), Session: drawSession(t, span),
	}
	if flag("attempt") {
		return f.After(doctor.Attempt{
			Proxy: flag("by proxy"), NoDirect: flag("no direct"), Addr: rapid.SampledFrom([]string{"", addr}).Draw(t, "dialed"), Cause: drawWords(t, "cause"),
			Unsupported: rapid.SampledFrom([]string{"", "", "", "ProxyJump bastion"}).Draw(t, "unsupported"),
			Asked:       rapid.SampledFrom([]string{"", "", "", "proxy"}).Draw(t, "asked"),
			NoAgreement: rapid.IntRange(0, 5).Draw(t, "agreement") == 0,
			Probe:       f.Probe, HostKey: f.HostKey, Login: f.Login,
		})
	}
	return f
}

func drawCall(t *rapid.T, name string) doctor.Call {
	return rapid.SampledFrom([]doctor.Call{"", doctor.CallOK, doctor.CallNoKey, doctor.CallRejected, doctor.CallForbidden, doctor.CallLimited,
		doctor.CallFailing, doctor.CallMalformed, doctor.CallNameUnknown, doctor.CallUnreachable, doctor.CallProxy, doctor.CallTLS, doctor.CallClock}).Draw(t, name)
}

func drawAnswer(t *rapid.T, name string) doctor.Answer {
	return rapid.SampledFrom([]doctor.Answer{"", doctor.Yes, doctor.No}).Draw(t, name)
}

func drawWords(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"", "some words"}).Draw(t, name)
}

func drawLogin(t *rapid.T, span func(string) time.Duration) doctor.Login {
	flag := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	return doctor.Login{
		Outcome: rapid.SampledFrom([]doctor.LoginOutcome{"", doctor.LoginAccepted, doctor.LoginRefused, doctor.LoginRefused, doctor.LoginNoKey}).Draw(t, "login"),
		Age:     span("age"), User: rapid.SampledFrom([]string{"", "root", "root", "ubuntu"}).Draw(t, "user"),
		Offered: rapid.IntRange(0, 5).Draw(t, "offered"), Unusable: rapid.IntRange(0, 2).Draw(t, "unusable"),
		Blocked: doctor.BlockedKey{
			Fault: rapid.SampledFrom([]doctor.KeyFault{"", "", "", doctor.KeyModeOpen, doctor.KeyOfAnother, doctor.KeyPassphrase, doctor.KeyOtherwise}).Draw(t, "fault"),
			Name:  rapid.SampledFrom([]string{"~/.ssh/id_ed25519", "~/my keys/$(id)"}).Draw(t, "name"), Words: "it is wrong",
		},
		Agent:             rapid.SampledFrom([]doctor.Agent{"", doctor.AgentLocked, doctor.AgentEmpty, doctor.AgentDead}).Draw(t, "agent"),
		Withheld:          rapid.SampledFrom([]string{"", "", "", "IdentitiesOnly yes"}).Draw(t, "withheld"),
		Registered:        rapid.SampledFrom([]doctor.Registered{"", doctor.RegisteredYes, doctor.RegisteredYes, doctor.RegisteredNo, doctor.RegisteredMalformed}).Draw(t, "registered"),
		RegisteredLater:   flag("later"),
		PublicKey:         rapid.SampledFrom([]doctor.PublicKey{"", "", doctor.PublicKeyEmpty, doctor.PublicKeyNull, doctor.PublicKeyLacks, doctor.PublicKeyHas}).Draw(t, "PUBLIC_KEY"),
		PasswordOnly:      flag("password"),
		Methods:           rapid.SampledFrom([]string{"", "password", "keyboard-interactive"}).Draw(t, "methods"),
		MoreWanted:        flag("more"),
		TooMany:           flag("many"),
		SkippedRegistered: flag("skipped"),
		TypesRefused:      rapid.SampledFrom([]string{"", "", "~/.ssh/id_rsa"}).Draw(t, "types"),
		WantsPassphrase:   rapid.SampledFrom([]string{"", "", "~/.ssh/id_rsa"}).Draw(t, "passphrase"),
	}
}

func drawSession(t *rapid.T, span func(string) time.Duration) doctor.Session {
	return doctor.Session{
		End:   rapid.SampledFrom([]doctor.SessionEnd{"", "", "", doctor.EndExit, doctor.EndDropped, doctor.EndNoPTY, doctor.EndNoShell, doctor.EndLateShell}).Draw(t, "end"),
		Proxy: rapid.Bool().Draw(t, "session proxy"), Typed: rapid.Bool().Draw(t, "typed"), Lasted: span("lasted"),
		Status: rapid.IntRange(0, 2).Draw(t, "exit"), Signal: rapid.SampledFrom([]string{"", "", "KILL"}).Draw(t, "signal"),
		Cause: drawWords(t, "end cause"), Said: drawWords(t, "said"), Full: rapid.IntRange(0, 3).Draw(t, "full") == 0,
	}
}
