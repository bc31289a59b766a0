package manager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"podbay/sshconn"
)

// InstallRequest says which key to add to a running pod.
type InstallRequest struct {
	PodID       string
	Fingerprint string
	// Command is what the user saw and agreed to: what InstallCommand returned.
	Command string
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
	// AcceptHostKeys are the fingerprints of the HostKeyUnknown questions that the
	// user accepted: both the proxy and the pod may ask one.
	AcceptHostKeys []string
	// Progress, if not nil, is told what is being done, in words that can be
	// drawn. It must not block.
	Progress func(step string)
	// Patience bounds the wait for the shell's prompt and the wait for its answer
	// to the command, each; 0 means 20 s.
	Patience time.Duration
}

const defaultPatience = 20 * time.Second

// Installed is how a key got into a pod.
type Installed struct {
	Verified bool   // a direct login with the key succeeded afterwards
	Sentence string // what was done, and what could not be checked
}

// InstallByProxy types Command into a shell that RunPod's proxy opens in the pod,
// once, and nothing else; it leaves by closing the connection. Then it logs in
// directly, without a shell, where the pod has a direct address. It returns
// [*HostKeyUnknown], [*HostKeyChanged] and [*PassphraseWanted] as Connect does,
// always before anything is typed. Any other error is one plain sentence that
// says whether anything was typed, and what is known of it.
func (m *Manager) InstallByProxy(ctx context.Context, req InstallRequest) (Installed, error) {
	patience := req.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	want, err := m.agreed(ctx, req)
	if err != nil {
		return Installed{}, err
	}
	a := newAttempt(ConnectRequest{PodID: req.PodID, Via: RouteProxy, Passphrases: req.Passphrases, Progress: req.Progress})
	if err := m.locate(ctx, a); err != nil {
		return Installed{}, err
	}
	if a.route.Kind != RouteProxy {
		return Installed{}, fmt.Errorf("%s: nothing was typed: %s", a.row.Name, a.route.Reason)
	}
	in := installing{m: m, req: req, proxy: a, want: want, forPrompt: patience, forAnswer: patience}
	there, err := in.askAhead(ctx)
	if err != nil {
		return Installed{}, err
	}
	if there {
		return Installed{Verified: true, Sentence: a.row.Name + " takes the key already: nothing was typed" + in.said() + "."}, nil
	}
	conn, err := in.dialProxy(ctx)
	if err != nil {
		return Installed{}, err
	}
	err = in.typeInto(ctx, conn)
	_ = conn.Close() // this is how the shell is left
	if err != nil {
		return Installed{}, fmt.Errorf("%s: %w", a.row.Name, err)
	}
	return in.verify(ctx)
}

// installing is one InstallByProxy under way.
type installing struct {
	m     *Manager
	req   InstallRequest
	proxy *attempt
	want  sentinel

	forPrompt, forAnswer time.Duration // how long each is waited for

	notice string // what must be said of the pod's host key; "" for nothing
}

// said is the notice as the end of a sentence.
func (in *installing) said() string {
	if in.notice == "" {
		return ""
	}
	in.m.toldHostKey(in.req.PodID)
	return "; " + in.notice
}

// direct is an attempt on the pod's own sshd; its route is RouteNone when the
// pod has no direct address.
func (in *installing) direct() *attempt {
	return in.m.attemptAt(in.proxy.pod, ConnectRequest{
		PodID: in.req.PodID, Via: RouteDirect, Passphrases: in.req.Passphrases, Progress: in.req.Progress,
	})
}

// askAhead tries a direct login where the pod's host key is not known yet: the
// question about it must come before anything is typed, not after. there says
// that the pod takes the key already.
func (in *installing) askAhead(ctx context.Context) (there bool, err error) {
	a := in.direct()
	if a.route.Kind != RouteDirect {
		return false, nil
	}
	name, err := hostKeyAlias(a.pod.ID)
	if err != nil {
		return false, err
	}
	if keys, _, err := in.m.known.Lookup(name); err != nil || len(keys) > 0 {
		return false, err
	}
	_, err = in.m.tryKey(ctx, a, in.req.Fingerprint, in.req.AcceptHostKeys)
	in.notice = a.notice
	var refused *sshconn.AuthError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &refused): // what is to be mended
		return false, nil
	case ctx.Err() != nil:
		return false, in.m.refusal(ctx, a, err)
	}
	if question, ok := asQuestion(in.m.refusal(ctx, a, err)); ok {
		return false, question
	}
	return false, nil // the pod's sshd may be down: the proxy does not need it
}

// dialProxy logs in at the proxy with the one key.
func (in *installing) dialProxy(ctx context.Context) (*sshconn.Conn, error) {
	a := in.proxy
	if _, err := in.m.offerOnly(ctx, a, in.req.Fingerprint); err != nil {
		return nil, err
	}
	conn, err := in.m.dialAccepting(ctx, a, in.req.AcceptHostKeys)
	var refused *sshconn.AuthError
	switch {
	case err == nil:
		return conn, nil
	case errors.As(err, &refused) && ctx.Err() == nil:
		return nil, fmt.Errorf("%s: nothing was typed: RunPod's proxy refused the key; it takes the keys that are registered on the account: register it first", a.row.Name)
	}
	return nil, in.m.refusal(ctx, a, err)
}

// verify logs in directly. That the shell said yes stands, whatever comes of it.
func (in *installing) verify(ctx context.Context) (Installed, error) {
	a := in.direct()
	added := a.row.Name + ": the key was added in the pod's shell"
	if a.route.Kind != RouteDirect {
		return Installed{Sentence: added + "; a login could not be tried, as the pod has no direct address: only RunPod's proxy leads in."}, nil
	}
	_, err := in.m.tryKey(ctx, a, in.req.Fingerprint, nil)
	if a.notice != "" {
		in.notice = a.notice
	}
	var refused *sshconn.AuthError
	switch {
	case err == nil:
		return Installed{Verified: true, Sentence: added + ", and a direct login with it succeeded" + in.said() + "."}, nil
	case errors.As(err, &refused) && ctx.Err() == nil:
		return Installed{}, fmt.Errorf("%s, yet its SSH server still refuses it: its sshd looks for keys elsewhere (AuthorizedKeysFile), or the home directory of the shell can be written by others", added)
	}
	return Installed{Sentence: fmt.Sprintf("%s; whether the pod takes it could not be checked: %v.", added, in.m.refusal(ctx, a, err))}, nil
}
