package identity

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func TestAgentKeysSign(t *testing.T) {
	home, elsewhere := newHome(t), t.TempDir()
	publics := map[string]ssh.PublicKey{}
	var paths []string
	for name, args := range map[string][]string{"ed25519": nil, "rsa": {"-b", "2048"}, "ecdsa": nil} {
		path := filepath.Join(elsewhere, name)
		publics[name+"@test"] = keygen(t, path, append([]string{"-t", name, "-N", ""}, args...)...)
		paths = append(paths, path)
	}
	f := finder(home, "SSH_AUTH_SOCK="+startAgent(t, paths...))
	set := find(t, f)
	if set.AgentErr != nil || len(set.Identities) != len(publics) {
		t.Fatal(names(set), set.AgentErr)
	}
	for _, id := range set.Identities {
		public := publics[id.Comment]
		if id.Source != SourceAgent || id.Path != "" || id.Name() != id.Comment || id.Problem != nil || !sameKey(id.Public, public) {
			t.Errorf("%+v", id)
			continue
		}
		wantSigns(t, f, id, nil, public)
	}
}

func TestNoAgent(t *testing.T) {
	home := newHome(t)
	path := filepath.Join(t.TempDir(), "key")
	keygen(t, path, "-t", "ed25519", "-N", "")
	write(t, filepath.Join(home, ".ssh", "config"), "IdentityAgent SSH_AUTH_SOCK\n")
	f := finder(home, "SSH_AUTH_SOCK="+startAgent(t, path))
	if set := find(t, f); len(set.Identities) != 1 {
		t.Fatal("the agent is not asked at all")
	}
	f.NoAgent = true
	if set := find(t, f); len(set.Identities) != 0 || set.Agent != "" || set.AgentErr != nil {
		t.Errorf("%v, %q, %v", names(set), set.Agent, set.AgentErr)
	}
	if err := f.AddToAgent(t.Context(), f.Load(path), nil); err == nil {
		t.Error("a key was given to an agent")
	}
}

func TestAgentKeyWithoutCommentIsNamedByItsFingerprint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	public := keygen(t, path, "-t", "ed25519", "-N", "", "-C", "")
	id := Identity{Source: SourceAgent, Public: public}
	if id.Name() != ssh.FingerprintSHA256(public) {
		t.Errorf("%q", id.Name())
	}
}

