package manager

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
)

// publicKeyState is what a pod's PUBLIC_KEY says of one key. RunPod puts the
// keys of the account there when a pod is created with SSH; its images copy them
// to ~/.ssh/authorized_keys, and start sshd only when there is something to copy.
type publicKeyState int

const (
	publicKeyAbsent publicKeyState = iota // not among the variables that RunPod shows: it may be there all the same
	publicKeyEmpty
	publicKeyNull // the word null, as some templates leave it
	publicKeyLacks
	publicKeyHas
)

// fact is the state in doctor's words.
func (s publicKeyState) fact() doctor.PublicKey {
	return map[publicKeyState]doctor.PublicKey{
		publicKeyEmpty: doctor.PublicKeyEmpty, publicKeyNull: doctor.PublicKeyNull,
		publicKeyLacks: doctor.PublicKeyLacks, publicKeyHas: doctor.PublicKeyHas,
	}[s]
}

const publicKeyVariable = "PUBLIC_KEY"

func publicKeyOf(env runpod.Env, fingerprint string) publicKeyState {
	value, ok := env[publicKeyVariable]
	switch text := strings.TrimSpace(value); {
	case !ok:
		return publicKeyAbsent
	case text == "":
		return publicKeyEmpty
	case text == "null":
		return publicKeyNull
	case fingerprints(strings.Split(text, "\n"))[fingerprint]:
		return publicKeyHas
	}
	return publicKeyLacks
}

// plainKey is the key itself, also of a certificate.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

// explainRefusal says why a login was refused, and which ways out there are.
func (p *prover) explainRefusal(ctx context.Context, proof *Proof, pod provable, refused *sshconn.AuthError) {
	switch {
	case len(refused.Offered) > 0 && refused.Offered[0].Taken:
		proof.Sentence = "The SSH server knows the key and refused the login all the same: its sshd asks for more than a key, or limits where this one may come from."
		proof.Ways = []WayOut{WayWebTerminal}
	case len(refused.Methods) > 0 && !slices.Contains(refused.Methods, "publickey"):
		proof.Sentence = "The pod's SSH server takes no keys at all: allow PubkeyAuthentication in its sshd_config."
		proof.Ways = []WayOut{WayWebTerminal}
	case len(refused.Offered) == 0:
		proof.Sentence = "No signature can be made with this key that the SSH server accepts: use an ed25519 key."
	case proof.Route.Kind == RouteProxy:
		// Nothing that is put into the pod changes what the proxy takes.
		proof.Sentence = proxyRefusal(p.registered)
	default:
		proof.Sentence = refusalSentence(p.registered, pod.publicKey)
		proof.Ways = p.ways(ctx, pod)
	}
}

func proxyRefusal(registered doctor.Registered) string {
	const rule = "RunPod's proxy takes the keys that are registered on the account"
	switch registered {
	case doctor.RegisteredNo:
		return "The key is not registered on the account: register it first. " + rule + "."
	case doctor.RegisteredYes:
		return "RunPod's proxy refused the key, although it is registered on the account: try again in a minute."
	}
	return rule + ", and refused this one; whether it is registered could not be learnt."
}

// refusalSentence says why the pod's own sshd refused a key, as far as that can
// be known from outside.
func refusalSentence(registered doctor.Registered, publicKey publicKeyState) string {
	var words []string
	switch registered {
	case doctor.RegisteredNo:
		words = append(words, "The key is not registered on the RunPod account: register it first.")
	case doctor.RegisteredYes:
	default:
		words = append(words, "Whether the key is registered on the RunPod account could not be learnt.")
	}
	switch publicKey {
	case publicKeyHas:
		words = append(words, "The pod's PUBLIC_KEY has the key, yet its sshd refused it: the image does not copy PUBLIC_KEY to ~/.ssh/authorized_keys, or the owner or mode of those files is wrong.")
	case publicKeyLacks:
		words = append(words, "The pod's PUBLIC_KEY does not have the key: it holds others.")
	case publicKeyEmpty:
		words = append(words, "The pod's PUBLIC_KEY is empty, so that no key was put into it.")
	case publicKeyNull:
		words = append(words, "The pod's PUBLIC_KEY is the word null, which is no key.")
	case publicKeyAbsent:
		if registered == doctor.RegisteredNo {
			words = append(words, "Pods get the keys that are registered when they are created.")
			break
		}
		words = append(words, "The pod was created before the key was registered, or created without SSH: from outside the two look alike.")
	}
	return strings.Join(words, " ")
}

