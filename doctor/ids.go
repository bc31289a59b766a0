package doctor

// APIKeysPage is where a user makes an API key and gives it scopes: RunPod's settings.
const APIKeysPage = "https://console.runpod.io/user/settings"

// ID identifies a verdict in JSON and in the docs.
type ID string

// The verdicts on the account.
const (
	NoAPIKey          ID = "no-api-key"
	APIKeyRejected    ID = "api-key-rejected"
	APIKeyLacksPods   ID = "api-key-lacks-pods"
	APIKeyLacksKeys   ID = "api-key-lacks-ssh-keys"
	ClockWrong        ID = "clock-wrong"
	RunPodNameUnknown ID = "runpod-name-unknown"
	RunPodUnreachable ID = "runpod-unreachable"
	RunPodTLS         ID = "runpod-tls"
	HTTPSProxy        ID = "https-proxy"
	RunPodFailing     ID = "runpod-failing"
	RunPodLimiting    ID = "runpod-limiting"
	RunPodUnreadable  ID = "runpod-unreadable"
	AccountReady      ID = "account-ready"
)

// The verdicts on the pod.
const (
	Provisioning   ID = "provisioning"
	Starting       ID = "starting"
	NoFreeGPU      ID = "no-free-gpu"
	StartFailed    ID = "start-failed"
	ClusterMember  ID = "cluster-member"
	Locked         ID = "locked"
	Stopped        ID = "stopped"
	Failed         ID = "error"
	Terminated     ID = "terminated"
	StatusNotKnown ID = "unknown-status"
)

// The verdicts on the way to it.
const (
	SSHConfig     ID = "ssh-config-unsupported"
	NotThatWay    ID = "no-such-route"
	RoutePending  ID = "route-pending"
	NoRoute       ID = "no-route"
	ProxyFailed   ID = "proxy-failed"
	PortOfEarlier ID = "port-from-before-start"
	ProxyNoPort   ID = "proxy-only-not-exposed"
	ProxyNoIP     ID = "proxy-only-no-public-ip"
	ProxyNoMap    ID = "proxy-only-no-public-port"
	PortPending   ID = "public-port-pending"
)

// The verdicts on the port.
const (
	SSHDStarting  ID = "sshd-starting"
	SSHDNoKey     ID = "no-sshd-without-key"
	NoSSHD        ID = "no-sshd"
	NoAnswer      ID = "no-answer"
	Unreachable   ID = "unreachable"
	Silent        ID = "silent"
	ClosesAtOnce  ID = "closes-at-once"
	NotSSH        ID = "not-ssh"
	NoAgreement   ID = "no-common-algorithm"
	ConnectFailed ID = "connect-failed"
	Checking      ID = "checking"
	Ready         ID = "ready"
)

// The verdicts on the host key.
const (
	HostKeyRevoked      ID = "host-key-revoked"
	HostKeyContradicted ID = "host-key-not-in-log"
	HostKeyChanged      ID = "host-key-changed"
	HostKeyRestarted    ID = "host-key-changed-by-restart"
	HostKeyUnknown      ID = "host-key-unknown"
	HostKeyVerified     ID = "host-key-verified"
)

// The verdicts on the login.
const (
	NoLocalKey       ID = "no-local-key"
	KeyModeTooOpen   ID = "key-mode-too-open"
	KeyWrongOwner    ID = "key-wrong-owner"
	PassphraseWrong  ID = "passphrase-wrong"
	KeysUnusable     ID = "keys-unusable"
	AgentIsLocked    ID = "agent-locked"
	AgentIsDead      ID = "agent-unreachable"
	AgentIsEmpty     ID = "agent-empty"
	KeyWithheld      ID = "ssh-config-withholds-key"
	PasswordOnly     ID = "password-only"
	MoreWanted       ID = "more-than-a-key"
	KeyTypeRefused   ID = "key-type-refused"
	KeyMalformed     ID = "key-registered-malformed"
	KeyUnknown       ID = "key-not-registered"
	ProxyKeyRefused  ID = "proxy-key-refused"
	WrongUser        ID = "wrong-user"
	PublicKeyIsEmpty ID = "public-key-empty"
	PublicKeyIsNull  ID = "public-key-null"
	PodLacksKey      ID = "pod-lacks-key"
	PodIgnoresKey    ID = "pod-ignores-public-key"
	RegisteredLate   ID = "key-registered-too-late"
	TooManyKeys      ID = "too-many-keys"
	KeyRefused       ID = "key-refused"
	PassphraseWanted ID = "passphrase-wanted"
)

// The verdicts on the session.
const (
	PTYRefused     ID = "pty-refused"
	ShellRefused   ID = "shell-refused"
	ShellLate      ID = "shell-late"
	DiskFull       ID = "disk-full"
	ProxyComplaint ID = "proxy-complaint"
	ShellExits     ID = "shell-exits-at-once"
	Dropped        ID = "session-dropped"
)
