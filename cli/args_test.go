package cli_test

import (
	"strings"
	"testing"
)

func TestWrongWords(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, c := range []struct{ args, says string }{
		{"sssh x", `unknown command "sssh": did you mean podbay ssh?`},
		{"connect x", "did you mean podbay ssh?"},
		{"lss", "did you mean podbay ls or podbay ssh?"},
		{"my-pod", "podbay ssh my-pod"},
		{"ls my-pod", "podbay ls takes no argument"},
		{"keys chekc", "did you mean podbay keys check?"},
		{"keys nope", "podbay keys --help lists the commands"},
		{"keys remove", "podbay keys remove needs a FINGERPRINT"},
		{"keys remove a b", "podbay keys remove takes one FINGERPRINT"},
		{"keys check a b", "podbay keys check takes one FILE"},
		{"doctor a b", "podbay doctor takes one POD"},
		{"help nope", `unknown command "nope"`},
		{"help ls nope", "podbay ls takes no argument"},
		{"completion nope", `unknown command "nope"`},
		{"completion bash nope", "podbay completion bash takes no argument"},
		{"\x1b]0;x\a", "unknown command"},
		{"ls --jsno", "unknown flag --jsno: did you mean --json?"},
		{"ls --api-ulr http://x", "did you mean --api-url?"},
		{"ls --zzz", "podbay ls --help lists the flags"},
		{"ls -z", "unknown shorthand flag"},
		{"ssh --keep=maybe pod", `--keep takes true or false, and was given "maybe"`},
		{"demo --cut foo", `--cut takes a time such as "30s", and was given "foo"`},
	} {
		code, out, err := run(t, "", strings.Fields(c.args)...)
		if code != 64 || out != "" || !strings.Contains(err, c.says) || strings.Contains(err, "\x1b") {
			t.Errorf("podbay %s: %d, %q, %q", c.args, code, out, err)
		}
	}
	for _, args := range []string{"help", "help ls", "help keys add", "completion bash"} {
		if code, out, err := run(t, "", strings.Fields(args)...); code != 0 || out == "" || err != "" {
			t.Errorf("podbay %s: %d, %q", args, code, err)
		}
	}
}