func TestAgentCertificateSigns(t *testing.T) {
	home, elsewhere := newHome(t), t.TempDir()
	ca, path := filepath.Join(elsewhere, "ca"), filepath.Join(elsewhere, "k")
	keygen(t, ca, "-t", "ed25519", "-N", "")
	public := keygen(t, path, "-t", "rsa", "-b", "2048", "-N", "")
	run(t, nil, "ssh-keygen", "-q", "-s", ca, "-I", "me", path+".pub")
	f := finder(home, "SSH_AUTH_SOCK="+startAgent(t, path)) // ssh-add takes k-cert.pub along
	set := find(t, f)
	if len(set.Identities) != 2 {
		t.Fatal(names(set))
	}
	for _, id := range set.Identities {
		signer, err := f.Signer(t.Context(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(nil, []byte("data"), ssh.KeyAlgoRSASHA512)
		if err != nil || public.Verify([]byte("data"), signature) != nil {
			t.Errorf("%s: %v", id.Public.Type(), err)
		}
	}
}

func TestOrderAndMerging(t *testing.T) {
	home := newHome(t)
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	keygen(t, in("extra"), "-t", "ed25519", "-N", "")
	keygen(t, in("configured"), "-t", "ed25519", "-N", passphrase)
	keygen(t, in(".ssh", "id_ed25519"), "-t", "ed25519", "-N", "")
	keygen(t, in(".ssh", "id_ecdsa"), "-t", "ecdsa", "-N", passphrase)
	keygen(t, in(".ssh", "id_rsa"), "-t", "rsa", "-b", "2048", "-N", "")
	keygen(t, in(".runpod", "ssh", "runpodctl-ssh-key"), "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "")
	write(t, in(".runpod", "ssh", "RunPod-Key-Go"), "junk")
	keygen(t, in("loaded"), "-t", "ed25519", "-N", "")
	keygen(t, in("handle"), "-t", "ed25519", "-N", "")
	write(t, in(".ssh", "config"), "IdentityFile ~/configured\nIdentityFile ~/handle\nIdentityFile ~/extra\n")
	// Loaded: one of its own, the plain usual one, the encrypted configured one,
	// one whose private file is gone, one whose file is too open.
	run(t, nil, "ssh-keygen", "-q", "-p", "-P", passphrase, "-N", "", "-f", in("configured"))
	socket := startAgent(t, in("loaded"), in(".ssh", "id_ed25519"), in("configured"), in("handle"), in(".ssh", "id_rsa"))
	run(t, nil, "ssh-keygen", "-q", "-a", "1", "-p", "-P", "", "-N", passphrase, "-f", in("configured"))
	for _, err := range []error{os.Remove(in("handle")), os.Chmod(in(".ssh", "id_rsa"), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}

	f := finder(home, "SSH_AUTH_SOCK="+socket)
	f.Extra = []string{in("extra")}
	set := find(t, f)
	want := []string{
		"file ~/extra", "agent ~/configured", "agent ~/handle", "file ~/.ssh/id_ed25519", "file ~/.ssh/id_ecdsa",
		"agent ~/.ssh/id_rsa", "file ~/.runpod/ssh/runpodctl-ssh-key", "agent loaded@test", "!file ~/.runpod/ssh/RunPod-Key-Go",
	}
	if got := names(set); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if id := set.Identities[1]; id.Encrypted || id.Path != in("configured") || id.Comment != "configured@test" {
		t.Errorf("%+v", id)
	}
	wantSigns(t, f, set.Identities[1], nil, set.Identities[1].Public)

	write(t, in(".ssh", "config"), "IdentitiesOnly yes\nIdentityFile ~/configured\n")
	set = find(t, f)
	if got, want := names(set), []string{"file ~/extra", "agent ~/configured"}; !slices.Equal(got, want) {
		t.Errorf("with IdentitiesOnly got %q, want %q", got, want)
	}

	write(t, in(".ssh", "config"), "IdentitiesOnly yes\n")
	set = find(t, f)
	want = []string{"file ~/extra", "file ~/.ssh/id_ed25519", "file ~/.ssh/id_ecdsa", "agent ~/.ssh/id_rsa"}
	if got := names(set); !slices.Equal(got, want) {
		t.Errorf("with IdentitiesOnly alone got %q, want %q", got, want)
	}
}

func TestOneKeyInTwoFiles(t *testing.T) {
	home := newHome(t)
	first, second := filepath.Join(home, ".ssh", "id_ed25519"), filepath.Join(home, ".ssh", "id_rsa")
	keygen(t, first, "-t", "ed25519", "-N", "")
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	write(t, second, string(text))
	if id := only(t, find(t, finder(home))); id.Path != first {
		t.Errorf("%+v", id)
	}
	run(t, nil, "ssh-keygen", "-q", "-a", "1", "-p", "-P", "", "-N", passphrase, "-f", first)
	if id := only(t, find(t, finder(home))); id.Path != second || id.Encrypted {
		t.Errorf("the file that needs no passphrase is not preferred: %+v", id)
	}
}

func TestAgentsThatDoNotServe(t *testing.T) {
	empty := startAgent(t)
	dead := filepath.Join(shortDir(t), "dead")
	listener, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	tests := []struct {
		name, socket string
		says         []string // nil for no error
	}{
		{"none", "", nil},
		{"empty", empty, nil},
		{"dead", dead, []string{"cannot be reached", "connection refused", "unset SSH_AUTH_SOCK"}},
		{"missing", filepath.Join(shortDir(t), "missing"), []string{"cannot be reached", "no such file"}},
		{"not a socket", write(t, filepath.Join(shortDir(t), "file"), ""), []string{"cannot be reached"}},
		{"another protocol", serve(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), []string{"is not an agent"}},
		{"refusing", serve(t, "\x00\x00\x00\x01\x05"), []string{"refuses to list its keys", "unlock"}},
		{"closing", serve(t, ""), []string{"is not an agent"}},
		{"nonsense keys", serve(t, "\x00\x00\x00\x09\x0c\x00\x00\x00\x01\x00\x00\x00\xff"), []string{"is not an agent"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := find(t, finder(newHome(t), "SSH_AUTH_SOCK="+tt.socket))
			if len(set.Identities) != 0 {
				t.Error(names(set))
			}
			if tt.says == nil {
				if set.AgentErr != nil {
					t.Error(set.AgentErr)
				}
				return
			}
			wantPlain(t, set.AgentErr, append(tt.says, tt.socket)...)
		})
	}
}

// serve answers each connection with answer and closes it.
func serve(t *testing.T, answer string) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		request := make([]byte, 5) // length and type of a request for the list
		if _, err := conn.Read(request); err == nil {
			conn.Write([]byte(answer))
		}
	})
}

// listen handles one connection after the other until the test ends.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	socket := filepath.Join(shortDir(t), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-ended
	})
	return socket
}

// hang accepts connections and says nothing until the far side goes.
func hang(t *testing.T, asked chan<- struct{}) string {
	return listen(t, func(conn net.Conn) {
		buffer := make([]byte, 1024)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			select {
			case asked <- struct{}{}:
			default:
			}
		}
	})
}

func TestHangingAgentIsGivenUp(t *testing.T) {
	f := finder(newHome(t), "SSH_AUTH_SOCK="+hang(t, nil))
	f.AgentTimeout = 50 * time.Millisecond
	set := find(t, f)
	wantPlain(t, set.AgentErr, "did not answer within 50ms")
	if !errors.Is(set.AgentErr, context.DeadlineExceeded) {
		t.Errorf("%v", set.AgentErr)
	}
}

