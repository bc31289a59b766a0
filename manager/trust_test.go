package manager

import (
	"strings"
	"testing"
)

func TestPodIDsThatWouldNameOtherHostsAreRefused(t *testing.T) {
	for _, id := range []string{"", "-x", "a b", "a,b", "a\nb", "a\n", "*", "a?", "!a", "|1|", "#", "@revoked", "[a]", "a.b", "a/b", "ä", strings.Repeat("a", 65)} {
		if name, err := hostKeyAlias(id); err == nil {
			t.Errorf("%q became %q", id, name)
		}
	}
	if name, err := hostKeyAlias("3xk2-Ab9"); name != "runpod-3xk2-Ab9" || err != nil {
		t.Errorf("got %q, %v", name, err)
	}
}
