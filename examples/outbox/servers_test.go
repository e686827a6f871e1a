//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// servers are a Postgres and a Redis of the demo, in a temporary directory.
type servers struct {
	dir         string
	databaseURL string
	redisAddr   string
	postgres    *exec.Cmd
	redis       *exec.Cmd
	bin         string
	credential  *syscall.Credential // Postgres does not run as root
}

// startServers starts both on free ports of the loopback interface. They end with
// the test.
func startServers(t *testing.T) *servers {
	t.Helper()
	redisServer, err := exec.LookPath("redis-server")
	s := &servers{bin: postgresBin()}
	if err != nil || s.bin == "" {
		const message = "postgres or redis-server is not installed (Debian: apt-get install postgresql redis-server)"
		if os.Getenv("USERSYNC_REQUIRE_SERVERS") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	s.dir, err = os.MkdirTemp("", "outbox") // t.TempDir is not readable for the user "postgres"
	require.NoError(t, err)
	t.Cleanup(s.stop)
	if os.Getuid() == 0 {
		s.credential, err = credentialOf("postgres", s.dir)
		require.NoError(t, err)
	}
	postgresPort, redisPort := freePort(t), freePort(t)
	data := filepath.Join(s.dir, "data")
	out, err := s.command("initdb", "-D", data, "-U", "outbox", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	require.NoError(t, err, "%s", out)
	s.databaseURL = fmt.Sprintf("postgres://outbox@127.0.0.1:%s/postgres?sslmode=disable", postgresPort)
	s.redisAddr = "127.0.0.1:" + redisPort
	s.redis = exec.Command(redisServer, "--port", redisPort, "--bind", "127.0.0.1", "--save", "", "--dir", s.dir)
	require.NoError(t, s.redis.Start())
	s.postgres = s.command("postgres", "-D", data, "-p", postgresPort, "-c", "listen_addresses=127.0.0.1", "-k", s.dir)
	require.NoError(t, s.postgres.Start())
	require.NoError(t, s.await(t.Context()))
	return s
}

// await waits until both servers accept connections.
func (s *servers) await(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: s.redisAddr})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.databaseURL)
		if err == nil {
			_ = conn.Close(ctx)
			if err = client.Ping(ctx).Err(); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("servers do not start: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// restartPostgres stops Postgres at once, as a crash does, and starts it again.
func (s *servers) restartPostgres(ctx context.Context) error {
	_ = s.postgres.Process.Signal(syscall.SIGQUIT)
	_ = s.postgres.Wait()
	s.postgres = s.command("postgres", s.postgres.Args[1:]...)
	if err := s.postgres.Start(); err != nil {
		return err
	}
	return s.await(ctx)
}

func (s *servers) stop() {
	for _, cmd := range []*exec.Cmd{s.postgres, s.redis} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Wait()
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// command returns a command of Postgres, which runs as the user "postgres" if the
// demo runs as root.
func (s *servers) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	if s.credential != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	}
	return cmd
}

// postgresBin returns the directory of Postgres, which Debian does not put on the
// PATH, or "".
func postgresBin() string {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// credentialOf gives dir to a user and returns what a process of that user needs.
func credentialOf(name, dir string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
