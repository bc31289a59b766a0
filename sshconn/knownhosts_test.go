package sshconn_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/sshconn"
)

func line(hosts string, key ssh.PublicKey) string {
	return hosts + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func hashed(name string) string {
	salt := []byte("0123456789abcdefghij")
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return "|1|" + base64.StdEncoding.EncodeToString(salt) + "|" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestNamesMatchAsInOpenSSH(t *testing.T) {
	key := newSigner(t).PublicKey()
	for _, test := range []struct {
		hosts, name string
		want        bool
	}{
		{"runpod-abc", "runpod-abc", true},
		{"runpod-abc", "RunPod-ABC", true},
		{"RUNPOD-abc", "runpod-abc", true},
		{"runpod-abc", "runpod-abcd", false},
		{"other,runpod-abc,third", "runpod-abc", true},
		{"runpod-*", "runpod-abc", true},
		{"runpod-??c", "runpod-abc", true},
		{"runpod-?c", "runpod-abc", false},
		{"*,!runpod-abc", "runpod-abc", false},
		{"!runpod-abc,*", "runpod-abc", false},
		{"!runpod-x,*", "runpod-abc", true},
		{"!runpod-x", "runpod-abc", false},
		{"*", "[ssh.runpod.io]:2222", true},
		{"ssh.runpod.io", "[ssh.runpod.io]:2222", false},
		{"[ssh.runpod.io]:2222", "[ssh.runpod.io]:2222", true},
		{"ssh.runpod.io", "[ssh.runpod.io]:22", true},
		{hashed("runpod-abc"), "runpod-abc", true},
		{hashed("runpod-abc"), "runpod-ABC", true},
		{hashed("runpod-abc"), "runpod-abd", false},
		{"|1|bad|bad", "runpod-abc", false},
		{"|2|MDEy|MDEy", "runpod-abc", false},
	} {
		plain, _, _, warnings := sshconn.FindHostKeys([]byte(line(test.hosts, key)), test.name)
		if got := len(plain) == 1; got != test.want || len(warnings) > 0 {
			t.Errorf("%q for %q: %v (warnings %q), want %v", test.hosts, test.name, got, warnings, test.want)
		}
	}
}

func TestOneBadLineLosesNoOther(t *testing.T) {
	key := newSigner(t).PublicKey()
	good := line(podName, key)
	text := "\ufeff# comment\n\n" + good + "\r\n" +
		podName + " ssh-ed25519 AAAAbroken\n" +
		podName + " ssh-unknown AAAAC3NzaC1lZDI1NTE5\n" +
		podName + " \x00 \n" +
		"one-field-only\n" +
		"@future " + good + "\n" +
		podName + " ssh-ed25519 " + strings.Repeat("A", 100<<10) + "\n" +
		"\t" + good + " a comment\n" +
		"@cert-authority * " + strings.SplitN(good, " ", 2)[1] + "\n" +
		"@revoked " + good + "\n" +
		good // no end of line
	plain, revoked, authorities, warnings := sshconn.FindHostKeys([]byte(text), podName)
	if len(plain) != 3 || plain[0].Line != 3 || plain[2].Line != 13 {
		t.Errorf("plain %+v", plain)
	}
	if len(revoked) != 1 || revoked[0].Line != 12 || len(authorities) != 1 {
		t.Errorf("revoked %+v, authorities %+v", revoked, authorities)
	}
	if len(warnings) != 6 {
		t.Errorf("%d warnings, want 6: %q", len(warnings), warnings)
	}
	for _, w := range warnings {
		if len(w) > 500 || strings.ContainsAny(w, "\x00\n") {
			t.Errorf("warning %q", w)
		}
	}
}

func TestAddMakesThePrivateFileThatSSHKeygenReads(t *testing.T) {
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "a", "b", "known_hosts")}
	if keys, warnings, err := file.Lookup(podName); len(keys)+len(warnings) > 0 || err != nil {
		t.Fatalf("a missing file gave %v %v %v", keys, warnings, err)
	}
	ed, rsa := newSigner(t).PublicKey(), newRSASigner(t).PublicKey()
	for _, key := range []ssh.PublicKey{ed, rsa, ed} {
		if err := file.Add(podName, key); err != nil {
			t.Fatal(err)
		}
	}
	keys, _, err := file.Lookup(podName)
	if err != nil || len(keys) != 2 || keys[0].Type != "ssh-ed25519" || keys[1].Fingerprint != ssh.FingerprintSHA256(rsa) {
		t.Fatalf("found %+v (%v)", keys, err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{file.Path: 0o600, filepath.Dir(file.Path): 0o700, filepath.Dir(filepath.Dir(file.Path)): 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v (%v), want %v", path, info.Mode(), err, want)
			}
		}
	}
	out, err := exec.Command("ssh-keygen", "-F", podName, "-l", "-f", file.Path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), keys[0].Fingerprint) || !strings.Contains(string(out), keys[1].Fingerprint) {
		t.Errorf("ssh-keygen finds %q (%v)", out, err)
	}
}

