// Command outbox is the worker of a service that keeps its users at three providers
// and never loses a change. The service itself calls SaveUser. See README.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

const jobsPerQueue = 8 // at a time, as many as the pacer keeps in flight

var (
	// requestTimeout ends an attempt of a request, jobTimeout a job: an attempt and
	// the wait for the quota.
	requestTimeout, jobTimeout = 30 * time.Second, 45 * time.Second
	// rescueAfter is when the job of a worker that was killed starts again. River
	// looks for such jobs every 30 seconds, so it takes 90 seconds at most.
	rescueAfter = time.Minute
	// reconcileEvery is how often all users are compared with the providers'.
	reconcileEvery = 24 * time.Hour
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := work(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "outbox:", err)
		os.Exit(1)
	}
}

// work delivers changes until ctx ends.
func work(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	// Each job holds a connection while it waits: one slow provider must not take
	// those of the others and of River.
	config.MaxConns = int32(len(providerNames)*jobsPerQueue + 8)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	store := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR"), ContextTimeoutEnabled: true})
	defer func() { _ = store.Close() }()
	providers, done, err := connect(ctx, store)
	defer done(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	jobs, err := newWorker(pool, providers)
	if err != nil {
		return err
	}
	if err = jobs.Start(ctx); err == nil {
		<-jobs.Stopped() // it stops when ctx ends
	}
	return err
}

// newWorker returns a River client that works on the queues of all providers.
func newWorker(pool *pgxpool.Pool, providers map[string]provider) (*river.Client[pgx.Tx], error) {
	registry, queues := river.NewWorkers(), make(map[string]river.QueueConfig)
	river.AddWorker(registry, &deliverer{pool: pool, providers: providers})
	river.AddWorker(registry, &reconciler{pool: pool, providers: providers})
	var periodic []*river.PeriodicJob
	for _, name := range providerNames {
		queues[name] = river.QueueConfig{MaxWorkers: jobsPerQueue}
		periodic = append(periodic, river.NewPeriodicJob(river.PeriodicInterval(reconcileEvery),
			func() (river.JobArgs, *river.InsertOpts) { return ReconcileArgs{Provider: name}, nil }, nil))
	}
	return river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues: queues, Workers: registry, PeriodicJobs: periodic, JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}
