package sshkey

import (
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestRandomartIsSSHKeygens(t *testing.T) {
	for _, kind := range made {
		for range 3 {
			path, line := makeKey(t, kind.args...)
			key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-lv", "-f", path+".pub").Output()
			if err != nil {
				t.Fatal(err)
			}
			_, want, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
			if got := strings.Join(Randomart(key), "\n"); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", kind.name, got, want)
			}
			if kind.name == "rsa-3072" {
				break // takes a second to make
			}
		}
	}
}
