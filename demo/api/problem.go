package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// problem is an RFC 9457 answer, and an error of the handlers.
type problem struct {
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail"`
	Errors []string `json:"errors,omitempty"`
}

func (p problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail) }

// refuse is a problem with the usual title of its status.
func refuse(status int, format string, args ...any) problem {
	return problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// invalid is the 422 for a request with failures.
func invalid(failures []string) problem {
	return problem{Title: "Unprocessable Entity", Status: http.StatusUnprocessableEntity,
		Detail: "request validation failed", Errors: failures}
}

func writeProblem(w http.ResponseWriter, p problem) {
	write(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

// write sends v whole, with its length: a connection that is cut shows as one.
func write(w http.ResponseWriter, status int, contentType string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own shapes of strings, numbers and times: it cannot fail
	}
	send(w, status, contentType, append(data, '\n'))
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client left: nobody to tell
}
