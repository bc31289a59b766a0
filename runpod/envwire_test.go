package runpod_test

import (
	"net/http"
	"reflect"
	"testing"

	"podbay/runpod"
)

// What was not read whole must not be written back, for a PATCH replaces all.
func TestEnvTellsWhetherItIsWhole(t *testing.T) {
	tests := map[string]struct {
		env   string
		want  runpod.Env
		whole bool
	}{
		"variables":        {`"env":{"A":"1","B":""}`, runpod.Env{"A": "1", "B": ""}, true},
		"none":             {`"env":{}`, runpod.Env{}, true},
		"U+FFFD is doubt":  {`"env":{"A":"\ud800"}`, runpod.Env{"A": "\ufffd"}, false},
		"a number":         {`"env":{"A":"1","B":7}`, runpod.Env{"A": "1"}, false},
		"null":             {`"env":{"A":null}`, runpod.Env{}, false},
		"an object":        {`"env":{"A":{"value":"1"}}`, runpod.Env{}, false},
		"a list":           {`"env":["A=1"]`, nil, false},
		"null as a whole":  {`"env":null`, nil, false},
		"left out":         {`"name":"n"`, nil, false},
		"a text":           {`"env":"A=1"`, nil, false},
		"the rest is read": {`"env":7,"name":"n"`, nil, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, `{"id":"a",`+tc.env+`}`) })
			pod, err := newClient(t, runpod.Options{BaseURL: url}).GetPod(testContext(t), "a")
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(pod.Env, tc.want) || pod.EnvWhole != tc.whole {
				t.Errorf("got %v whole %v, want %v whole %v", map[string]string(pod.Env), pod.EnvWhole, map[string]string(tc.want), tc.whole)
			}
		})
	}
}
