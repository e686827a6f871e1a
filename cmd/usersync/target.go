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
	"github.com/usersync/usersync/internal/waitlimit"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// target is one provider in a run.
type target struct {
	*provider
	config  clientConfig
	prepare prepareFunc
	pacer   *backoff.QuotaPacer
	log     *slog.Logger
	tally   *tally

	journal        *upsert.Journal // nil: none
	journalPath    string
	header         upsert.JournalHeader
	notes          []string // about journals
	createdJournal bool     // by this run
	replaceReason  string   // why the existing journal is replaced
}

// newTarget creates the client of a provider. It sends nothing.
func newTarget(p *provider, config clientConfig, o options, log io.Writer) (*target, error) {
	logger := slog.New(slog.NewTextHandler(log, nil))
	t := &target{provider: p, config: config, log: logger.With("provider", p.name), tally: newTally(p.name, o.dryRun)}
	var err error
	if t.pacer, err = newPacer(p, o); err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	t.config.textBooleans = o.textBooleans
	t.config.options = append(slices.Clone(config.options), rest.WithPacer(t.pacer), rest.WithLogger(logger))
	if o.timeout > 0 {
		t.config.options = append(t.config.options, rest.WithTimeout(o.timeout))
	}
	t.prepare, err = p.connect(t.config)
	return t, err
}

// newPacer returns a pacer with the quotas of --quota, or else the documented ones. With
// --fake there are no documented quotas. The limit of requests in flight is at least the
// number of workers.
func newPacer(p *provider, o options) (*backoff.QuotaPacer, error) {
	config := backoff.PacerConfig{Share: o.share, MaxInFlight: max(o.workers, backoff.DefaultMaxInFlight)}
	switch set, ok := o.quotas.of(p.name); {
	case ok:
		config.Quotas = []backoff.QuotaSet{set}
	case !o.fake:
		config.Quotas = p.quotas
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

// upsert sends the users until all are sent, a context ends, or the run cannot continue.
func (t *target) upsert(ctx, acceptCtx context.Context, in input, r *report) {
	upsertUser, err := t.prepareUpsert(waitlimit.With(acceptCtx, &waitlimit.Call{MaxWait: r.options.maxOutage}), in.ids[t.name], r.options)
	if err == nil {
		err = t.send(ctx, acceptCtx, upsertUser, r)
	}
	t.tally.finish(unsentReason(acceptCtx, err))
}

// unsentReason is why a run ended early, empty if it did not. The first reason counts.
func unsentReason(acceptCtx context.Context, err error) string {
	switch cause := context.Cause(acceptCtx); {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled) && cause != nil && !errors.Is(cause, context.Canceled):
		return oneLine(cause.Error())
	case errors.Is(err, context.Canceled):
		return errInterrupted.Error()
	case errors.Is(err, rest.ErrUnauthorized):
		return oneLine("API key rejected: " + err.Error())
	}
	text := oneLine(err.Error())
	if e, ok := errors.AsType[*rest.Error](err); ok && e.FailureWait() > 0 {
		text += ", until " + time.Now().Add(e.FailureWait()).Format(time.DateTime)
	}
	return text
}

// prepareUpsert lists the existing users if that saves requests. If they cannot be listed,
// each user is looked up separately.
func (t *target) prepareUpsert(ctx context.Context, ids []int64, o options) (upsertFunc, error) {
	w := workload{max(1, t.tally.unsent()), ids, o.dryRun}
	upsertUser, err := t.prepare(ctx, w)
	for delay := time.Second; isServiceFailure(err) && ctx.Err() == nil; delay = min(2*delay, 30*time.Second) {
		if err := t.awaitService(ctx, err, delay, o.maxOutage); err != nil {
			return nil, err
		}
		upsertUser, err = t.prepare(ctx, w)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil, errors.Is(err, rest.ErrUnauthorized):
		return upsertUser, err
	}
	t.log.Warn("cannot list existing users; looking up each user separately (may take twice as long)", "error", err)
	w.users = 1
	return t.prepare(ctx, w)
}

func isServiceFailure(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		return false
	}
	class, suspected := e.FailureClass()
	return class == "service" && !suspected // not an unknown host
}

// awaitService waits before the users are listed again. It returns an error if the service
// fails for longer than limit.
func (t *target) awaitService(ctx context.Context, err error, delay, limit time.Duration) error {
	e, _ := errors.AsType[*rest.Error](err)
	delay = max(delay, e.FailureWait())
	switch {
	case e.FailureWait() > limit:
		return fmt.Errorf("required wait of %v exceeds the limit of %v: %w", e.FailureWait().Round(time.Second), limit, err)
	case time.Since(t.tally.start)+delay > limit:
		return fmt.Errorf("service failed for longer than %v: %w", limit, err)
	}
	t.log.Warn("cannot list existing users: service failed", "next_try_in", delay, "error", err)
	return backoff.Sleep(ctx, delay)
}
