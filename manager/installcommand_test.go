package manager

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func newPublicKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// tool is the path of a program that the tests need; ./test installs it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: ./test installs it", err)
	}
	return path
}

// shells are those that a container may have, each as a command line that takes a
// command after it.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{
		"bash": {"bash", "-c"}, "sh": {"sh", "-c"}, "dash": {"dash", "-c"}, "busybox": {"busybox", "sh", "-c"},
		"zsh": {"zsh", "-f", "-c"}, "zsh noclobber": {"zsh", "-f", "-o", "noclobber", "-c"}, "mksh": {"mksh", "-c"},
		"bash strict": {"bash", "-euo", "pipefail", "-c"}, "bash posix noclobber": {"bash", "--posix", "-C", "-c"},
	}
	for _, line := range all {
		line[0] = tool(t, line[0])
	}
	return all
}

func runCommand(t *testing.T, shell []string, home, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell[0], append(shell[1:], command)...)
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

func TestInstallCommandInShells(t *testing.T) {
	key := newPublicKey(t)
	line := publicLine(key)
	s := sentinel{20011, 30011}
	command, err := installCommand(key, s)
	if err != nil {
		t.Fatal(err)
	}
	none := "\x00"
	tests := map[string]struct{ before, after string }{
		"no file":                    {none, line + "\n"},
		"empty file":                 {"", line + "\n"},
		"another key":                {"ssh-rsa AAAA a\n", "ssh-rsa AAAA a\n" + line + "\n"},
		"no newline at the end":      {"ssh-rsa AAAA a", "ssh-rsa AAAA a\n" + line + "\n"},
		"there already":              {line + "\n", line + "\n"},
		"there without a newline":    {"ssh-rsa AAAA a\n" + line, "ssh-rsa AAAA a\n" + line},
		"there with a comment":       {line + " me@host\n", line + " me@host\n"},
		"there, but switched off":    {"#" + line + "\n", "#" + line + "\n" + line + "\n"},
		"there, but limited":         {`command="false" ` + line + "\n", `command="false" ` + line + "\n" + line + "\n"},
		"there, with a CR":           {line + "\r\n", line + "\r\n" + line + "\n"},
		"a key that begins the same": {line + "AAAA\n", line + "AAAA\n" + line + "\n"},
	}
	for shellName, shell := range shells(t) {
		for name, tt := range tests {
			t.Run(shellName+"/"+name, func(t *testing.T) {
				home := filepath.Join(t.TempDir(), "a home")
				file := filepath.Join(home, ".ssh", "authorized_keys")
				if err := os.Mkdir(home, 0o755); err != nil {
					t.Fatal(err)
				}
				if tt.before != none {
					if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(tt.before), 0o666)); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if out := runCommand(t, shell, home, command); !s.printed().MatchString(out) || !strings.HasPrefix(out, "podbay-0-") {
						t.Fatalf("it printed %q, want the sentinel with status 0 alone", out)
					}
					text, err := os.ReadFile(file)
					if err != nil || string(text) != tt.after {
						t.Fatalf("authorized_keys is %q %v, want %q", text, err, tt.after)
					}
				}
				for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
					if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
						t.Errorf("%s: %v %v, want mode %o", path, info.Mode(), err, mode)
					}
				}
			})
		}
		t.Run(shellName+"/fails", func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "file") // no directory: mkdir fails
			if err := os.WriteFile(home, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			match := s.printed().FindStringSubmatch(runCommand(t, shell, home, command))
			if match == nil || match[1] == "0" {
				t.Errorf("sentinel %q, want one with a status other than 0", match)
			}
		})
		t.Run(shellName+"/leaves nothing behind", func(t *testing.T) {
			home := t.TempDir()
			out := runCommand(t, shell, home, `umask 027; k=mine; `+strings.TrimSpace(command)+`; umask; echo "$k"`)
			if !strings.HasSuffix(out, "27\nmine\n") {
				t.Errorf("umask and variable are %q afterwards", out)
			}
		})
	}
}

