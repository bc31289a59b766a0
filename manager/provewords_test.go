package manager_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/internal/opensshd"
	"podbay/manager"
)

func TestProveSaysWhyNot(t *testing.T) {
	taking, lacking := opensshd.Start(t, opensshd.Config{}), opensshd.Start(t, opensshd.Config{})
	password := podServer(t, pod.Behaviour{PasswordOnly: true})
	refusing := newRefusingPort(t)
	all := []manager.WayOut{manager.WayProxyShell, manager.WayRecreate, manager.WayWebTerminal}
	tests := []struct {
		id         string
		spec       func(*api.PodSpec)
		at         api.Endpoints
		registered string // what the sentence holds when the key is registered
		missing    string // and what when it is not
		ways       []manager.WayOut
	}{
		{"absent", nil, direct(lacking.Host, lacking.Port), "created before the key was registered, or created without SSH", "registered when they are created", all},
		{"lacks", publicKey(otherLine), direct(lacking.Host, lacking.Port), "does not have the key: it holds others", "does not have the key", all},
		{"empty", publicKey(" "), direct(lacking.Host, lacking.Port), "PUBLIC_KEY is empty", "PUBLIC_KEY is empty", all},
		{"null", publicKey("null"), direct(lacking.Host, lacking.Port), "the word null", "the word null", all},
		{"locked", func(s *api.PodSpec) { s.Locked = true }, direct(lacking.Host, lacking.Port), "look alike", "", []manager.WayOut{manager.WayProxyShell, manager.WayWebTerminal}},
		{"member", func(s *api.PodSpec) { s.Cluster = &api.Cluster{ID: "c"} }, direct(lacking.Host, lacking.Port), "look alike", "", []manager.WayOut{manager.WayProxyShell, manager.WayWebTerminal}},
		{"password", nil, direct("127.0.0.1", int(password.Addr().Port())), "takes no keys at all", "takes no keys at all", []manager.WayOut{manager.WayWebTerminal}},
		{"nosshd", publicKey(""), refusing, "only when PUBLIC_KEY holds a key, and its PUBLIC_KEY is empty. RunPod's proxy takes the key", "PUBLIC_KEY is empty.", []manager.WayOut{manager.WayRecreate, manager.WayWebTerminal}},
		{"noimage", publicKey(otherLine), refusing, "The image runs none", "The image runs none", []manager.WayOut{manager.WayWebTerminal}},
	}
	for _, registered := range []bool{true, false} {
		name := map[bool]string{true: "registered", false: "not registered"}[registered]
		t.Run(name, func(t *testing.T) {
			opts := accountOptions{registered: registered, host: api.FixedHost{}}
			for _, tt := range tests {
				opts.pods = append(opts.pods, running(tt.id, func(s *api.PodSpec) {
					s.StartedAt = past
					if tt.spec != nil {
						tt.spec(s)
					}
				}))
				opts.host[tt.id] = tt.at
			}
			opts.pods = append(opts.pods, running("ready", nil), api.PodSpec{ID: "stopped", Status: api.StatusExited})
			opts.host["ready"] = direct(taking.Host, taking.Port)
			var a *account
			proxy := startProxy(t, t.TempDir(), func() []ssh.PublicKey { return pod.ParseAuthorizedKeys(strings.Join(a.api.SSHKeys(), "\n")) })
			opts.proxy = at(proxy)
			a = newAccount(t, opts)
			a.trustProxy(t, proxy)
			taking.Authorize(a.key)
			proofs := a.proveAccepting(t, manager.ProveRequest{})
			if p := proofs["ready"]; !p.Takes || p.Route.Kind != manager.RouteDirect || p.Question != nil || p.Sentence != "" || p.Ways != nil {
				t.Errorf("ready: %+v, want that it takes the key", p)
			}
			if len(proofs) != len(tests)+1 {
				t.Errorf("%d proofs, want %d: one for each running pod", len(proofs), len(tests)+1)
			}
			for _, tt := range tests {
				want, ways := tt.registered, tt.ways
				if !registered {
					want = tt.missing
					ways = slices.DeleteFunc(slices.Clone(ways), func(w manager.WayOut) bool { return w == manager.WayProxyShell })
				}
				p := proofs[tt.id]
				if p.Takes || p.Question != nil || !strings.Contains(p.Sentence, want) || !slices.Equal(p.Ways, ways) {
					t.Errorf("%s: takes %v, question %v, %q, ways %v; want %q and %v", tt.id, p.Takes, p.Question, p.Sentence, p.Ways, want, ways)
				}
				said := strings.HasPrefix(p.Sentence, "The key is not registered on the RunPod account: register it first.")
				if refused := slices.Contains([]string{"absent", "lacks", "empty", "null", "locked", "member"}, tt.id); refused && said == registered {
					t.Errorf("%s: says first %q, with a key that is %s", tt.id, p.Sentence, name)
				}
			}
		})
	}
}

// The pod's own PUBLIC_KEY is what proves that the fault is in the pod.
func TestProveToldByPublicKey(t *testing.T) {
	sshd := opensshd.Start(t, opensshd.Config{})
	opts := accountOptions{registered: true, pods: []api.PodSpec{running("has", func(s *api.PodSpec) { s.StartSSH = true })},
		host: api.FixedHost{"has": direct(sshd.Host, sshd.Port)}}
	a := newAccount(t, opts)
	p := a.proveAccepting(t, manager.ProveRequest{})["has"]
	if !strings.Contains(p.Sentence, "PUBLIC_KEY has the key, yet its sshd refused it") || slices.Contains(p.Ways, manager.WayRecreate) {
		t.Errorf("%q %v, want that the image is at fault, and no way by PUBLIC_KEY", p.Sentence, p.Ways)
	}
}

