//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	demoapi "podbay/demo/api"
)

const apiKey = "rpa_BENCHKEY0123456789"

// api is RunPod: the demo's, with a list of pods that was written down before, so
// that what is measured is podbay and not the making of the list.
type api struct {
	url      string
	demo     *demoapi.Server
	server   *http.Server
	serving  sync.WaitGroup
	mu       sync.Mutex
	list     movingList    // what GET /v2/pods answers
	header   http.Header   // with this
	hold     chan struct{} // answers to it wait until this is closed; nil: they do not
	answered time.Time     // when the last one was handed to the kernel
	asked    int
}

func openAPI(w *world) (*api, error) {
	a := &api{}
	var err error
	a.demo, err = demoapi.New(demoapi.Options{
		Keys: []demoapi.Key{{Secret: apiKey}}, Quotas: []demoapi.Quota{},
		SSHKeys: []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(w.key)))},
		Host: demoapi.FixedHost{
			nearPod: {Direct: demoapi.Address{Host: w.sshd.Host, Port: w.sshd.Port}},
			linkPod: {Direct: demoapi.Address{Host: w.sshd.Host, Port: portOf(w.link.Addr)}},
			farPod:  {Direct: demoapi.Address{Host: thereAddr, Port: w.sshd.Port}},
		},
		Pods: []demoapi.PodSpec{running(nearPod, "near"), running(linkPod, "link"), running(farPod, "far")},
	})
	if err != nil {
		return nil, err
	}
	if err := a.setList(a.demo); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, a.demo.Close())
	}
	a.url = "http://" + listener.Addr().String()
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: patience}
	a.serving.Go(func() { _ = a.server.Serve(listener) }) // ends by Close alone
	return a, nil
}

func running(id, name string) demoapi.PodSpec {
	return demoapi.PodSpec{ID: id, Name: name, Status: demoapi.StatusRunning, StartSSH: true, StartedAt: time.Now().Add(-time.Hour)}
}

func (a *api) close() {
	a.release()
	_ = a.server.Close()
	a.serving.Wait()
	_ = a.demo.Close()
}

// setList has GET /v2/pods answer as from does now.
func (a *api) setList(from http.Handler) error {
	request := httptest.NewRequest(http.MethodGet, "/v2/pods", nil)
	request.Header.Set("Authorization", "Bearer "+apiKey)
	recorder := httptest.NewRecorder()
	from.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		return fmt.Errorf("the list of pods: %d %s", recorder.Code, recorder.Body)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list, a.header = newMovingList(recorder.Body.Bytes()), recorder.Header()
	return nil
}

// rename has the list name a pod otherwise.
func (a *api) rename(from, to string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(from) != len(to) {
		panic("the list's numbers would be elsewhere")
	}
	a.list.text = bytes.Replace(a.list.text, []byte(`"`+from+`"`), []byte(`"`+to+`"`), 1)
}

// holdBack lets lists wait until release.
func (a *api) holdBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hold = make(chan struct{})
}

func (a *api) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hold != nil {
		close(a.hold)
		a.hold = nil
	}
}

// lastAnswer is when the last list was handed to the kernel, and how many were
// asked for.
func (a *api) lastAnswer() (time.Time, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answered, a.asked
}

// nextAnswer waits for the next list to be answered.
func (a *api) nextAnswer() error {
	_, asked := a.lastAnswer()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if at, now := a.lastAnswer(); now > asked && !at.IsZero() {
			return nil
		}
	}
	return fmt.Errorf("no list was asked for within %v", patience)
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != "/v2/pods" {
		a.demo.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	a.asked++
	hold := a.hold
	a.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	a.mu.Lock()
	from, header, number := a.list, a.header, a.asked
	a.mu.Unlock()
	list := from.now(number)
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(list)))
	_, _ = w.Write(list)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	a.mu.Lock()
	a.answered = time.Now()
	a.mu.Unlock()
}
