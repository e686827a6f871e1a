package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
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
	accountID string // whom the users are kept for
	session   userSender
	pacer     *backoff.QuotaPacer
	log       *slog.Logger
	ids       []int64 // the vendor's own, that users of the input come with
	tally     *tally

	journal        *upsert.Journal // nil: none
	journalPath    string
	header         upsert.JournalHeader
	notes          []string // on journals
	createdJournal bool     // by this run
	replaceReason  string   // whose the one there is, which is to be replaced
	failedEarlier  map[int]upsert.Entry
	lineOfFailed   map[int]int // of those
}

// newTarget has no limit on the waits of a call, and takes a server's word for up to an
// hour, as the pacer does: a long run does not give users up for a quota that is used
// up for a while.
func newTarget(p provider, config clientConfig, o options, log io.Writer) (*target, error) {
	t := &target{
		name:          p.title(),
		accountID:     p.accountID(config),
		log:           slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		tally:         newTally(p.title(), o.dryRun),
		failedEarlier: make(map[int]upsert.Entry),
		lineOfFailed:  make(map[int]int),
	}
	var err error
	if t.pacer, err = newPacer(p, o); err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	config.options = append(slices.Clone(config.options), rest.WithPacer(t.pacer), rest.WithLogger(t.log), rest.WithRetry(backoff.Policy{MaxWait: -1, MaxRetryAfter: time.Hour}))
	if o.timeout > 0 {
		config.options = append(config.options, rest.WithTimeout(o.timeout))
	}
	t.session, err = p.connect(config)
	return t, err
}

// newPacer returns a pacer with the quotas of --quota or else the documented ones, which
// the fakes do not have. It allows one request in flight per worker.
func newPacer(p provider, o options) (*backoff.QuotaPacer, error) {
	config := backoff.PacerConfig{Share: o.share, MaxInFlight: max(o.workers, backoff.DefaultMaxInFlight)}
	switch {
	case o.quota != nil:
		config.Quotas = []backoff.QuotaSet{*o.quota}
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

// upsert sends the users, until they or ending end, the context does, or the key
// turns out to be none.
func (t *target) upsert(ctx, ending context.Context, in *input, r *report) {
	err := t.prepare(ending, r.options.dryRun)
	if err == nil {
		err = t.send(ctx, ending, in, r)
	}
	switch {
	case ending.Err() != nil:
		t.tally.finish(unsentReason(ending))
	case err != nil:
		t.tally.finish(oneLine(err.Error()))
	default:
		t.tally.finish("")
	}
}

// unsentReason is what ended a run early.
func unsentReason(ending context.Context) string {
	if cause := context.Cause(ending); !errors.Is(cause, context.Canceled) {
		return oneLine(cause.Error())
	}
	return errInterrupted.Error()
}

// prepare prepares for the users that are left. Where those there are cannot be
// listed, each is looked up by itself.
func (t *target) prepare(ctx context.Context, dry bool) error {
	err := t.session.prepare(ctx, workload{max(1, t.tally.unsent()), t.ids, dry})
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, rest.ErrUnauthorized):
		return rejectedKeyError(err)
	}
	t.log.Warn("cannot list existing users; looking up each user separately (may take twice as long)", "provider", t.name, "error", err)
	return t.session.prepare(ctx, workload{1, t.ids, dry})
}

// send returns why not all users have been sent.
func (t *target) send(ctx, ending context.Context, in *input, r *report) error {
	var opts []upsert.Option
	if r.options.workers > 0 {
		opts = append(opts, upsert.WithWorkers(r.options.workers))
	}
	if t.journal != nil {
		opts = append(opts, upsert.WithJournal(t.journal))
	}
	var unread, refused, unrecorded error
	for is := range t.session.send(ctx, ending, t.rows(ending, in, &unread), opts...) {
		switch {
		case errors.Is(is.err, rest.ErrUnauthorized):
			refused = rejectedKeyError(is.err)
			continue
		case errors.Is(is.err, context.Canceled) && (refused != nil || ending.Err() != nil):
			t.tally.addAborted(notSent(is))
			continue
		case errors.Is(is.err, upsert.ErrJournal):
			unrecorded = is.err
		}
		r.printUser(t.tally, is)
	}
	return cmp.Or(refused, unrecorded, unread)
}

func rejectedKeyError(err error) error { return fmt.Errorf("the key was refused: %w", err) }

// rows are those of the input, until ending. It notes what ends them early, and the
// lines of users that failed in earlier runs.
func (t *target) rows(ending context.Context, in *input, unread *error) iter.Seq[row] {
	return func(yield func(row) bool) {
		index := 0
		for r, err := range in.rows() {
			if err != nil {
				*unread = err
				return
			}
			if _, ok := t.failedEarlier[index]; ok {
				t.lineOfFailed[index] = r.line
			}
			if ending.Err() != nil || !yield(r) {
				return
			}
			index++
		}
	}
}

// notSent reports whether the run ended while the user waited for its turn,
// before anything was written.
func notSent(is result) bool {
	e, ok := errors.AsType[*rest.Error](is.err)
	return ok && is.outcome == 0 && e.Executed == rest.ExecutedNo
}
