package redispacer

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// workerConfig is what a worker process gets in its environment.
type workerConfig struct {
	Name, API  string
	Redis      []string
	Master     string // of the sentinels at Redis
	Pacer      string // one of the constants below
	Processes  int
	Goroutines int
	Quotas     []backoff.Quota
	ClockShift time.Duration
	// Patient: a late reply of the store is no fault, but the busy machine.
	Patient bool
}

const (
	withRedis       = "redispacer"
	withRedisRate   = "redis_rate"
	uncoordinated   = "uncoordinated"
	withShare       = "WithShare"
	workerEnv       = "REDISPACER_WORKER"
	requestTimeout  = time.Second
	maxAPIWait      = 70 * time.Millisecond
	workerPollEvery = time.Millisecond
)

// TestMain runs as a worker process when the environment asks for it.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	if text := os.Getenv(workerEnv); text != "" {
		var config workerConfig
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			panic(err)
		}
		if err := work(config); err != nil {
			fmt.Fprintln(os.Stderr, config.Name, err)
			os.Exit(1)
		}
		return
	}
	// The tests wait most of the time, so more of them than cores can run at once.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// silent discards what go-redis logs about a store that is down.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// work sends requests until the API says that the job is done.
func work(config workerConfig) error {
	pacer, err := config.pacer()
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	ready, err := client.Get(config.API + "/ready?processes=" + strconv.Itoa(config.Processes))
	if err != nil {
		return err
	}
	_ = ready.Body.Close()
	client.Timeout = requestTimeout
	errs := make(chan error, config.Goroutines)
	for range config.Goroutines {
		go func() { errs <- workOne(config, pacer, client) }()
	}
	for range config.Goroutines {
		if e := <-errs; e != nil {
			err = e
		}
	}
	if p, ok := pacer.(*Pacer); ok {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if e := p.Close(ctx); e != nil {
			err = e
		}
	}
	return err
}

func workOne(config workerConfig, pacer backoff.Pacer, client *http.Client) error {
	for {
		ticket := pacer.Ticket("POST")
		for {
			if err := ticket.Wait(context.Background(), 0); err != nil {
				return err
			}
			req, err := http.NewRequest(http.MethodPost, config.API, nil)
			if err != nil {
				return err
			}
			req.Header.Set("X-Process", config.Name)
			resp, err := client.Do(req)
			if err != nil {
				ticket.Done(0, 0)
				continue
			}
			_ = resp.Body.Close()
			after, _ := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64)
			ticket.Done(resp.StatusCode, time.Duration(after*float64(time.Second)))
			if resp.StatusCode == http.StatusGone {
				return nil
			}
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
	}
}

func (c workerConfig) pacer() (backoff.Pacer, error) {
	sets := []backoff.QuotaSet{{Quotas: c.Quotas}}
	switch c.Pacer {
	case uncoordinated:
		return backoff.NewPacer(backoff.PacerConfig{Quotas: sets})
	case withShare:
		return backoff.NewPacer(backoff.PacerConfig{Quotas: sets, Share: c.Processes})
	}
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: c.Redis, MasterName: c.Master, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: storeTimeout,
	})
	if c.Pacer == withRedisRate {
		return &ratePacer{limiter: redis_rate.NewLimiter(client), quotas: c.Quotas}, nil
	}
	now := func() time.Time { return time.Now().Add(c.ClockShift) }
	p, err := newPacer(context.Background(), client, "https://api.example.com", "key",
		Config{Quotas: sets, Share: c.Processes, RequestTimeout: requestTimeout}, now)
	if err == nil && c.Patient {
		p.storeTimeout = 10 * time.Second
	}
	return p, err
}

// ratePacer is the usual use of redis_rate: one limit after the other.
type ratePacer struct {
	limiter *redis_rate.Limiter
	quotas  []backoff.Quota
}

func (p *ratePacer) Ticket(string) backoff.Ticket { return p }
func (*ratePacer) Handles429() bool               { return false }

func (p *ratePacer) Wait(ctx context.Context, _ time.Duration) error {
	for i := 0; i < len(p.quotas); {
		q := p.quotas[i]
		r, err := p.limiter.Allow(ctx, fmt.Sprint("k", i), redis_rate.Limit{Rate: q.N, Burst: q.N, Period: q.Per})
		if err != nil {
			return err
		}
		if r.Allowed > 0 {
			i++
			continue
		}
		time.Sleep(max(r.RetryAfter, workerPollEvery))
	}
	return nil
}

