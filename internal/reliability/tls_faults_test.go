package reliability

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tlsFaults prevent the connection.
func tlsFaults() []fault {
	show := func(certificate func() tls.Certificate) func(net.Conn) {
		return func(conn net.Conn) {
			config := &tls.Config{Certificates: []tls.Certificate{certificate()}, MinVersion: tls.VersionTLS12}
			_ = tls.Server(conn, config).Handshake()
		}
	}
	return []fault{
		onWire("TLS: certificate of an unknown authority", unreachable, false, secured(show(func() tls.Certificate { return credentials().untrusted }))),
		onWire("TLS: certificate of another host", unreachable, false, secured(show(func() tls.Certificate { return credentials().other }))),
		onWire("TLS: expired certificate", unreachable, false, secured(show(func() tls.Certificate { return credentials().expired }))),
		onWire("TLS: closed in the handshake", notConnected, false, secured(func(conn net.Conn) { _, _ = conn.Read(make([]byte, 100)) })),
		onWire("TLS: plain HTTP server", notConnected, false, secured(func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		})),
		onWire("TLS: no common version", notConnected, false, secured(func(conn net.Conn) {
			old := &tls.Config{Certificates: []tls.Certificate{credentials().good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
			_ = tls.Server(conn, old).Handshake()
		})),
	}
}

// secured is a wire with TLS on which misbehave handles the n-th connection.
func secured(misbehave func(net.Conn)) wire {
	return func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int) {
		good := httptest.NewUnstartedServer(handler)
		good.TLS = &tls.Config{Certificates: []tls.Certificate{credentials().good}, MinVersion: tls.VersionTLS12}
		good.StartTLS()
		bad := listen(t, misbehave)
		var dials atomic.Int64
		tr := &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: credentials().pool, ServerName: goodName, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				address := good.Listener.Addr().String()
				if dials.Add(1) == int64(n) {
					address = bad
				}
				var dialer net.Dialer
				return dialer.DialContext(ctx, "tcp", address)
			},
		}
		t.Cleanup(func() {
			tr.CloseIdleConnections()
			good.Close()
		})
		return tr, func() int { return int(dials.Load()) }
	}
}

// goodName is the host name that clients expect of every server.
const goodName = "host.usersync.test"

// certificates are those of the servers, and the pool that clients trust.
type certificates struct {
	good, untrusted, other, expired tls.Certificate
	pool                            *x509.CertPool
}

// credentials creates the certificates once, because creating keys is slow.
var credentials = sync.OnceValue(func() certificates {
	c := certificates{pool: x509.NewCertPool()}
	day := 24 * time.Hour
	c.good, c.untrusted = selfSigned(goodName, day), selfSigned(goodName, day)
	c.other, c.expired = selfSigned("other.usersync.test", day), selfSigned(goodName, -day)
	for _, trusted := range []tls.Certificate{c.good, c.other, c.expired} {
		c.pool.AddCert(trusted.Leaf)
	}
	return c
})

func selfSigned(host string, valid time.Duration) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(valid),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
