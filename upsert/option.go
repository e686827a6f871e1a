package upsert

import "fmt"

// defaultWorkers is the number of upserts at once. Each has one request under
// way: 8 use up Partoo's 300 requests a minute as long as an answer takes less
// than 1.6 s, identifAI's 30 writes a minute up to 16 s, and are as many as the
// clients' pacing sends at once. More would only wait.
const defaultWorkers = 8

// Option changes how [All] works.
type Option func(*options)

type options struct {
	workers int
	key     any // a func(T) string
	journal *Journal
}

func newOptions(opts []Option) options {
	o := options{workers: defaultWorkers}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithWorkers sets how many upserts run at once. The default of 8 fills the
// quotas of all three providers at ordinary latency; more helps where no quota
// holds, or answers take seconds. It panics when n is less than 1.
func WithWorkers(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("upsert: WithWorkers(%d): at least 1 is needed", n))
	}
	return func(o *options) { o.workers = n }
}

// WithKey says which users are the same one: users with equal keys are upserted
// one after the other, in the order of the input, so that the last one wins.
// Use what the provider finds a user by, in one spelling:
//
//	upsert.WithKey(func(u partoo.UserInput) string { return strings.ToLower(u.Email) })
//
// A user with an empty key is like no other. While a user waits for its
// predecessor, users behind it go ahead; as many may wait as there are workers,
// then reading pauses.
func WithKey[T any](key func(T) string) Option {
	if key == nil {
		panic("upsert: WithKey needs a function")
	}
	return func(o *options) { o.key = key }
}

// WithJournal records in j what became of each user, and passes over the users
// that j has on record: they are not upserted and not handed out. A user is on
// record when its place in the input and its key are, so the input must be the
// same users in the same order; give [WithKey] as well, to have that checked.
//
// A result is recorded before it is handed out. Upserts that fail because the
// run is cancelled are not recorded: they are for the next run. When recording
// fails, the run ends, and the errors of its last items match [ErrJournal].
func WithJournal(j *Journal) Option {
	if j == nil {
		panic("upsert: WithJournal needs a journal")
	}
	return func(o *options) { o.journal = j }
}

// keyFunc returns the key function for users of type T, nil when there is none.
func keyFunc[T any](o options) func(T) string {
	if o.key == nil {
		return nil
	}
	key, ok := o.key.(func(T) string)
	if !ok {
		panic(fmt.Sprintf("upsert: WithKey was given a %T, the users need a %T", o.key, key))
	}
	return key
}
