package runpod_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"podbay/runpod"
)

func TestWhyNoAnswerCame(t *testing.T) {
	now := time.Now()
	refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	tests := []struct {
		name  string
		base  string
		proxy string
		want  runpod.Fault
		says  string
	}{
		{"a name that is none", "https://api.podbay.invalid", "", runpod.FaultName, "api.podbay.invalid"},
		{"nobody listens", "http://" + closedPort(t), "", runpod.FaultUnreachable, "refuses the connection"},
		{"a proxy that refuses CONNECT", "https://api.podbay.invalid", refusing, runpod.FaultProxy, "407"},
		{"a proxy that is down", "https://192.0.2.1", "http://" + closedPort(t), runpod.FaultProxy, "HTTPS_PROXY"},
		{"a certificate of nobody", tlsServer(t, now.Add(-time.Hour), now.Add(time.Hour)), "", runpod.FaultTLS, "no authority"},
		{"a certificate of yesterday", tlsServer(t, now.Add(-48*time.Hour), now.Add(-24*time.Hour)), "", runpod.FaultTLS, "has expired"},
		{"a certificate of tomorrow", tlsServer(t, now.Add(24*time.Hour), now.Add(48*time.Hour)), "", runpod.FaultClock, "this machine's clock"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proxyEnv(t, map[string]string{"HTTPS_PROXY": tt.proxy})
			_, err := newClient(t, runpod.Options{BaseURL: tt.base}).ListPods(testContext(t))
			var call *runpod.Error
			if !errors.As(err, &call) || call.Fault != tt.want || !strings.Contains(call.Reason(), tt.says) {
				t.Errorf("ListPods = %v, want the fault %q and %q", err, tt.want, tt.says)
			}
		})
	}
}

// tlsServer serves with a certificate of its own making and returns its base URL.
func tlsServer(t *testing.T, from, to time.Time) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}
