// Package contract validates HTTP exchanges against RunPod's published OpenAPI
// document, for tests.
//
// The document is not part of this repository. It is looked for at
// ../shared/runpod-openapi-v2.json beside the module's root, or where
// PODBAY_CONTRACT says.
//
// The validator reads OpenAPI 3.1 but leaves two things out, which are done here:
// the data of Server-Sent Events, and date-time formats (as assertions they would
// refuse the contract's own log ids).
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	verrors "github.com/pb33f/libopenapi-validator/errors"
)

// EnvFile names another document.
const EnvFile = "PODBAY_CONTRACT"

// Validator checks exchanges. It may be used by several goroutines.
type Validator struct{ v validator.Validator }

// File is where the document is expected.
func File() (string, error) {
	if name := os.Getenv(EnvFile); name != "" {
		return filepath.Abs(name)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "runpod-openapi-v2.json"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// load reads and compiles the document once for each test binary: that takes
// seconds under the race detector.
var load = sync.OnceValues(func() (*Validator, error) {
	name, err := File()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", name, errors.Join(errs...))
	}
	return &Validator{v: v}, nil
})

// Open returns the validator. Without the document it says on stderr that the
// test is not run and returns false; where CI is true, it fails the test.
func Open(tb testing.TB) (*Validator, bool) {
	tb.Helper()
	v, err := load()
	switch {
	case err == nil:
		return v, true
	case errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true":
		fmt.Fprintf(os.Stderr, "NOT RUN: contract: %s: %v: set %s to RunPod's published OpenAPI file\n", tb.Name(), err, EnvFile)
		return nil, false
	}
	tb.Fatalf("contract: %v: set %s to RunPod's published OpenAPI file", err, EnvFile)
	return nil, false
}

// Request checks a request whose body is given apart.
func (v *Validator) Request(r *http.Request, body []byte) error {
	_, errs := v.v.ValidateHttpRequestSync(withBody(r, body))
	return describe("request", r, errs)
}

// Response checks the answer to a request. An answer to a call that the contract
// does not have must be the problem that any call can be answered with. The body
// of an event stream is not looked at: see [Events].
func (v *Validator) Response(r *http.Request, resp *http.Response, body []byte) error {
	asked := withBody(r, nil)
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed || resp.StatusCode == http.StatusNotImplemented {
		if _, errs := v.v.ValidateHttpResponse(asked, withAnswer(resp, body)); unknown(errs) {
			asked.Method, asked.URL.Path, asked.URL.RawPath, asked.URL.RawQuery = http.MethodGet, "/v2/pods", "", ""
		}
	}
	_, errs := v.v.ValidateHttpResponse(asked, withAnswer(resp, body))
	return errors.Join(describe("response", r, errs), checkProblem(resp, body))
}

func unknown(errs []*verrors.ValidationError) bool {
	for _, e := range errs {
		if e.IsPathMissingError() || e.IsOperationMissingError() {
			return true
		}
	}
	return false
}

func withBody(r *http.Request, body []byte) *http.Request {
	c := r.Clone(r.Context())
	c.Body = io.NopCloser(bytes.NewReader(body))
	return c
}

func withAnswer(resp *http.Response, body []byte) *http.Response {
	c := *resp
	c.Body = io.NopCloser(bytes.NewReader(body))
	return &c
}

func describe(what string, r *http.Request, errs []*verrors.ValidationError) error {
	var all []error
	for _, e := range errs {
		reasons := []string{e.Message, e.Reason}
		for _, s := range e.SchemaValidationErrors {
			reasons = append(reasons, s.Error())
		}
		all = append(all, fmt.Errorf("%s of %s %s: %s", what, r.Method, r.URL.Path, strings.Join(reasons, ": ")))
	}
	return errors.Join(all...)
}