// ways are the ways out for a pod whose own sshd refuses the key.
func (p *prover) ways(ctx context.Context, pod provable) []WayOut {
	var ways []WayOut
	takes, known := p.proxyTakes(ctx, pod)
	if takes || !known && p.registered == doctor.RegisteredYes {
		ways = append(ways, WayProxyShell)
	}
	if mayRecreate(pod) {
		ways = append(ways, WayRecreate)
	}
	return append(ways, WayWebTerminal)
}

// mayRecreate reports whether setting PUBLIC_KEY is allowed and would change it.
func mayRecreate(pod provable) bool {
	return !pod.pod.Locked && pod.pod.Cluster == nil && pod.publicKey != publicKeyHas
}

// explain says why a pod could not be tried to the end.
func (p *prover) explain(ctx context.Context, proof *Proof, a *attempt, pod provable, err error) {
	var failure *Failure
	if !errors.As(err, &failure) {
		refusal := p.m.refusal(ctx, a, err)
		if question, ok := asQuestion(refusal); ok {
			proof.Question, proof.Sentence = question, questionSentence(question)
			return
		}
		if !errors.As(refusal, &failure) {
			proof.Sentence = refusal.Error()
			return
		}
	}
	if errors.Is(failure, errKeptBack) {
		proof.Sentence = "Not tried: " + errKeptBack.Error() + "."
		return
	}
	verdict := failure.Verdict
	if verdict.ID == doctor.NoSSHD || verdict.ID == doctor.SSHDNoKey {
		p.explainNoSSHD(ctx, proof, pod)
		return
	}
	proof.Sentence = strings.TrimSpace(verdict.Sentence + " " + verdict.Remedy)
	waits := verdict.ID == doctor.SSHDStarting || verdict.ID == doctor.SSHConfig
	if proof.Route.Kind == RouteDirect && !waits {
		proof.Ways = []WayOut{WayWebTerminal}
	}
}

// explainNoSSHD tells the commonest cause of a pod without sshd, where it can be
// known: there was no key to start it for.
func (p *prover) explainNoSSHD(ctx context.Context, proof *Proof, pod provable) {
	proof.Sentence = "No SSH server listens behind " + proof.Route.Addr + "."
	switch pod.publicKey {
	case publicKeyEmpty, publicKeyAbsent:
		why := "its PUBLIC_KEY is empty"
		if pod.publicKey == publicKeyAbsent {
			why = "RunPod shows none for this pod"
		}
		proof.Sentence += " RunPod's images start one only when PUBLIC_KEY holds a key, and " + why + "."
		if mayRecreate(pod) {
			proof.Ways = append(proof.Ways, WayRecreate)
		}
	default:
		proof.Sentence += " The image runs none, or it has ended: start it from the pod's web terminal."
	}
	if takes, _ := p.proxyTakes(ctx, pod); takes {
		proof.Sentence += " RunPod's proxy takes the key: it may still lead in."
	}
	proof.Ways = append(proof.Ways, WayWebTerminal)
}

// asQuestion tells the errors that are answered by asking again.
func asQuestion(err error) (error, bool) {
	switch err.(type) {
	case *HostKeyUnknown, *HostKeyChanged, *PassphraseWanted:
		return err, true
	}
	return nil, false
}

func questionSentence(question error) string {
	switch q := question.(type) {
	case *HostKeyUnknown:
		return "Not tried yet: the host key of " + q.Addr + " is not known: " + q.KeyType + " " + q.Fingerprint + "."
	case *HostKeyChanged:
		if q.NeverKnown() {
			return "Not tried: " + q.Addr + " shows a host key that the pod's log does not list: " + q.KeyType + " " + q.Offered + "."
		}
		return "Not tried: the host key of " + q.Addr + " has changed: " + q.KeyType + " " + q.Offered + "."
	case *PassphraseWanted:
		if q.Wrong {
			return "The passphrase of " + q.Name + " does not fit."
		}
		return "The SSH server knows the key; to finish the login, the passphrase of " + q.Name + " is needed."
	}
	return question.Error()
}

// publicLine is the key as it goes into authorized_keys: type and blob, never the
// comment.
func publicLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(plainKey(key))))
}