func TestProveByTheProxy(t *testing.T) {
	for _, registered := range []bool{true, false} {
		var a *account
		proxy := startProxy(t, t.TempDir(), func() []ssh.PublicKey { return pod.ParseAuthorizedKeys(strings.Join(a.api.SSHKeys(), "\n")) })
		a = newAccount(t, accountOptions{registered: registered, proxy: at(proxy), host: api.FixedHost{"far": {}},
			pods: []api.PodSpec{running("far", func(s *api.PodSpec) { s.NoPublicIP = true })}})
		p := a.proveAccepting(t, manager.ProveRequest{})["far"]
		if p.Route.Kind != manager.RouteProxy || p.Takes != registered || p.Ways != nil {
			t.Errorf("registered %v: %+v", registered, p)
		}
		if !registered && !strings.HasPrefix(p.Sentence, "The key is not registered on the account: register it first.") {
			t.Errorf("says %q", p.Sentence)
		}
	}
}

// Whether the proxy takes the key is not asked about when its own host key would
// be the question; a registered key it takes.
func TestProveOffersAProxyThatWasNeverSeen(t *testing.T) {
	proxy := startProxy(t, t.TempDir(), func() []ssh.PublicKey { return nil })
	a, sshd := readyPod(t, accountOptions{registered: true, proxy: at(proxy)})
	sshd.Authorize()
	p := a.proveAccepting(t, manager.ProveRequest{})["ready1"]
	if p.Question != nil || !slices.Contains(p.Ways, manager.WayProxyShell) {
		t.Errorf("%+v, want the proxy among the ways and no question about it", p)
	}
	a.trustProxy(t, proxy)
	a.proveAccepting(t, manager.ProveRequest{})
	if p = a.prove(t, manager.ProveRequest{})["ready1"]; slices.Contains(p.Ways, manager.WayProxyShell) {
		t.Errorf("%+v, want no way by a proxy that refuses the key", p)
	}
}

// A key that the server knows, or cannot check at all, is not a key that the pod
// lacks.
func TestProveTellsWhatIsNoLackOfTheKey(t *testing.T) {
	t.Run("more than a key is wanted", func(t *testing.T) {
		sshd := opensshd.Start(t, opensshd.Config{ExtraConfig: []string{"AuthenticationMethods publickey,publickey"}})
		a := newAccount(t, accountOptions{registered: true, pods: []api.PodSpec{running("a", nil)}, host: api.FixedHost{"a": direct(sshd.Host, sshd.Port)}})
		sshd.Authorize(a.key)
		p := a.proveAccepting(t, manager.ProveRequest{})["a"]
		if p.Takes || !strings.Contains(p.Sentence, "knows the key and refused the login") || !slices.Equal(p.Ways, []manager.WayOut{manager.WayWebTerminal}) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("no common signature", func(t *testing.T) {
		a := newAccount(t, accountOptions{pods: []api.PodSpec{running("a", nil)}, host: api.FixedHost{"a": ed25519Server(t)}})
		p := a.proveAccepting(t, manager.ProveRequest{Fingerprint: writeRSA(t, a)})["a"]
		if p.Takes || !strings.Contains(p.Sentence, "use an ed25519 key") || p.Ways != nil {
			t.Errorf("%+v", p)
		}
	})
	t.Run("starting", func(t *testing.T) {
		a := newAccount(t, accountOptions{registered: true, host: api.FixedHost{"a": newRefusingPort(t)},
			pods: []api.PodSpec{running("a", func(s *api.PodSpec) { s.StartedAt = time.Now() })}})
		if p := a.prove(t, manager.ProveRequest{})["a"]; !strings.Contains(p.Sentence, "Wait") || p.Ways != nil {
			t.Errorf("%+v, want that the pod is starting", p)
		}
	})
	t.Run("ProxyJump", func(t *testing.T) {
		a, _ := readyPod(t, accountOptions{registered: true})
		if err := os.WriteFile(a.paths.Home+"/.ssh/config", []byte("Host 127.0.0.1\n  ProxyJump bastion\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if p := a.prove(t, manager.ProveRequest{})["ready1"]; !strings.Contains(p.Sentence, "ProxyJump bastion") || p.Ways != nil {
			t.Errorf("%+v, want what ~/.ssh/config asks for", p)
		}
	})
}

// writeRSA puts an RSA key into the account's home.
func writeRSA(t *testing.T, a *account) (fingerprint string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "rsa")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.paths.Home+"/.ssh/id_rsa", pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}

// ed25519Server is a server that announces that it takes ed25519 keys alone.
func ed25519Server(t *testing.T) api.Endpoints {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hostKey, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{
		PublicKeyAuthAlgorithms: []string{ssh.KeyAlgoED25519},
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, errors.New("not this one")
		},
	}
	config.AddHostKey(hostKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_, _, _, _ = ssh.NewServerConn(conn, config) // nobody gets in
			})
		}
	})
	return direct("127.0.0.1", listener.Addr().(*net.TCPAddr).Port)
}
