package runpod_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"podbay/runpod"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// checkNoSecret prints v in every way and looks for the key and for the values
// that the tests put into env and args.
func checkNoSecret(t *testing.T, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
		checkText(t, verb, fmt.Sprintf(verb, v))
	}
	if b, err := json.Marshal(v); err == nil {
		checkText(t, "json", string(b))
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	checkText(t, "slog", b.String())
}

func checkText(t *testing.T, how, s string) {
	t.Helper()
	for _, secret := range []string{testKey, "hunter2", fmt.Sprintf("%x", testKey), fmt.Sprintf("%x", "hunter2")} {
		if strings.Contains(s, secret) {
			t.Errorf("%s prints a secret: %s", how, s)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, `{"id":"p1","args":"--password hunter2","env":{"TOKEN":"hunter2","PASSWORD_hunter2":"x"}}`)
	})
	opts := runpod.Options{BaseURL: url, APIKey: testKey}
	client := newClient(t, opts)
	pod, err := client.GetPod(testContext(t), "p1")
	if err != nil {
		t.Fatal(err)
	}
	if pod.Env["TOKEN"] != "hunter2" || string(pod.Args) != "--password hunter2" {
		t.Fatalf("the secrets did not arrive")
	}
	for _, v := range []any{
		pod, *pod, []runpod.Pod{*pod}, pod.Env, pod.Args, opts, &opts, client,
		struct{ C *runpod.Client }{client}, struct{ O runpod.Options }{opts},
		runpod.PodUpdate{Env: pod.Env}, &runpod.PodUpdate{Env: pod.Env},
	} {
		checkNoSecret(t, v)
	}
	// In a field that fmt may not call methods on, too.
	checkNoSecret(t, struct{ c *runpod.Client }{client})
}

func TestTrace(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("RateLimit", `"minute";r=48;t=12`)
		if r.Method == http.MethodPut {
			problem(w, 401, "Unauthorized", "bad token "+testKey)
			return
		}
		reply(w, `{"pods":[{"id":"p1","env":{"A":"hunter2"}}]}`)
	})
	var b bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newClient(t, runpod.Options{BaseURL: url, Logger: logger})
	if _, err := c.ListPods(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReplaceSSHKeys(testContext(t), []string{"ssh-ed25519 AAAA hunter2"}); err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"level=DEBUG", "method=GET", "path=/v2/pods", "status=200", "took=", `r=48;t=12`, "method=PUT", "status=401"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the trace lacks %s:\n%s", want, b.String())
		}
	}
	checkText(t, "the trace", b.String())
	if strings.Contains(b.String(), "Bearer") {
		t.Errorf("the trace holds a header of the request:\n%s", b.String())
	}
}