func TestAddNarrowsTheFile(t *testing.T) {
	for _, mode := range []os.FileMode{0o644, 0o666, 0o600} {
		file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")}
		writeFile(t, file.Path, "# mine\n")
		key := newSigner(t).PublicKey()
		for range 2 { // the second time there is nothing to add
			if err := os.Chmod(file.Path, mode); err != nil {
				t.Fatal(err)
			}
			if err := file.Add(podName, key); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file.Path)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%v became %v", mode, info.Mode())
			}
		}
	}
}

func TestAddKeepsWhatIsThere(t *testing.T) {
	key := newSigner(t).PublicKey()
	dir := t.TempDir()
	target := filepath.Join(dir, "real")
	const before = "# mine\r\nbroken line\nlast without end"
	if err := os.WriteFile(target, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	file := &sshconn.KnownHosts{Path: filepath.Join(dir, "known_hosts")}
	if err := os.Symlink("real", file.Path); err != nil {
		t.Fatal(err)
	}
	if err := file.Add("ssh.runpod.io", key); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(target)
	if want := before + "\n" + line("ssh.runpod.io", key) + "\n"; err != nil || string(got) != want {
		t.Errorf("the file holds %q (%v), want %q", got, err, want)
	}
	if n, err := file.Forget("ssh.runpod.io"); n != 1 || err != nil {
		t.Errorf("forgot %d (%v)", n, err)
	}
	got, _ = os.ReadFile(target)
	info, _ := os.Stat(target)
	link, _ := os.Lstat(file.Path)
	if string(got) != before+"\n" || info.Mode().Perm() != 0o600 || link.Mode()&os.ModeSymlink == 0 {
		t.Errorf("after Forget: %q, mode %v, link %v", got, info.Mode(), link.Mode())
	}
}

func TestForgetLeavesOthers(t *testing.T) {
	key := newSigner(t).PublicKey()
	rest := strings.SplitN(line("x", key), " ", 2)[1]
	keep := []string{
		"# " + podName + " in a comment", podName + " ssh-ed25519 broken", "runpod-* " + rest,
		"@revoked " + podName + " " + rest, "other " + rest + "  " + podName + " in its comment\r", "",
	}
	text := strings.Join(append([]string{
		podName + " " + rest, strings.ToUpper(podName) + "\t" + rest, "a," + podName + ",b  " + rest + " c\r",
		hashed(podName) + " " + rest, podName + ",!x " + rest,
	}, keep...), "\n")
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")}
	if err := os.WriteFile(file.Path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := file.Forget(podName); n != 5 || err != nil {
		t.Errorf("forgot %d (%v), want 5", n, err)
	}
	got, _ := os.ReadFile(file.Path)
	if want := strings.Join(append([]string{"a,b  " + rest + " c\r"}, keep...), "\n"); string(got) != want {
		t.Errorf("the file holds\n%q, want\n%q", got, want)
	}
	if n, err := (&sshconn.KnownHosts{Path: file.Path + "-missing"}).Forget(podName); n != 0 || err != nil {
		t.Errorf("forgetting in a missing file gave %d, %v", n, err)
	}
}

func TestReplaceKeepsTheFileAsItWas(t *testing.T) {
	was, is, other := newSigner(t).PublicKey(), newSigner(t).PublicKey(), newSigner(t).PublicKey()
	text := "# mine\n" + line(podName, was) + "\nbroken\n" + line("other,"+podName, was) + "\n" + line("runpod-*", other)
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")}
	if err := os.WriteFile(file.Path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := file.Replace(podName, is); err != nil {
		t.Fatal(err)
	}
	want := "# mine\nbroken\n" + line("other", was) + "\n" + line("runpod-*", other) + "\n" + line(podName, is) + "\n"
	for path, want := range map[string]string{file.Path: want, file.Path + ".old": text} {
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s holds\n%q, want\n%q", path, got, want)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	fresh := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "a", "known_hosts")}
	if err := fresh.Replace(podName, is); err != nil {
		t.Fatal(err)
	}
	if keys, _, err := fresh.Lookup(podName); len(keys) != 1 || err != nil {
		t.Errorf("a new file has %v (%v)", keys, err)
	}
	if _, err := os.Stat(fresh.Path + ".old"); err == nil {
		t.Error("a file that was not there is kept")
	}
}

func TestConcurrentAddsLoseNothing(t *testing.T) {
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")}
	key := newSigner(t).PublicKey()
	var adders sync.WaitGroup
	const n = 20
	for i := range n {
		adders.Go(func() {
			if err := file.Add(fmt.Sprintf("runpod-%d", i), key); err != nil {
				t.Error(err)
			}
			if _, warnings, err := file.Lookup(podName); err != nil || len(warnings) > 0 {
				t.Errorf("a reader beside writers saw %q (%v)", warnings, err)
			}
			if i%4 == 0 {
				if count, err := file.Forget(fmt.Sprintf("runpod-%d", i)); count != 1 || err != nil {
					t.Errorf("forgot %d (%v)", count, err)
				}
			}
		})
	}
	adders.Wait()
	for i := range n {
		want := 1
		if i%4 == 0 {
			want = 0
		}
		if keys, _, err := file.Lookup(fmt.Sprintf("runpod-%d", i)); len(keys) != want || err != nil {
			t.Errorf("runpod-%d has %d keys (%v), want %d", i, len(keys), err, want)
		}
	}
}

// addHelper makes a test process one that adds a key and ends.
const addHelper = "PODBAY_TEST_ADD"

func TestAddsOfOtherProcessesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known_hosts")
	key := string(ssh.MarshalAuthorizedKey(newSigner(t).PublicKey()))
	var adders sync.WaitGroup
	const n = 4
	for i := range n {
		adders.Go(func() {
			command := exec.Command(os.Args[0])
			command.Env = append(os.Environ(), addHelper+"="+path, fmt.Sprintf("NAME=runpod-%d", i), "KEY="+key)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	adders.Wait()
	for i := range n {
		if keys, _, err := (&sshconn.KnownHosts{Path: path}).Lookup(fmt.Sprintf("runpod-%d", i)); len(keys) != 1 || err != nil {
			t.Errorf("runpod-%d has %d keys (%v)", i, len(keys), err)
		}
	}
}

// addAndExit is the body of such a process.
func addAndExit(path string) {
	signal.Notify(make(chan os.Signal, 1)) // one that a limit sends would end the process
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(os.Getenv("KEY")))
	if err == nil {
		err = (&sshconn.KnownHosts{Path: path}).Add(os.Getenv("NAME"), key)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestNamesThatWouldNameOthersAreRefused(t *testing.T) {
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")}
	key := newSigner(t).PublicKey()
	for _, name := range []string{"", "a b", "a,b", "a\nb c", "*", "h?", "!h", "|1|a|b", "#h", "@revoked", "[h]", "[h]:0", "[h]:x", "[h]:022", "[h]:99999", "[]:22", "[a b]:22", "-h"} {
		if err := file.Add(name, key); err == nil {
			t.Errorf("%q was added", name)
		}
		if _, err := file.Forget(name); err == nil {
			t.Errorf("%q was looked for", name)
		}
	}
	for _, name := range []string{"ssh.runpod.io", "[ssh.runpod.io]:2222", "[2001:db8::1]:22", "2001:db8::1", "203.0.113.5"} {
		if err := file.Add(name, key); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func FuzzKnownHosts(f *testing.F) {
	key := newSigner(f).PublicKey()
	for _, seed := range []string{
		line(podName, key), line("*,!x", key), line("[h]:22,"+podName, key), "@revoked " + line("*", key), line(hashed(podName), key),
		"@cert-authority " + line("*.x", key), "# c\n\n" + line("a,b", key) + "\r\n", "\ufeffx", podName + " ssh-ed25519 AAAA", "\x00",
	} {
		f.Add([]byte(seed), podName)
	}
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		plain, _, _, warnings := sshconn.FindHostKeys(text, podName)
		added := append(append(append([]byte{}, text...), '\n'), line(podName, key)+"\n"...)
		more, _, _, after := sshconn.FindHostKeys(added, podName)
		if len(more) != len(plain)+1 || len(after) != len(warnings) {
			t.Errorf("an added line made %d keys of %d and %d warnings of %d", len(more), len(plain), len(after), len(warnings))
		}
		rest, hit := sshconn.WithoutHost(text, podName)
		if !hit && string(rest) != string(text) {
			t.Error("a line without the name was changed")
		}
		if hit {
			if _, again := sshconn.WithoutHost(rest, podName); again {
				t.Error("the name is still there")
			}
		}
		if matches := sshconn.MatchWildcards("*", string(text)); !matches {
			t.Error("* does not match everything") // and it comes back
		}
		if sshconn.MatchWildcards(name, string(text)) && name == "" && len(text) > 0 {
			t.Error("an empty pattern matches something")
		}
	})
}
