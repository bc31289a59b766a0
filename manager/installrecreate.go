package manager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"podbay/runpod"
)

// RecreateCost says, a sentence each, what RecreateWithKey costs: what is lost,
// what stays, what changes, how long it takes. It goes by what RunPod last
// reported of the pod.
func (m *Manager) RecreateCost(podID string) []string {
	m.mu.Lock()
	pod, known := m.pod(podID)
	m.mu.Unlock()
	disk, stays := "the container disk", "What stays is not known: RunPod has not reported this pod yet."
	if known {
		disk = fmt.Sprintf("the container disk of %d GB", pod.DiskGB)
		stays = "Nothing stays: the pod has no volume."
		if kept := volume(pod.Mounts); kept != "" {
			stays = "The " + kept + " stays."
		}
	}
	return []string{
		"RunPod recreates the container: everything outside the volume is lost, " + disk + " with it: installed packages, files in the home directory, keys added by hand.",
		stays,
		"Every program that runs in the pod is ended.",
		"The public port and the host key change, and often the address: where podbay knows the old host key it warns of the new one at the next connection, and that is then as it should be.",
		recreateKeyCost,
		"It takes as long as a start: a minute or two, longer if the image has to be pulled.",
	}
}

// recreateKeyCost is true of a changed PUBLIC_KEY alone.
const recreateKeyCost = "If RunPod gave the pod keys that it does not show in its PUBLIC_KEY, this key takes their place."

// RecreateWithKey adds a key to the pod's PUBLIC_KEY, which makes RunPod recreate
// the container: everything outside the volume is lost. A stopped pod gets the
// key at its next start.
//
// RunPod's PATCH replaces the whole environment and has no precondition. So it is
// read just before, refused when it could not be read whole, written back with
// nothing but PUBLIC_KEY changed, and read again; what then differs is told. A
// change that somebody makes between reading and writing is overwritten and
// cannot be noticed.
//
// No text of the environment is in any error.
func (m *Manager) RecreateWithKey(ctx context.Context, podID, fingerprint string) error {
	id, err := m.localKey(ctx, fingerprint)
	if err != nil {
		return err
	}
	line := publicLine(id.Public)
	if !plainLine.MatchString(line) {
		return errors.New("this key cannot be put into PUBLIC_KEY: its public half is not plain text")
	}
	client, err := m.api()
	if err != nil {
		return err
	}
	pod, err := client.GetPod(ctx, podID)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", m.callError(err))
	}
	name := m.keep(*pod).Name
	if reason := whyNotRecreate(*pod, fingerprint); reason != "" {
		return fmt.Errorf("%s: nothing was changed: %s", name, reason)
	}
	want := maps.Clone(pod.Env)
	want[publicKeyVariable] = mergedPublicKey(pod.Env[publicKeyVariable], line)

	_, patchErr := client.UpdatePod(ctx, podID, runpod.PodUpdate{Env: want})
	if surelyNot(patchErr) {
		return fmt.Errorf("%s: nothing was changed: %w", name, m.callError(patchErr))
	}
	if err := m.readBack(ctx, client, podID, pod.Env, want, patchErr); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// keep takes a freshly reported pod into what is known, without its environment.
func (m *Manager) keep(pod runpod.Pod) Pod {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.row(*m.note(&pod).pod)
}

// whyNotRecreate says why PUBLIC_KEY is not to be set; "" when it may be.
func whyNotRecreate(pod runpod.Pod, fingerprint string) string {
	switch {
	case pod.Cluster != nil:
		return "it is a member of a cluster, which cannot be changed pod by pod: use its proxy shell or web terminal"
	case pod.Locked:
		return "it is locked: unlock it in RunPod's console first, or use its proxy shell or web terminal"
	case pod.Status == runpod.StatusTerminated:
		return "it was deleted"
	case !pod.EnvWhole:
		return "RunPod's answer did not show its whole environment, which would have to be written back: set PUBLIC_KEY in RunPod's console"
	case publicKeyOf(pod.Env, fingerprint) == publicKeyHas:
		return "its PUBLIC_KEY has the key already, so that a new container would refuse it as this one does: look at its sshd in the web terminal"
	}
	return ""
}

// mergedPublicKey is PUBLIC_KEY with one more line; the others stay as they are.
func mergedPublicKey(value, line string) string {
	if text := strings.TrimSpace(value); text == "" || text == "null" {
		return line
	}
	if strings.HasSuffix(value, "\n") {
		return value + line + "\n"
	}
	return value + "\n" + line
}

// surelyNot reports whether a failed PATCH certainly changed nothing. After a
// lost answer or a server's error that has to be looked up.
func surelyNot(err error) bool {
	for _, refusal := range []error{
		runpod.ErrUnauthorized, runpod.ErrForbidden, runpod.ErrNotFound, runpod.ErrConflict, runpod.ErrInvalid, runpod.ErrRateLimited,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// readBack compares the pod's environment with what was to be written.
func (m *Manager) readBack(ctx context.Context, client api, podID string, before, want runpod.Env, patchErr error) error {
	pod, err := client.GetPod(ctx, podID)
	if err != nil {
		if patchErr != nil {
			return fmt.Errorf("whether its PUBLIC_KEY was changed is not known: %w; and it could not be read again: %w", m.callError(patchErr), m.callError(err))
		}
		return fmt.Errorf("RunPod took the new PUBLIC_KEY, but it could not be read again: %w", m.callError(err))
	}
	m.keep(*pod)
	switch {
	case pod.EnvWhole && maps.Equal(pod.Env, want):
		return nil
	case patchErr != nil && pod.EnvWhole && maps.Equal(pod.Env, before):
		return fmt.Errorf("nothing was changed, as far as RunPod shows: %w", m.callError(patchErr))
	}
	return errors.New(difference(pod.Env, want) + ": somebody else may have changed it at the same time; compare it with what should be there in RunPod's console")
}

// difference counts what is not as it was written. Names and values are secrets.
func difference(got, want runpod.Env) string {
	var missing, other, more int
	for name := range want {
		switch value, ok := got[name]; {
		case name == publicKeyVariable:
		case !ok:
			missing++
		case value != want[name]:
			other++
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			more++
		}
	}
	found := []string{}
	if got[publicKeyVariable] != want[publicKeyVariable] {
		found = append(found, "PUBLIC_KEY is another")
	}
	for _, d := range []struct {
		n    int
		word string
	}{{missing, "missing"}, {other, "changed"}, {more, "new"}} {
		switch d.n {
		case 0:
		case 1:
			found = append(found, "1 variable is "+d.word)
		default:
			found = append(found, fmt.Sprintf("%d variables are %s", d.n, d.word))
		}
	}
	if len(found) == 0 {
		found = []string{"it could not be read whole"}
	}
	return "its environment is not what was written: " + strings.Join(found, ", ")
}
