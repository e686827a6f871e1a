package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const (
	lockWait   = time.Second      // before another attempt at a locked user
	outageWait = 10 * time.Second // if neither the server nor the quota names a wait
	pauseWait  = time.Minute      // for the job whose error paused the queue
	pageSize   = 100              // users in one reconciliation job
	// maxAttempts is a week of attempts. River's default of 25 is used up after 11
	// minutes, and the change is lost then.
	maxAttempts = 10000
)

// DeliverArgs is a job: bring a user to a provider. A job is unique by provider,
// user and version of the row. Without the version, River would skip the job of a
// change that is made while the job of the change before is running.
type DeliverArgs struct {
	Provider string `json:"provider" river:"unique"`
	UserID   int64  `json:"user_id"  river:"unique"`
	Version  int64  `json:"version"  river:"unique"`
}

// Kind implements river.JobArgs.
func (DeliverArgs) Kind() string { return "deliver" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (a DeliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: a.Provider, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// deliverer works on DeliverArgs.
type deliverer struct {
	river.WorkerDefaults[DeliverArgs]
	pool      *pgxpool.Pool
	providers map[string]provider
}

// NextRetry implements river.Worker: soon, since the usual reason is a restart of
// Postgres.
func (*deliverer) NextRetry(job *river.Job[DeliverArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*2*time.Second, time.Minute))
}

// Work sends the current row, not the one of the job: an older change never
// overwrites a newer one. A version that was sent already is skipped, except after
// a failure, when it is unknown what the provider got.
func (w *deliverer) Work(ctx context.Context, job *river.Job[DeliverArgs]) error {
	name := job.Args.Provider
	err := deliver(ctx, w.pool, name, job.Args.UserID, job.Attempt == 1, w.providers[name].upsert)
	return decide(ctx, name, err)
}

// decide returns what River does with a job whose upsert ended with err: nil completes
// it, JobSnooze runs it again later without counting an attempt, JobCancel ends it, and
// another error is retried.
func decide(ctx context.Context, queue string, err error) error {
	e, ok := errors.AsType[*rest.Error](err)
	switch {
	case errors.Is(err, errLocked):
		return river.JobSnooze(lockWait)
	case err == nil || !ok:
		return err // River retries it
	case errors.Is(err, rest.ErrInvalid):
		return river.JobCancel(err) // the message names the fields
	}
	switch class, _ := e.FailureClass(); class {
	case "service":
		return river.JobSnooze(cmp.Or(e.FailureWait(), outageWait))
	case "configuration":
		// Every job of the queue would fail. An operator corrects the key and
		// resumes the queue.
		jobs := river.ClientFromContext[pgx.Tx](ctx)
		if e := jobs.QueuePause(context.WithoutCancel(ctx), queue, nil); e != nil {
			return errors.Join(err, e)
		}
		return river.JobSnooze(pauseWait)
	}
	return err
}

// ReconcileArgs is a job: compare the users behind After with those of a provider
// and correct the differences. It finds what was changed at the provider.
type ReconcileArgs struct {
	Provider string `json:"provider" river:"unique"`
	After    int64  `json:"after"    river:"unique"`
}

// Kind implements river.JobArgs.
func (ReconcileArgs) Kind() string { return "reconcile" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (a ReconcileArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: a.Provider, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: 10 * time.Minute}}
}

// reconciler works on ReconcileArgs.
type reconciler struct {
	river.WorkerDefaults[ReconcileArgs]
	pool      *pgxpool.Pool
	providers map[string]provider
}

// Timeout implements river.Worker: a page may take minutes.
func (*reconciler) Timeout(*river.Job[ReconcileArgs]) time.Duration { return 10 * time.Minute }

// Work upserts one page of users and adds the job of the next page.
func (w *reconciler) Work(ctx context.Context, job *river.Job[ReconcileArgs]) error {
	name := job.Args.Provider
	rows, err := w.pool.Query(ctx, `SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2`, job.Args.After, pageSize)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return err
	}
	do, err := w.providers[name].bulk(ctx, len(ids))
	if err != nil {
		return decide(ctx, name, err)
	}
	one := func(ctx context.Context, id int64) (sent, error) {
		err := deliver(ctx, w.pool, name, id, false, do)
		if errors.Is(err, errLocked) || errors.Is(err, rest.ErrInvalid) {
			err = nil // the user's own job delivers or reports it
		}
		return sent{}, err
	}
	for item := range upsert.All(ctx, slices.Values(ids), one) {
		err = errors.Join(err, item.Err)
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return decide(ctx, name, err)
	}
	if len(ids) == pageSize {
		_, err = river.ClientFromContext[pgx.Tx](ctx).Insert(ctx, ReconcileArgs{name, ids[len(ids)-1]}, nil)
	}
	return err
}
