package runpod

import (
	"context"
	"net/http"
	"net/url"

	"podbay/cleantext"
)

// ListPods returns every pod of the account, cluster members included. An
// entry without a usable ID is left out; the others are kept.
func (c *Client) ListPods(ctx context.Context) ([]Pod, error) {
	list := &podList[Pod]{reader: &wholeReader{}}
	if err := list.ask(ctx, c); err != nil {
		return nil, err
	}
	return list.pods, nil
}

// GetPod returns one pod.
func (c *Client) GetPod(ctx context.Context, id string) (*Pod, error) {
	path, err := podPath("get pod", id)
	if err != nil {
		return nil, err
	}
	return c.pod(ctx, call{op: "get pod " + shown(id), method: http.MethodGet, path: path})
}

// PodAction asks for a transition and returns the pod as it is afterwards; nil
// after ActionTerminate. It is never repeated on failure.
func (c *Client) PodAction(ctx context.Context, id string, action Action) (*Pod, error) {
	switch action {
	case ActionStart, ActionStop, ActionRestart, ActionTerminate:
	default:
		return nil, invalid("change pod "+shown(id), "there is no action "+quote(string(action)))
	}
	op := string(action) + " pod"
	path, err := podPath(op, id)
	if err != nil {
		return nil, err
	}
	cl := call{op: op + " " + shown(id), method: http.MethodPost, path: path + "/action"}
	cl.in = struct {
		Action Action `json:"action"`
	}{action}
	if action == ActionTerminate {
		return nil, c.do(ctx, cl, nil)
	}
	return c.pod(ctx, cl)
}

// UpdatePod changes a pod and returns it as it is afterwards. It is never
// repeated on failure.
func (c *Client) UpdatePod(ctx context.Context, id string, update PodUpdate) (*Pod, error) {
	path, err := podPath("update pod", id)
	if err != nil {
		return nil, err
	}
	op := "update pod " + shown(id)
	in, problem := update.wire()
	if problem != "" {
		return nil, invalid(op, problem)
	}
	return c.pod(ctx, call{op: op, method: http.MethodPatch, path: path, in: in})
}

// pod sends a call that is answered with a pod.
func (c *Client) pod(ctx context.Context, cl call) (*Pod, error) {
	var wire podWire
	if err := c.do(ctx, cl, &wire); err != nil {
		return nil, err
	}
	pod, ok := wire.pod()
	if !ok {
		return nil, c.malformed(cl.op, http.StatusOK, "holds no pod")
	}
	return &pod, nil
}

// podPath refuses the IDs that would change the path into another one.
func podPath(op, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", invalid(op, quote(id)+" is not a pod's ID")
	}
	return "/v2/pods/" + url.PathEscape(id), nil
}

// shown is an ID that came from outside, for a message.
func shown(id string) string { return cleantext.Line(id, 40) }

// invalid refuses a request before it is sent.
func invalid(op, why string) *Error {
	return &Error{Op: op, Kind: ErrInvalid, Err: &fault{text: why, final: true, unsent: true}}
}
