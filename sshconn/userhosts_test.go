package sshconn_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podbay/sshconn"
)

const podAddr = "[203.0.113.7]:22001"

func TestTheUsersFilesDecideLittle(t *testing.T) {
	key := newSigner(t).PublicKey()
	unread := []string{line("@unknown *", key), "@revoked * ssh-ed25519 AAAA", "@revoked"}
	for _, c := range []struct {
		text               string
		revoked, authority bool
	}{
		{line("@revoked *", key), true, false},
		{line("@revoked runpod-*", key), true, false},
		{line("@revoked "+podName, key), true, false},
		{line("@revoked "+hashed(podName), key), true, false},
		{line("@revoked "+podAddr, key), true, false},
		{line("@revoked [203.0.113.*]:*", key), true, false},
		{line("@revoked 203.0.113.7", key), false, false}, // that is port 22
		{line("@revoked other", key), false, false},
		{line("@revoked *,!"+podName+",!"+podAddr, key), false, false},
		{"\t" + line("@revoked *", key) + "\r", true, false},
		{"\ufeff" + line("@revoked *", key), true, false},

		{line("@cert-authority runpod-*", key), false, true},
		{line("@cert-authority "+podName, key), false, true},
		{line("@cert-authority other,runpod-*", key), false, true},
		{line("@cert-authority *", key), false, false},
		{line("@cert-authority *,!other", key), false, false},
		{line("@cert-authority *-*", key), false, false},
		{line("@cert-authority ?*", key), false, false},
		{line("@cert-authority *,runpod-*", key), false, true},
		{line("@cert-authority runpod-*,!"+podName, key), false, false},
		{line("@cert-authority "+podAddr, key), false, false}, // an address vouches for nothing
		{line("@cert-authority other", key), false, false},

		{line(podName, key), false, false},
		{line("*", key), false, false},
		{"# " + line("@revoked *", key), false, false},
		{line("@unknown *", key), false, false},
		{"@revoked * ssh-ed25519 AAAA", false, false},
		{"@revoked", false, false},
	} {
		revoked, authorities, warnings := sshconn.Marked([]byte(c.text), "known_hosts", podName, []string{podName, podAddr})
		if (len(revoked) > 0) != c.revoked || (len(authorities) > 0) != c.authority {
			t.Errorf("%q: revoked %v, authority %v", c.text, revoked, authorities)
		}
		if unreadable := slices.Contains(unread, c.text); (len(warnings) > 0) != unreadable || unreadable && !strings.HasPrefix(warnings[0], "known_hosts line 1 is skipped: ") {
			t.Errorf("%q: warned of %q", c.text, warnings)
		}
	}
}

// The user's files are never written, whatever becomes of the connection.
func TestTheUsersFilesStay(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	addr := sshServer{config: accepting(signer.PublicKey())}.start(t, host)
	opts := options(t, addr, "root", nil, keyOf("k", signer, nil))
	user := filepath.Join(t.TempDir(), "known_hosts")
	text := line("["+strings.Replace(addr, ":", "]:", 1), host.PublicKey()) + "\n" + line(podName, host.PublicKey())
	writeFile(t, user, text)
	opts.UserHostKeys = []string{user, filepath.Join(t.TempDir(), "missing")}

	var unknown *sshconn.HostKeyUnknownError
	if err := dialFails(t, t.Context(), opts); !errors.As(err, &unknown) {
		t.Fatalf("a key of the user's own file gave %v", err)
	}
	if want := []string{user + " line 1", user + " line 2"}; !slices.Equal(unknown.UserLines, want) {
		t.Errorf("it shows %q, want %q", unknown.UserLines, want)
	}
	opts.AcceptHostKey = unknown.Fingerprint
	mustDial(t, opts)
	if got, err := os.ReadFile(user); err != nil || string(got) != text {
		t.Errorf("the user's file holds %q (%v)", got, err)
	}
}

func FuzzUserHosts(f *testing.F) {
	key := newSigner(f).PublicKey()
	for _, seed := range []string{
		line("@revoked *", key), line("@cert-authority runpod-*", key), line("@cert-authority *", key), line(podAddr, key),
		"@revoked\n@cert-authority * \x00\n", line("@revoked "+hashed(podName), key) + "\r\n" + line("@revoked !x,*", key),
		"\ufeff" + line("@revoked *", key),
	} {
		f.Add([]byte(seed))
	}
	names := []string{podName, podAddr}
	f.Fuzz(func(t *testing.T, text []byte) {
		revoked, authorities, _ := sshconn.Marked(text, "known_hosts", podName, names)
		for _, k := range append(revoked, authorities...) {
			lines := strings.Split(string(text), "\n")
			if k.Line < 1 || k.Line > len(lines) || !strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(lines[k.Line-1], "\ufeff"), " \t"), "@") {
				t.Errorf("line %d of %q", k.Line, text)
			}
		}
		// A line of nonsense before loses nothing, nor does one behind.
		around := append(append([]byte("@revoked nonsense\n"), text...), "\n@cert-authority\n"...)
		more, others, _ := sshconn.Marked(around, "known_hosts", podName, names)
		if len(more) != len(revoked) || len(others) != len(authorities) {
			t.Errorf("%q: %d and %d became %d and %d", text, len(revoked), len(authorities), len(more), len(others))
		}
		// What others revoke cannot be undone by another line.
		if with, _, _ := sshconn.Marked(append(append([]byte{}, text...), "\n"+line("@revoked *", key)...), "known_hosts", podName, names); len(with) != len(revoked)+1 {
			t.Errorf("%q hides a revoked key", text)
		}
		sshconn.AddressLines(text, names, key)
		sshconn.Holders(text, podName, key)
	})
}
