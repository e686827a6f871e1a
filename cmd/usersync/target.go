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
	name    string
	account string // whom the users are kept for
	session session
	pacer   *backoff.QuotaPacer // nil: with a fake, nobody paces
	queue   *queue              // of the pacer
	waits   waitLog
	ids     []int64 // the vendor's own, that users of the input come with
	tally   *tally

	journal       *upsert.Journal // nil: none
	journalPath   string
	header        upsert.JournalHeader
	notes         []string // on journals
	created       bool     // by this run
	replace       string   // whose the one there is, which is to be replaced
	failedEarlier map[int]upsert.Entry
	lines         map[int]int // of those
}

// connect has no limit on the waits of a call, and takes a server's word for up to an
// hour, as the pacer does: a long run does not give users up for a quota that is used
// up for a while.
func connect(p provider, door access, o options, log io.Writer) (*target, error) {
	t := &target{
		name:          p.title(),
		account:       p.whom(door),
		waits:         newWaitLog(log),
		tally:         newTally(p.title(), o.dryRun),
		failedEarlier: make(map[int]upsert.Entry),
		lines:         make(map[int]int),
	}
	options := append(slices.Clone(door.options), rest.WithLogger(slog.New(t.waits)), rest.WithRetry(backoff.Policy{MaxWait: -1, MaxRetryAfter: time.Hour}))
	if o.timeout > 0 {
		options = append(options, rest.WithTimeout(o.timeout))
	}
	if !o.fake || o.quota != nil {
		var err error
		if t.pacer, err = newPacer(p, o); err != nil {
			return nil, fmt.Errorf("%s: %w", p.title(), err)
		}
		t.queue = &queue{t.pacer, context.Background()}
		options = append(options, rest.WithPacer(t.queue))
	}
	door.options = options
	var err error
	t.session, err = p.connect(door)
	return t, err
}

// newPacer keeps to the provider's quotas unless -quota says otherwise, and lets
// as many requests be under way as there are workers.
func newPacer(p provider, o options) (*backoff.QuotaPacer, error) {
	config := backoff.PacerConfig{Quotas: p.documented(), Share: o.share, InFlight: max(o.workers, backoff.DefaultInFlight)}
	if o.quota != nil {
		config.Quotas = []backoff.QuotaSet{*o.quota}
	}
	return backoff.NewPacer(config)
}

// upsert sends the users, until they or ending end, the context does, or the key
// turns out to be none.
func (t *target) upsert(ctx, ending context.Context, in *input, r *report) {
	if t.queue != nil {
		t.queue.ending = ending
	}
	err := t.plan(ending, r.options.dryRun)
	if err == nil {
		err = t.send(ctx, ending, in, r)
	}
	switch {
	case ending.Err() != nil:
		t.tally.end(reason(ending))
	case err != nil:
		t.tally.end(oneLine(err.Error()))
	default:
		t.tally.end("")
	}
}

// reason is what ended a run early.
func reason(ending context.Context) string {
	if cause := context.Cause(ending); !errors.Is(cause, context.Canceled) {
		return oneLine(cause.Error())
	}
	return errInterrupted.Error()
}

// plan prepares for the users that are left. Where those there are cannot be
// listed, each is looked up by itself.
func (t *target) plan(ctx context.Context, dry bool) error {
	err := t.session.plan(ctx, plan{max(1, t.tally.unsent()), t.ids, dry})
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, rest.ErrUnauthorized):
		return refusedKey(err)
	}
	slog.New(t.waits).Warn("the users there are cannot be listed: each is looked up by itself, which may take twice as long", "provider", t.name, "error", err)
	return t.session.plan(ctx, plan{1, t.ids, dry})
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
	for is := range t.session.send(ctx, t.rows(ending, in, &unread), opts...) {
		switch {
		case errors.Is(is.err, rest.ErrUnauthorized):
			refused = refusedKey(is.err)
			continue
		case errors.Is(is.err, context.Canceled) && (refused != nil || ending.Err() != nil):
			t.tally.cut(untouched(is))
			continue
		case errors.Is(is.err, upsert.ErrJournal):
			unrecorded = is.err
		}
		r.user(t.tally, is)
	}
	return cmp.Or(refused, unrecorded, unread)
}

func refusedKey(err error) error { return fmt.Errorf("the key was refused: %w", err) }

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
				t.lines[index] = r.line
			}
			if ending.Err() != nil || !yield(r) {
				return
			}
			index++
		}
	}
}

// untouched reports whether the run ended while the user waited for its turn,
// before anything was written.
func untouched(is result) bool {
	e, ok := errors.AsType[*rest.Error](is.err)
	return ok && is.outcome == 0 && e.Executed == rest.ExecutedNo
}