func (p *ratePacer) Done(status int, retryAfter time.Duration) {
	if status == http.StatusTooManyRequests {
		time.Sleep(retryAfter)
	}
}

// api is an HTTP server with fixed windows and latency that hands out a job of n
// requests.
type api struct {
	windowServer
	*httptest.Server
	n          int
	first      time.Time
	last       time.Time
	longestGap time.Duration
	byProcess  map[string]int
	ready      int
	start      chan struct{}
	events     sync.Mutex
}

func startAPI(t testing.TB, n int, quotas []backoff.Quota) *api {
	a := &api{windowServer: windowServer{quotas: quotas}, n: n, byProcess: make(map[string]int), start: make(chan struct{})}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" {
		a.awaitProcesses(r)
		return
	}
	way := 6*time.Millisecond + time.Duration(rand.Int64N(int64(1500*time.Microsecond)))
	if rand.IntN(100) == 0 {
		way += maxAPIWait / 2
	}
	time.Sleep(way)
	defer time.Sleep(6 * time.Millisecond)
	a.events.Lock()
	defer a.events.Unlock()
	if a.accepted >= a.n {
		w.WriteHeader(http.StatusGone)
		return
	}
	status, wait := a.handle()
	now := time.Now()
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", fmt.Sprintf("%.3f", wait.Seconds()))
	} else {
		if a.first.IsZero() {
			a.first = now
		} else {
			a.longestGap = max(a.longestGap, now.Sub(a.last))
		}
		a.last = now
		a.byProcess[r.Header.Get("X-Process")]++
	}
	w.WriteHeader(status)
}

// awaitProcesses returns when all processes are ready, so that none has an advantage.
func (a *api) awaitProcesses(r *http.Request) {
	all, _ := strconv.Atoi(r.URL.Query().Get("processes"))
	a.events.Lock()
	a.ready++
	if a.ready == all {
		close(a.start)
	}
	a.events.Unlock()
	select {
	case <-a.start:
	case <-r.Context().Done():
	}
}

// state returns the number of accepted and of rejected requests.
func (a *api) state() (accepted, rejected int) {
	a.events.Lock()
	defer a.events.Unlock()
	return a.accepted, a.rejected
}

// took returns the time between the first and the last accepted request.
func (a *api) took() time.Duration {
	a.events.Lock()
	defer a.events.Unlock()
	return a.last.Sub(a.first)
}

// pause returns the longest time between two accepted requests.
func (a *api) pause() time.Duration {
	a.events.Lock()
	defer a.events.Unlock()
	return a.longestGap
}

// users returns the number of requests of each process, sorted.
func (a *api) users() (counts []int) {
	a.events.Lock()
	defer a.events.Unlock()
	for _, n := range a.byProcess {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	return counts
}

// worker is a running worker process.
type worker struct {
	cmd    *exec.Cmd
	config workerConfig
}

func startWorker(t testing.TB, config workerConfig) *worker {
	t.Helper()
	text, err := json.Marshal(config)
	require.NoError(t, err)
	w := &worker{cmd: exec.Command(os.Args[0]), config: config}
	w.cmd.Env = append(os.Environ(), workerEnv+"="+string(text))
	w.cmd.Stderr = os.Stderr
	require.NoError(t, w.cmd.Start())
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	return w
}

// startWorkers starts n equal workers.
func startWorkers(t testing.TB, n int, config workerConfig) []*worker {
	t.Helper()
	workers := make([]*worker, n)
	config.Processes = n
	for i := range workers {
		config.Name = fmt.Sprint("worker ", i)
		workers[i] = startWorker(t, config)
	}
	return workers
}

func waitFor(t testing.TB, workers []*worker) {
	t.Helper()
	for _, w := range workers {
		require.NoError(t, w.cmd.Wait(), w.config.Name)
	}
}

// fairness is Jain's index: 1 when all counts are equal.
func fairness(counts []int) float64 {
	sum, squares := 0.0, 0.0
	for _, n := range counts {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	return sum * sum / (float64(len(counts)) * squares)
}

// best is the shortest possible time for n requests: windows filled as early as
// the server allows, and the latency of the first and the last request.
func best(n int, quotas []backoff.Quota) time.Duration {
	times := make([]time.Duration, 0, n)
	for len(times) < n {
		at := time.Duration(0)
		for _, q := range quotas {
			if i := len(times) - q.N; i >= 0 {
				at = max(at, times[i]+q.Per)
			}
		}
		times = append(times, at)
	}
	return times[n-1]
}
