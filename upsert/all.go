package upsert

import (
	"context"
	"iter"
	"log/slog"
)

// Item is what became of one user of a run.
type Item[T, R any] struct {
	// Index is the user's place in the input, counted from 0.
	Index int
	// User is the user as it came from the input.
	User T
	// Result is what the upsert returned.
	Result R
	// Err is why the upsert failed; nil when it did not. It matches ErrJournal
	// when the journal could not record what happened: Result is then still what
	// the upsert returned.
	Err error
}

// LogValue groups what slog writes of an item: the user by its own LogValue, so
// that passwords stay out of JSON too.
func (i Item[T, R]) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Int("index", i.Index), slog.Any("user", i.User), slog.Any("result", i.Result)}
	if i.Err != nil {
		attrs = append(attrs, slog.Any("error", i.Err))
	}
	return slog.GroupValue(attrs...)
}

// All upserts many users, several at a time, and hands out what became of each,
// in the order of completion. It takes the providers' UpsertUser methods as they
// are:
//
//	for item := range upsert.All(ctx, slices.Values(users), client.UpsertUser) {
//		if item.Err != nil {
//			log.Printf("user %d: %v", item.Index, item.Err)
//		}
//	}
//
// A user that fails does not stop the others. Users are read as workers become
// free, and a worker is free when the loop has taken its result: a million users
// need no more memory than ten. At most 8 upserts run at once, or as many as
// [WithWorkers] says.
//
// Ways to end before the input does:
//
//   - End the input: what has been read is finished, and the loop ends.
//   - Cancel ctx: the upserts in flight are told through their context, their
//     results are handed out, and the loop ends. Users not begun are not handed
//     out; ctx.Err() tells that the run is not whole.
//   - Leave the loop: the upserts in flight are cancelled, their results are lost
//     to the loop, but not to a journal.
//
// Once ctx is cancelled or the loop left, do begins no more. No goroutine stays
// behind: All waits for do, and for users to give its next user or end, so both
// should honour ctx.
//
// Users, the key function and do run in goroutines of the run. When one of them
// panics, the run ends as if cancelled and the panic continues in the loop's
// goroutine, as a [*Panic].
//
// All panics at once when users or do is nil, or when the function given to
// [WithKey] is for another type. Each range over what it returns is a run of its own.
func All[T, R any](ctx context.Context, users iter.Seq[T], do func(context.Context, T) (R, error), opts ...Option) iter.Seq[Item[T, R]] {
	if users == nil || do == nil {
		panic("upsert: All needs users and a function that upserts one")
	}
	o := newOptions(opts)
	key := keyFunc[T](o)
	return func(yield func(Item[T, R]) bool) {
		r := newRun(ctx, do, key, o)
		go r.readUsers(users)
		defer r.shutdown()
		for item := range r.results {
			if !yield(item) {
				return
			}
		}
	}
}
