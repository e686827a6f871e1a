package redispacer

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// redisServer is a redis-server on a free port of this machine.
type redisServer struct {
	Addr string
	cmd  *exec.Cmd
	args []string
}

// startRedis starts a server without persistence, which ends with the test.
func startRedis(t testing.TB, args ...string) *redisServer {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("USERSYNC_REQUIRE_SERVERS") == "1" {
			t.Fatal("redis-server is not installed (Debian: apt-get install redis-server)")
		}
		t.Skip("redis-server is not installed (Debian: apt-get install redis-server)")
	}
	port := freePort(t)
	s := &redisServer{Addr: fmt.Sprintf("127.0.0.1:%d", port)}
	s.args = append([]string{binary, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--daemonize", "no"}, args...)
	s.start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *redisServer) start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	require.NoError(t, s.cmd.Start())
	client := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer func() { _ = client.Close() }()
	require.Eventually(t, func() bool { return client.Ping(t.Context()).Err() == nil }, 10*time.Second, 10*time.Millisecond)
}

func (s *redisServer) stop() {
	if s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

func (s *redisServer) client(t testing.TB) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: storeTimeout})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func writeFile(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }

func oneQuota(n int, per time.Duration) Config {
	return Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: n, Per: per}}}}}
}

// send sends one accepted request.
func send(t testing.TB, p *Pacer) {
	t.Helper()
	ticket := p.Ticket("GET")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	ticket.Done(200, 0)
}

// awaitIdle waits until the pacer has reported everything.
func awaitIdle(t testing.TB, p *Pacer) {
	t.Helper()
	c := p.classes[0]
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.working
	}, 10*time.Second, time.Millisecond)
}
