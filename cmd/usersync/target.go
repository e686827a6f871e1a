package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// target is one provider in a run.
type target struct {
	name      string
	accountID string
	sender    userSender
	pacer     *backoff.QuotaPacer
	log       *slog.Logger
	ids       []int64 // the vendor's ids in the file
	tally     *tally
	failed    map[int]string // reasons, by row

	journal        *upsert.Journal // nil: none
	journalPath    string
	header         upsert.JournalHeader
	notes          []string // about journals
	createdJournal bool     // by this run
	replaceReason  string   // why the existing journal is replaced
	failedEarlier  map[int]upsert.Entry
}

// newTarget creates the client of a provider. A call may wait without limit, and up to an
// hour for one Retry-After, as the pacer does: a long run does not fail users because a
// quota is used up for a while.
func newTarget(p provider, config clientConfig, o options, log io.Writer) (*target, error) {
	t := &target{
		name:          p.title(),
		accountID:     p.accountID(config),
		log:           slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		tally:         newTally(p.title(), o.dryRun),
		failed:        make(map[int]string),
		failedEarlier: make(map[int]upsert.Entry),
	}
	var err error
	if t.pacer, err = newPacer(p, o); err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	config.textBooleans = o.textBooleans
	config.options = append(slices.Clone(config.options), rest.WithPacer(t.pacer), rest.WithLogger(t.log), rest.WithRetry(backoff.Policy{MaxWait: -1, MaxRetryAfter: time.Hour}))
	if o.timeout > 0 {
		config.options = append(config.options, rest.WithTimeout(o.timeout))
	}
	t.sender, err = p.connect(config)
	return t, err
}

// newPacer returns a pacer with the quotas of --quota or else the documented ones, which
// the fakes do not have. It allows one request in flight per worker.
func newPacer(p provider, o options) (*backoff.QuotaPacer, error) {
	config := backoff.PacerConfig{Share: o.share, MaxInFlight: max(o.workers, backoff.DefaultMaxInFlight)}
	switch set, ok := o.quotas.of(p.title()); {
	case ok:
		config.Quotas = []backoff.QuotaSet{set}
	case !o.fake:
		config.Quotas = p.documented()
	}
	return backoff.NewPacer(config)
}

// rateLimited is the number of 429 responses.
func (t *target) rateLimited() (n uint64) {
	for _, class := range t.pacer.Stats() {
		n += class.RateLimited
	}
	return n
}

// isInFlight reports whether a request is on its way.
func (t *target) isInFlight() bool {
	return slices.ContainsFunc(t.pacer.Stats(), func(class backoff.Stats) bool { return class.InFlight > 0 })
}

// upsert sends the users until all are sent, a context ends, or the API key is rejected.
func (t *target) upsert(ctx, acceptCtx context.Context, in input, r *report) {
	err := t.prepare(acceptCtx, r.options.dryRun)
	if err == nil {
		err = t.send(ctx, acceptCtx, in, r)
	}
	switch {
	case acceptCtx.Err() != nil:
		t.tally.finish(unsentReason(acceptCtx))
	case err != nil:
		t.tally.finish(oneLine(err.Error()))
	default:
		t.tally.finish("")
	}
}

// unsentReason is why a run ended early.
func unsentReason(acceptCtx context.Context) string {
	if cause := context.Cause(acceptCtx); !errors.Is(cause, context.Canceled) {
		return oneLine(cause.Error())
	}
	return errInterrupted.Error()
}

// prepare lists the existing users if that saves requests. If they cannot be listed, each
// user is looked up separately.
func (t *target) prepare(ctx context.Context, dryRun bool) error {
	err := t.sender.prepare(ctx, workload{max(1, t.tally.unsent()), t.ids, dryRun})
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, rest.ErrUnauthorized):
		return rejectedKeyError(err)
	}
	t.log.Warn("cannot list existing users; looking up each user separately (may take twice as long)", "provider", t.name, "error", err)
	return t.sender.prepare(ctx, workload{1, t.ids, dryRun})
}

// send returns the reason if not all users were sent.
func (t *target) send(ctx, acceptCtx context.Context, in input, r *report) error {
	var opts []upsert.Option
	if r.options.workers > 0 {
		opts = append(opts, upsert.WithWorkers(r.options.workers))
	}
	if t.journal != nil {
		opts = append(opts, upsert.WithJournal(t.journal))
	}
	var incomplete *upsert.IncompleteError
	for res := range t.sender.send(ctx, acceptCtx, in.Rows, opts...) {
		switch {
		case errors.As(res.err, &incomplete): // the last result
			continue
		case errors.Is(res.err, context.Canceled):
			t.tally.addAborted(notSent(res))
			continue
		}
		if res.err != nil {
			t.failed[res.index] = res.err.Error()
		}
		r.printUser(t.tally, res)
	}
	switch {
	case incomplete == nil:
		return nil
	case errors.Is(incomplete.Reason, rest.ErrUnauthorized):
		return rejectedKeyError(incomplete.Reason)
	}
	return incomplete.Reason
}

func rejectedKeyError(err error) error { return fmt.Errorf("API key rejected: %w", err) }

// notSent reports whether the run ended before anything was written for the user.
func notSent(res result) bool {
	e, ok := errors.AsType[*rest.Error](res.err)
	return ok && res.Outcome == 0 && e.Executed == rest.ExecutedNo
}
