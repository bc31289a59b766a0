package api

import (
	"errors"
	"net/http"
)

// Server is an account at RunPod. Make one with New and Close it. It may be used
// by several goroutines.
type Server struct{}

// New returns a server with the account that opts describe. It owns opts.Host
// from then on, also when it returns an error.
func New(opts Options) (*Server, error) { return nil, errors.New("not built yet") }

// Listen starts to serve on a free port of 127.0.0.1 and returns the base URL,
// "http://127.0.0.1:PORT". It can be called once.
func (s *Server) Listen() (baseURL string, err error) { return "", errors.New("not built yet") }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

// Close cuts what is under way, waits for it, stops the containers and closes
// the Host. Answers after it are 503.
func (s *Server) Close() error { return nil }

// AddPod puts a pod into the account.
func (s *Server) AddPod(spec PodSpec) error { return nil }

// RemovePod terminates a pod, whatever state it is in. It reports whether there
// was one.
func (s *Server) RemovePod(id string) bool { return false }

// SetStatus puts a pod into a state, as RunPod's own doing would: RUNNING gives it
// a new container, anything else ends the one it has.
func (s *Server) SetStatus(id, status string) error { return nil }

// Recreate replaces the container of a running pod at once, as a host
// maintenance would: new public port, new host keys.
func (s *Server) Recreate(id string) error { return nil }

// SetFuture switches a pod's PodSpec.Future.
func (s *Server) SetFuture(id string, on bool) error { return nil }

// Log appends a line to a pod's log, now. source is "container" or "system".
func (s *Server) Log(id, source, line string) error { return nil }

// SSHKeys returns the account's registered lines.
func (s *Server) SSHKeys() []string { return nil }

// SetSSHKeys registers lines without a check, as RunPod's web page does.
func (s *Server) SetSSHKeys(lines []string) {}

// SetKeys replaces the API keys that are accepted.
func (s *Server) SetKeys(keys []Key) {}

// AddFault makes calls fail from now on, until remove is called. When several
// faults match a call, the one added first has it.
func (s *Server) AddFault(f Fault) (remove func()) { return func() {} }

// Calls returns the latest calls that were answered or given up, oldest first,
// at most 10,000.
func (s *Server) Calls() []Call { return nil }

// Unmet returns the routes of Options.Expected that no call has matched.
func (s *Server) Unmet() []Route { return nil }

// Advance brings every pod up to the present of the clock. Requests do it by
// themselves; it is for a Host whose containers someone else waits for.
func (s *Server) Advance() {}
