package upsert

import (
	"context"
	"iter"
	"log/slog"
)

// Item is the result of one user of a run.
type Item[T, R any] struct {
	// Index is the user's position in the input, from 0. It is -1 in the last item of
	// an incomplete run, which belongs to no user.
	Index int
	// User is the user from the input.
	User T
	// Result is what the upsert returned.
	Result R
	// Err is the error of the upsert, nil after success. It matches ErrJournal if the
	// result could not be recorded; Result is still what the upsert returned. In the
	// last item of an incomplete run it is an [*IncompleteError].
	Err error
}

// LogValue returns the fields of an item. The user is logged by its own LogValue,
// which keeps passwords out.
func (i Item[T, R]) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Int("index", i.Index), slog.Any("user", i.User), slog.Any("result", i.Result)}
	if i.Err != nil {
		attrs = append(attrs, slog.Any("error", i.Err))
	}
	return slog.GroupValue(attrs...)
}

// All upserts many users concurrently and yields the result of each, in order of
// completion. upsertFunc is the UpsertUser method of a provider:
//
//	for item := range upsert.All(ctx, slices.Values(users), client.UpsertUser) {
//		switch {
//		case errors.Is(item.Err, upsert.ErrIncomplete):
//			return item.Err
//		case item.Err != nil:
//			log.Printf("user %d: %v", item.Index, item.Err)
//		}
//	}
//
// A user that fails does not stop the others. At most 8 upserts run at once, or as
// many as [WithWorkers] sets. Users are read when a worker is free, one in advance, so
// memory does not grow with the input.
//
// All reads the class of an error from its method FailureClass, which *rest.Error
// has. An error without this method concerns its user only.
//
//   - A failure of one user is yielded. If 20 users in a row fail with 402, 403, 404 or
//     similar, without a success, the configuration is the reason and the run ends.
//   - A failure of the service (no response, 5xx and so on) pauses the run. No new user
//     starts. One user at a time is tried with one attempt, a different one each time,
//     after 1 s, doubling to 30 s, or when the server or the quota allows it. With the first
//     success the run continues, and the users that failed are retried. If the
//     service fails for longer than [WithMaxOutage], the run ends. It also ends, without
//     waiting, if a required wait exceeds this limit or the deadline of ctx.
//     A user that fails three times is yielded as failed if the first try of each
//     pause in between succeeded. Otherwise the pause was an outage, and earlier
//     failures do not count.
//     At the end, users that failed may be the only ones left. A user is then yielded as
//     failed after three failures if another one succeeded that was started after its
//     first failure. Without such a success it may be an outage that began with the
//     last users: they are tried until it ends or exceeds the limit. Only a single last
//     user is yielded as failed after 15 minutes, if other users succeeded before.
//   - A failure of the configuration, for example a rejected API key, ends the run.
//
// # Incomplete runs
//
// If a run ends before each user has succeeded or failed, the last item's error is an
// [*IncompleteError], which matches [ErrIncomplete] and contains the reason and the
// number of users not sent. A run ends early for one of the reasons above, when
// recording in the journal fails, when ctx ends, or when the context of [WithStop]
// ends. Users that were not sent are neither yielded nor recorded.
//
// If ctx ends or the configuration is wrong, the contexts of the upserts in flight are
// cancelled. Their results are yielded, with an error that matches context.Canceled
// or context.DeadlineExceeded, but not recorded; they count as not sent, although
// their requests may have been executed.
//
// If the caller leaves the loop, the upserts in flight are cancelled. Their results
// are not yielded; those that succeeded are recorded in the journal.
//
// No goroutine remains afterwards: All waits for upsertFunc to return and for users to
// yield its next user or end, so both should honour ctx.
//
// Users and upsertFunc are called by goroutines of the run. When one of them panics,
// the run is cancelled and the panic continues in the goroutine of the loop, as a
// [*Panic].
//
// All panics if users or upsertFunc is nil, or if an option does not fit: a function
// for another type of user, or a journal that cannot identify users. Each range over
// the returned sequence is a separate run.
func All[T, R any](ctx context.Context, users iter.Seq[T], upsertFunc func(context.Context, T) (R, error), opts ...Option) iter.Seq[Item[T, R]] {
	check(users != nil && upsertFunc != nil, "All needs users and a function that upserts one")
	o := newOptions(opts)
	key, content := funcOf[T]("WithKey", o.key), funcOf[T]("WithContent", o.content)
	check(content == nil || key != nil, "WithContent needs WithKey")
	check(o.journal == nil || o.journal.hasInput || content != nil, "WithJournal needs a journal with an Input, or WithContent")
	return func(yield func(Item[T, R]) bool) {
		r := &run[T, R]{
			options:      o,
			upsertFunc:   upsertFunc,
			keyFunc:      key,
			contentFunc:  content,
			callerCtx:    ctx,
			users:        make(chan T),
			results:      make(chan result[T, R], o.workers),
			crashes:      make(chan *Panic, o.workers+1),
			done:         make(chan struct{}),
			waitingByKey: map[string][]job[T]{},
		}
		r.ctx, r.cancel = context.WithCancelCause(ctx)
		r.spawn(func() { r.readUsers(users) })
		defer r.shutdown()
		r.loop(yield)
	}
}