func TestInstallCommandHoldsTypeAndBlobAlone(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	plain := newPublicKey(t)
	cert := &ssh.Certificate{Key: plain, CertType: ssh.UserCert, KeyId: "'; reboot #"}
	signer, err := ssh.NewSignerFromKey(long)
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.SignCert(rand.Reader, signer); err != nil {
		t.Fatal(err)
	}
	ecdsaKey, _ := ssh.NewPublicKey(&curve.PublicKey)
	rsaKey, _ := ssh.NewPublicKey(&long.PublicKey)
	for _, key := range []ssh.PublicKey{plain, ecdsaKey, rsaKey, cert} {
		command, err := installCommand(key, sentinel{10000, 39999})
		if err != nil {
			t.Fatalf("%s: %v", key.Type(), err)
		}
		if strings.ContainsAny(command, "\r\n\t!") || strings.Contains(command, "reboot") || !strings.HasPrefix(command, " (") {
			t.Errorf("%s: %q", key.Type(), command)
		}
		if key == ssh.PublicKey(cert) && !strings.Contains(command, "k='"+publicLine(plain)+"'") {
			t.Errorf("the certificate's key is not in %q", command)
		}
	}
	for _, odd := range []string{"ssh-ed25519'", "ssh ed", "", "ssh-ed25519\n", "-x", "SSH"} {
		if command, err := installCommand(oddKey{plain, odd}, sentinel{10000, 10000}); err == nil {
			t.Errorf("a key of type %q gave %q", odd, command)
		}
	}
}

// oddKey is a key with a type that no server of ours knows.
type oddKey struct {
	ssh.PublicKey
	name string
}

func (k oddKey) Type() string { return k.name }

func TestSentinelsDiffer(t *testing.T) {
	key := newPublicKey(t)
	seen := map[string]bool{}
	for range 100 {
		s, err := newSentinel()
		if err != nil {
			t.Fatal(err)
		}
		command, err := installCommand(key, s)
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := sentinelOf(command); !ok || again != s {
			t.Fatalf("%q gives %v %v, want %v", command, again, ok, s)
		}
		if s.printed().MatchString(command+"\r\n") || s.printed().MatchString(strings.ReplaceAll(command, "$?", "0")+"\n") {
			t.Fatalf("an echo of %q would pass for the answer", command)
		}
		seen[command] = true
	}
	if len(seen) < 99 {
		t.Errorf("%d commands of 100 differ", len(seen))
	}
}

func TestOnlyTheAgreedCommandIsTyped(t *testing.T) {
	key, m := homeWithKey(t)
	command, err := m.InstallCommand(t.Context(), ssh.FingerprintSHA256(key))
	if err != nil {
		t.Fatal(err)
	}
	agreed := func(command string) error {
		_, err := m.agreed(context.Background(), InstallRequest{Fingerprint: ssh.FingerprintSHA256(key), Command: command})
		return err
	}
	if err := agreed(command); err != nil {
		t.Errorf("the command that was shown is refused: %v", err)
	}
	again, err := m.InstallCommand(t.Context(), ssh.FingerprintSHA256(key))
	if err != nil || again == command || agreed(again) != nil {
		t.Errorf("a second command: %q %v", again, err)
	}
	other, err := installCommand(newPublicKey(t), sentinel{10000, 10000})
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]string{
		"empty": "", "another key": other, "more behind": command + "; id", "more before": "id;" + command,
		"a line more": command + "\rid", "no space": strings.TrimSpace(command),
		"another file": strings.Replace(command, "authorized_keys", "authorized_keys2", 1),
		"other number": command[:strings.LastIndex(command, "((")] + `((1*1))")`,
		"twice":        command + command,
	} {
		if err := agreed(command); !errors.Is(err, errNotAgreed) {
			t.Errorf("%s: %v, want that nothing is typed", name, err)
		}
	}
}

func FuzzOnlyTheAgreedCommand(f *testing.F) {
	key, err := ssh.NewPublicKey(ed25519.PublicKey(bytes.Repeat([]byte{7}, ed25519.PublicKeySize)))
	if err != nil {
		f.Fatal(err)
	}
	command, err := installCommand(key, sentinel{12345, 23456})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(command)
	f.Add(command + "\n" + command)
	f.Add(`; id $((12345*23456))")`)
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := sentinelOf(text)
		if !ok {
			return
		}
		if again, err := installCommand(key, s); err != nil || again == text && text[:len(text)-20] != command[:len(command)-20] {
			t.Errorf("%q passes: %v", text, err)
		}
	})
}
