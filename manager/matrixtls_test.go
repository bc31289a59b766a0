//go:debug x509usefallbackroots=1

package manager_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/doctor"
)

// authority signs certificates; the first one is what this process trusts.
type authority struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
}

func newAuthority() (authority, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of the test's"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return authority{cert, key}, err
}

// trusted is the authority that this process trusts, in place of the machine's.
var trusted = sync.OnceValues(func() (authority, error) {
	a, err := newAuthority()
	if err == nil {
		roots := x509.NewCertPool()
		roots.AddCert(a.cert)
		x509.SetFallbackRoots(roots)
	}
	return a, err
})

// certify makes a certificate for 127.0.0.1 and for the name of the test's API.
func (a authority) certify(t *testing.T, from time.Time) *tls.Certificate {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{apiName}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: from, NotAfter: from.Add(time.Hour),
	}, a.cert, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// apiName is a name that is looked up by the proxy of a test, and by nobody else.
const apiName = "api.podbay.invalid"

// secured is a world whose API is reached by TLS, with the certificate that shows
// says at the moment.
func secured(t *testing.T) (w *world, addr string, shows func(*tls.Certificate)) {
	t.Helper()
	w = newWorld(t, accountOptions{registered: true}, api.Endpoints{}, nil)
	var now atomic.Pointer[tls.Certificate]
	front := httptest.NewUnstartedServer(w.api)
	front.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*now.Load()}, NextProtos: []string{"h2", "http/1.1"}}, nil
	}}
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.StartTLS()
	t.Cleanup(front.Close)
	addr = front.Listener.Addr().String()
	w.url = "https://" + addr
	w.m = w.open(t, w.opts)
	return w, addr, now.Store
}

// tlsCell is a cell of an API with a certificate that is not accepted.
func tlsCell(bad func(*testing.T, authority) *tls.Certificate) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		good, err := trusted()
		if err != nil {
			c.Fatal(err)
		}
		w, _, shows := secured(c.T)
		shows(bad(c.T, good))
		c.account(w.account)
		shows(good.certify(c.T, time.Now().Add(-time.Minute)))
		c.became(w.m.JudgeAccount(c.Context()), "")
	}
}

func tlsCells() []cell {
	return []cell{
		{doctor.ClockWrong, "a certificate that begins tomorrow", doctor.ActRetry, "its day has come", doctor.AccountReady,
			tlsCell(func(t *testing.T, a authority) *tls.Certificate { return a.certify(t, time.Now().Add(24*time.Hour)) })},
		{doctor.RunPodTLS, "a certificate of an unknown authority", doctor.ActRetry, "the one in between is gone", doctor.AccountReady,
			tlsCell(func(t *testing.T, _ authority) *tls.Certificate {
				other, err := newAuthority()
				if err != nil {
					t.Fatal(err)
				}
				return other.certify(t, time.Now().Add(-time.Minute))
			})},
		{doctor.RunPodNameUnknown, "a name that does not exist", doctor.ActRetry, "the right name is given", doctor.AccountReady, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true}, api.Endpoints{}, nil)
			there := w.url
			w.url = "https://api..runpod.invalid" // no name server is asked for what cannot be a name
			w.m = w.open(c.T, w.opts)
			c.account(w.account)
			w.url = there
			c.became(w.open(c.T, w.opts).JudgeAccount(c.Context()), "")
		}},
		{doctor.HTTPSProxy, "HTTPS_PROXY names a port on which nobody listens", "", "HTTPS_PROXY is corrected", doctor.AccountReady, func(c *meeting) {
			good, err := trusted()
			if err != nil {
				c.Fatal(err)
			}
			w, addr, shows := secured(c.T)
			shows(good.certify(c.T, time.Now().Add(-time.Minute)))
			for _, name := range []string{"NO_PROXY", "no_proxy", "https_proxy", "REQUEST_METHOD"} {
				c.Setenv(name, "")
			}
			w.url = "https://" + apiName
			c.Setenv("HTTPS_PROXY", "http://"+direct("127.0.0.1", refusing(c.T)).Direct.String())
			w.m = w.open(c.T, w.opts)
			c.account(w.account)
			c.Setenv("HTTPS_PROXY", tunnel(c.T, addr))
			c.became(w.open(c.T, w.opts).JudgeAccount(c.Context()), "")
		}},
	}
}

// tunnel is an HTTP proxy that leads every name to one address.
func tunnel(t *testing.T, to string) string {
	t.Helper()
	var passing sync.WaitGroup
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passing.Add(1) // before the server stops counting the connection, which Close waits for
		defer passing.Done()
		far, err := net.Dial("tcp", to)
		if err != nil || r.Method != http.MethodConnect || r.Host != apiName+":443" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			far.Close()
			return
		}
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			passing.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				near.Close()
				far.Close()
			})
		}
	}))
	t.Cleanup(func() { proxy.Close(); passing.Wait() })
	return proxy.URL
}
