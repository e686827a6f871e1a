package upsert

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const (
	// defaultWorkers is enough for the documented quotas: 8 concurrent requests use
	// Partoo's 300 requests per minute if a response takes less than 1.6 s, and
	// identifAI's 30 writes per minute up to 16 s. The pacer sends at most 8 at once.
	defaultWorkers   = 8
	defaultMaxOutage = time.Hour
)

// Option changes how [All] works.
type Option func(*options)

type options struct {
	workers   int
	key       any // a func(T) string
	content   any // a func(T) string
	journal   *Journal
	maxOutage time.Duration
	stop      context.Context
	log       *slog.Logger
}

func newOptions(opts []Option) options {
	o := options{
		workers:   defaultWorkers,
		maxOutage: defaultMaxOutage,
		stop:      context.Background(),
		log:       slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithWorkers sets the number of concurrent upserts. The default of 8 uses the quotas
// of all three providers at usual latency. More helps only without quotas, or if
// responses take seconds. WithWorkers panics if n is less than 1.
func WithWorkers(n int) Option {
	check(n >= 1, "WithWorkers(%d): must be at least 1", n)
	return func(o *options) { o.workers = n }
}

// WithKey sets the function that identifies a user. Users with equal keys are
// upserted one after the other, in the order of the input, so that the last one wins:
//
//	upsert.WithKey(partoo.UserInput.Key)
//
// Users with an empty key are never serialised. While a user waits for an earlier one,
// users after it are upserted; as many may wait as there are workers, then reading
// pauses.
func WithKey[T any](key func(T) string) Option {
	check(key != nil, "WithKey needs a function")
	return func(o *options) { o.key = key }
}

// WithContent makes a journal identify users by key and content, so that a run can be
// resumed with a corrected or longer input: users whose content has changed, and new
// users, are upserted. It requires [WithKey]. The content is recorded in the journal,
// so return a keyed hash (HMAC) of all fields that are sent, not the fields.
func WithContent[T any](content func(T) string) Option {
	check(content != nil, "WithContent needs a function")
	return func(o *options) { o.content = content }
}

// WithJournal records the result of each user in j and skips users recorded in j: they
// are neither upserted nor yielded. With [WithContent], a user is recorded if the last
// entry of its key has the same content. Without it, a user is recorded if its position
// in the input and its key are, so the input must be the same users in the same order.
//
// A result is recorded before it is yielded. If recording fails, the run ends; the
// errors of its last items match [ErrJournal].
func WithJournal(j *Journal) Option {
	check(j != nil, "WithJournal needs a journal")
	return func(o *options) { o.journal = j }
}

// WithMaxOutage sets how long a run waits for a service that fails, or that asks for a
// wait. The default is one hour. The limit also replaces MaxWait and MaxRetryAfter of
// the client's retry policy, so it must be longer than a user waits for the quota:
// about a minute with the documented quotas and 8 workers. WithMaxOutage panics if d is
// not positive.
func WithMaxOutage(d time.Duration) Option {
	check(d > 0, "WithMaxOutage(%v): must be positive", d)
	return func(o *options) { o.maxOutage = d }
}

// WithStop ends the run when ctx ends. Unlike the context of [All], ctx lets the
// upserts in flight finish; no other user starts.
func WithStop(ctx context.Context) Option {
	check(ctx != nil, "WithStop needs a context")
	return func(o *options) { o.stop = ctx }
}

// WithLogger logs each pause of the run: its start and each next try as warnings,
// its end as information. Attributes are the error, the time until the next try and
// the duration of the pause.
func WithLogger(log *slog.Logger) Option {
	check(log != nil, "WithLogger needs a logger")
	return func(o *options) { o.log = log }
}

// funcOf returns the function given to an option for users of type T, or nil.
func funcOf[T any](option string, f any) func(T) string {
	if f == nil {
		return nil
	}
	typed, ok := f.(func(T) string)
	check(ok, "%s got a %T, the users need a %T", option, f, typed)
	return typed
}

// check panics if a function is called with an argument that does not fit.
func check(ok bool, format string, args ...any) {
	if !ok {
		panic("upsert: " + fmt.Sprintf(format, args...))
	}
}