func TestCancelledWhileTheAgentHangs(t *testing.T) {
	asked := make(chan struct{}, 1)
	f := finder(newHome(t), "SSH_AUTH_SOCK="+hang(t, asked))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found := make(chan error, 1)
	go func() {
		_, err := f.Find(ctx, Query{})
		found <- err
	}()
	<-asked
	cancel()
	if err := <-found; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestSigningEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{}, 1)
	path := filepath.Join(t.TempDir(), "k")
	id := Identity{Source: SourceAgent, Public: keygen(t, path, "-t", "ed25519", "-N", ""), Comment: "slow", agent: hang(t, asked)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	signer, err := finder("/").Signer(ctx, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed := make(chan error, 1)
	go func() {
		_, err := signer.Sign(nil, []byte("data"))
		signed <- err
	}()
	<-asked
	cancel()
	err = <-signed
	wantPlain(t, err, "the agent did not sign with slow")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := finder("/").Signer(ctx, id, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}

func TestLockedAndEmptiedAgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	public := keygen(t, path, "-t", "ed25519", "-N", "")
	socket := startAgent(t, path)
	f := finder(newHome(t), "SSH_AUTH_SOCK="+socket)
	id := only(t, find(t, f))
	signer, err := f.Signer(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := agentClient(t, socket)
	if err := client.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	// OpenSSH's locked agent says that it is empty.
	set := find(t, f)
	if len(set.Identities) != 0 || set.Agent != AgentLocked {
		t.Error(names(set), set.Agent)
	}
	wantPlain(t, set.AgentErr, "is locked", "ssh-add -X")
	_, err = signer.Sign(nil, []byte("data"))
	wantPlain(t, err, "no longer has the key, or is locked", "ssh-add -l")
	if err := client.Unlock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	wantSigns(t, f, id, nil, public)
	if err := client.RemoveAll(); err != nil {
		t.Fatal(err)
	}
	_, err = signer.Sign(nil, []byte("data"))
	wantPlain(t, err, "no longer has the key")
	if set := find(t, f); set.Agent != AgentEmpty || set.AgentErr != nil {
		t.Errorf("an empty agent: %q, %v", set.Agent, set.AgentErr)
	}
}

func TestHostileCommentsAreCleaned(t *testing.T) {
	home := newHome(t)
	path := filepath.Join(home, "k")
	keygen(t, path, "-t", "ed25519", "-N", "", "-C", "evil\x1b]0;title\x07 \u202ename")
	fromAgent := only(t, find(t, finder(home, "SSH_AUTH_SOCK="+startAgent(t, path))))
	if err := os.Rename(path, filepath.Join(home, ".ssh", "id_ed25519")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".pub", filepath.Join(home, ".ssh", "id_ed25519.pub")); err != nil {
		t.Fatal(err)
	}
	fromFile := only(t, find(t, finder(home)))
	for _, id := range []Identity{fromAgent, fromFile} {
		if !strings.HasPrefix(id.Comment, "evil") || strings.ContainsAny(id.Comment+id.Name(), "\x1b\x07\u202e") {
			t.Errorf("%q %q", id.Comment, id.Name())
		}
	}
}

// slowAgent takes a key when the person that it asks says so.
type slowAgent struct {
	agent.Agent
	asked chan struct{}
	yes   chan struct{}
}

func (a slowAgent) Add(key agent.AddedKey) error {
	close(a.asked)
	<-a.yes
	return a.Agent.Add(key)
}

// An agent that asks a person before it takes a key is waited for, longer than for its
// answer to a question.
func TestAddToAnAgentThatAsks(t *testing.T) {
	home, path := newHome(t), filepath.Join(t.TempDir(), "key")
	keygen(t, path, "-t", "ed25519", "-N", "")
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, answered := range []bool{true, false} {
		a := slowAgent{agent.NewKeyring(), make(chan struct{}), make(chan struct{})}
		served := make(chan struct{})
		go func() {
			defer close(served)
			conn, err := listener.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = agent.ServeAgent(a, conn) // ends with the connection
		}()
		f := finder(home, "SSH_AUTH_SOCK="+socket)
		f.AgentTimeout = 50 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		added := make(chan error, 1)
		go func() { added <- f.AddToAgent(ctx, f.Load(path), nil) }()
		<-a.asked
		select {
		case err := <-added:
			t.Errorf("it was not waited for: %v", err)
		case <-time.After(3 * f.AgentTimeout): // the person thinks
		}
		if answered {
			close(a.yes)
		} else {
			cancel()
		}
		err := <-added
		if (err == nil) != answered {
			t.Errorf("answered %v: %v", answered, err)
		}
		if !answered {
			if !strings.Contains(err.Error(), "may have taken") {
				t.Error(err)
			}
			close(a.yes)
		}
		cancel()
		<-served
	}
}
