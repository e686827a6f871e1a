package main

import (
	"context"
	"errors"
	"iter"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// userSender is a provider that is ready to be sent to.
type userSender interface {
	// prepare prepares for users, which may mean to read those that are there.
	prepare(ctx context.Context, p workload) error
	// send upserts the users of rows that have been checked. It stops at a key
	// that is refused, since it is refused for all of them.
	send(ctx, acceptCtx context.Context, rows iter.Seq[row], opts ...upsert.Option) iter.Seq[result]
}

// workload is what there is to do.
type workload struct {
	users  int     // roughly
	ids    []int64 // the vendor's, that any of the input's users come with
	dryRun bool    // send only tells what it would do
}

// result is what became of a user.
type result struct {
	index   int // its place in the input, counted from 0
	line    int
	user    string // what the user is called in the output
	id      string // empty when there is none
	outcome upsert.Outcome
	err     error // may come with an outcome, when a part of the work was done
}

// upsertFunc is a provider's UpsertUser with its id as text.
type upsertFunc[U any] func(context.Context, U) (id string, outcome upsert.Outcome, err error)

// prepareFunc prepares for users and returns what upserts one of them or, in a dry run,
// tells what that would do. An outcome of 0 is then that nobody can tell.
type prepareFunc[U any] func(context.Context, workload) (upsertFunc[U], error)

// tableSender is the session of a provider whose users are U.
type tableSender[U interface{ Validate() error }] struct {
	table[U]
	newUpsert prepareFunc[U]
	upsert    upsertFunc[U]
}

// connect opens the provider. Nothing is sent yet.
func (t table[U]) connect(a clientConfig) (userSender, error) {
	prepare, err := t.newClient(a)
	if err != nil {
		return nil, err
	}
	return &tableSender[U]{table: t, newUpsert: prepare}, nil
}

func (s *tableSender[U]) prepare(ctx context.Context, p workload) (err error) {
	s.upsert, err = s.newUpsert(ctx, p)
	return err
}

// inputUser is a user with its place in the input.
type inputUser[U any] struct {
	user U
	line int
}

func (s *tableSender[U]) send(ctx, acceptCtx context.Context, rows iter.Seq[row], opts ...upsert.Option) iter.Seq[result] {
	return func(yield func(result) bool) {
		ctx, refused := context.WithCancelCause(ctx)
		defer refused(nil)
		do := func(ctx context.Context, p inputUser[U]) (upsert.Result[string], error) {
			ctx, cancel := untilSent(ctx, acceptCtx)
			defer cancel()
			id, outcome, err := s.upsert(ctx, p.user)
			if errors.Is(err, rest.ErrUnauthorized) {
				refused(err) // before a journal takes it for this user's failure
			}
			return upsert.Result[string]{ID: id, Outcome: outcome}, err
		}
		opts = append(opts, upsert.WithKey(func(p inputUser[U]) string { return s.identities(p.user)[0].value }))
		for item := range upsert.All(ctx, s.users(rows), do, opts...) {
			is := result{item.Index, item.User.line, s.user(item.User.user), item.Result.ID, item.Result.Outcome, item.Err}
			if !yield(is) {
				return
			}
		}
	}
}

func (s *tableSender[U]) users(rows iter.Seq[row]) iter.Seq[inputUser[U]] {
	return func(yield func(inputUser[U]) bool) {
		for r := range rows {
			user, _ := s.readUser(r)
			if !yield(inputUser[U]{user, r.line}) {
				return
			}
		}
	}
}
