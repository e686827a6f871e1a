package reliability

import (
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
)

// mutingListener can make its open connections silent, as a firewall does that has lost
// their state.
type mutingListener struct {
	net.Listener
	mu    sync.Mutex
	conns []*mutingConn
}

func (l *mutingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	muting := &mutingConn{Conn: conn}
	l.conns = append(l.conns, muting)
	return muting, nil
}

// mute makes the open connections silent and returns how many there are.
func (l *mutingListener) mute() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.muted.Store(true)
	}
	return len(l.conns)
}

type mutingConn struct {
	net.Conn
	muted atomic.Bool
}

func (c *mutingConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.muted.Load() {
			return n, err
		}
	}
}

func (c *mutingConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A dead HTTP/2 connection is replaced, with the transport and the timeouts that every
// client has by default. It takes as long as the timeouts, so only the report runs it.
func TestDeadHTTP2Connection(t *testing.T) {
	if !*report {
		t.Skip("takes 13 s; package rest tests it with short timeouts")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the certificate of the server is trusted through SSL_CERT_FILE")
	}
	fake := partootest.NewServer()
	server := httptest.NewUnstartedServer(fake)
	listener := &mutingListener{Listener: server.Listener}
	server.Listener, server.EnableHTTP2 = listener, true
	server.StartTLS()
	defer server.Close()
	if os.Getenv("DEAD_CONNECTION_RESULT") == "" {
		trustInChild(t, server)
		return
	}
	client, err := partoo.New(partootest.Key, rest.WithBaseURL(server.URL+"/v2"), rest.WithQuotas())
	require.NoError(t, err)
	_, err = client.Me(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, listener.mute())
	start := time.Now()
	_, err = client.Me(t.Context())
	require.NoError(t, err)
	took := time.Since(start)
	assert.Less(t, took, 20*time.Second)
	assert.Len(t, fake.Requests(), 2)
	require.NoError(t, os.WriteFile(os.Getenv("DEAD_CONNECTION_RESULT"), []byte(took.Round(100*time.Millisecond).String()), 0o600))
}

// trustInChild runs this test again in a process that trusts the certificate of httptest.
func trustInChild(t *testing.T, server *httptest.Server) {
	dir := t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cert.pem"), certificate, 0o600))
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDeadHTTP2Connection$", "-report")
	child.Env = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "cert.pem"), "DEAD_CONNECTION_RESULT="+filepath.Join(dir, "took"))
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	took, err := os.ReadFile(filepath.Join(dir, "took"))
	require.NoError(t, err)
	figure(t, "an HTTP/2 connection that is dead: time until the call succeeds on another, with the default timeouts", "%s", took)
}
