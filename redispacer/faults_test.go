//go:build unix

package redispacer

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// disturbance is a running job, for a fault to act on.
type disturbance struct {
	t       *testing.T
	server  *redisServer
	api     *api
	workers []*worker
}

// faults act on a job and return how many events they caused.
var faults = map[string]func(*disturbance) int{
	"kill and restart of processes": func(d *disturbance) int {
		for range 3 {
			d.sleep(time.Duration(500+rand.IntN(1000)) * time.Millisecond)
			i := rand.IntN(len(d.workers))
			require.NoError(d.t, d.workers[i].cmd.Process.Kill())
			_ = d.workers[i].cmd.Wait()
			d.workers[i] = startWorker(d.t, d.workers[i].config)
		}
		return 3
	},
	"process stopped for 3 s": func(d *disturbance) int {
		d.sleep(time.Second)
		require.NoError(d.t, d.workers[0].cmd.Process.Signal(syscall.SIGSTOP))
		d.sleep(3 * time.Second)
		require.NoError(d.t, d.workers[0].cmd.Process.Signal(syscall.SIGCONT))
		return 1
	},
	"store paused for 2 s": func(d *disturbance) int {
		d.sleep(time.Second)
		require.NoError(d.t, d.server.client(d.t).Do(d.t.Context(), "CLIENT", "PAUSE", "2000").Err())
		return 1
	},
	"store restarted without its data": func(d *disturbance) int {
		d.sleep(time.Second)
		d.server.stop()
		d.sleep(300 * time.Millisecond)
		d.server.start(d.t)
		return 1
	},
	"store down for 4 s": func(d *disturbance) int {
		d.sleep(time.Second)
		d.server.stop()
		d.sleep(4 * time.Second)
		d.server.start(d.t)
		return 1
	},
	"FLUSHALL": func(d *disturbance) int {
		for range 2 {
			d.sleep(1500 * time.Millisecond)
			require.NoError(d.t, d.server.client(d.t).FlushAll(d.t.Context()).Err())
		}
		return 2
	},
}

func (d *disturbance) sleep(duration time.Duration) {
	select {
	case <-time.After(duration):
	case <-d.t.Context().Done():
	}
}

// fast are identifAI's write quotas, twenty times as fast; steady is a quota
// without a short window, where a lost count would cost most.
var (
	fast   = []backoff.Quota{{N: 1, Per: 50 * time.Millisecond}, {N: 30, Per: 3 * time.Second}}
	steady = []backoff.Quota{{N: 60, Per: 3 * time.Second}}
)

func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than ten seconds")
	}
	t.Parallel()
	for name, fault := range faults {
		for _, quotas := range [][]backoff.Quota{fast, steady} {
			t.Run(fmt.Sprint(name, ", ", quotas), func(t *testing.T) {
				t.Parallel()
				server := startRedis(t)
				config := workerConfig{Redis: []string{server.Addr}, Quotas: quotas, Patient: !strings.HasPrefix(name, "store ")}
				rejected, allowed := disturbed(t, server, config, fault)
				assert.LessOrEqual(t, rejected, allowed)
			})
		}
	}
}

// disturbed runs a job with a fault and checks that it is done without a pause of
// more than a window. It returns the number of 429s, and how many are allowed: one
// for each event.
func disturbed(t *testing.T, server *redisServer, config workerConfig, fault func(*disturbance) int) (int, int) {
	t.Helper()
	quotas := config.Quotas
	n, longest := 4*quotas[len(quotas)-1].N, quotas[len(quotas)-1].Per
	d := &disturbance{t: t, server: server, api: startAPI(t, n, quotas)}
	config.API, config.Pacer, config.Goroutines = d.api.URL, withRedis, 8
	d.workers = startWorkers(t, 4, config)
	events := fault(d)
	waitFor(t, d.workers)
	accepted, rejected := d.api.state()
	t.Logf("%d rejected for %d events, longest pause %v, users %v, time %.2f", rejected, events, d.api.pause(), d.api.users(), d.api.took().Seconds()/best(n, quotas).Seconds())
	assert.Equal(t, n, accepted)
	// A full window is a pause of almost its length even without a fault.
	assert.Less(t, d.api.pause(), 2*longest+500*time.Millisecond)
	return rejected, events
}

func TestStoreLatencyAndClocks(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than ten seconds")
	}
	t.Parallel()
	for _, latency := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond} {
		t.Run(fmt.Sprint("latency ", latency), func(t *testing.T) {
			t.Parallel()
			server := startRedis(t)
			proxy := startProxy(t, server.Addr, latency/2)
			rejected, _ := disturbed(t, server, workerConfig{Redis: []string{proxy}, Quotas: steady, Patient: true}, func(*disturbance) int { return 0 })
			assert.Zero(t, rejected)
		})
	}
	t.Run("clocks off by an hour", func(t *testing.T) {
		t.Parallel()
		server := startRedis(t)
		rejected, _ := disturbed(t, server, workerConfig{Redis: []string{server.Addr}, Quotas: fast, ClockShift: time.Hour, Patient: true}, func(d *disturbance) int {
			config := d.workers[0].config
			config.Name, config.ClockShift = "worker an hour behind", -time.Hour
			d.workers = append(d.workers, startWorker(t, config))
			return 0
		})
		assert.Zero(t, rejected)
	})
}

// startProxy forwards TCP connections to addr and delays each direction.
func startProxy(t testing.TB, addr string, delay time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var group sync.WaitGroup
	group.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
			group.Go(func() { delayed(far, near, delay) })
			group.Go(func() { delayed(near, far, delay) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		group.Wait()
	})
	return l.Addr().String()
}

func delayed(to io.WriteCloser, from io.Reader, delay time.Duration) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			time.Sleep(delay)
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// TestFailoverToLaggingReplica stops a replica, so that it lags, and lets Sentinel
// make it the master.
func TestFailoverToLaggingReplica(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than ten seconds")
	}
	t.Parallel()
	master := startRedis(t)
	host, port, _ := strings.Cut(master.Addr, ":")
	replica := startRedis(t, "--replicaof", host+" "+port)
	sentinel := startSentinel(t, host, port)
	client := redis.NewSentinelClient(&redis.Options{Addr: sentinel})
	t.Cleanup(func() { _ = client.Close() })
	require.Eventually(t, func() bool {
		list, err := client.Replicas(t.Context(), "usersync").Result()
		return err == nil && len(list) == 1 && list[0]["master-link-status"] == "ok"
	}, 20*time.Second, 50*time.Millisecond, "the sentinel must know the replica")

	n, quotas := 4*60, steady
	d := &disturbance{t: t, server: master, api: startAPI(t, n, quotas)}
	d.workers = startWorkers(t, 4, workerConfig{API: d.api.URL, Redis: []string{sentinel}, Master: "usersync", Pacer: withRedis, Goroutines: 8, Quotas: quotas})
	d.sleep(500 * time.Millisecond)
	require.NoError(t, replica.cmd.Process.Signal(syscall.SIGSTOP))
	d.sleep(1500 * time.Millisecond)
	master.stop()
	require.NoError(t, replica.cmd.Process.Signal(syscall.SIGCONT))
	waitFor(t, d.workers)
	accepted, rejected := d.api.state()
	t.Logf("%d rejected, longest pause %v, users %v", rejected, d.api.pause(), d.api.users())
	assert.Equal(t, n, accepted)
	assert.LessOrEqual(t, rejected, 1)
	assert.Less(t, d.api.pause(), 2*quotas[0].Per+500*time.Millisecond)
}

func startSentinel(t testing.TB, host, port string) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	require.NoError(t, err)
	at := freePort(t)
	config := t.TempDir() + "/sentinel.conf"
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor usersync %s %s 1\nsentinel down-after-milliseconds usersync 300\nsentinel failover-timeout usersync 3000\n", at, host, port)
	require.NoError(t, writeFile(config, text))
	cmd := exec.Command(binary, config, "--sentinel")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return fmt.Sprintf("127.0.0.1:%d", at)
}
