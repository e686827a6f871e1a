package main

import (
	"context"
	"errors"
	"iter"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// session is a provider that is ready to be sent to.
type session interface {
	// plan prepares for users, which may mean to read those that are there.
	plan(ctx context.Context, p plan) error
	// send upserts the users of rows that have been checked. It stops at a key
	// that is refused, since it is refused for all of them.
	send(ctx context.Context, rows iter.Seq[row], opts ...upsert.Option) iter.Seq[result]
}

// plan is what there is to do.
type plan struct {
	users int     // roughly
	ids   []int64 // the vendor's, that any of the input's users come with
	dry   bool    // send only tells what it would do
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

// upsertUser is a provider's UpsertUser with its id as text.
type upsertUser[U any] func(context.Context, U) (id string, outcome upsert.Outcome, err error)

// planner prepares for users and returns what upserts one of them or, in a dry run,
// tells what that would do. An outcome of 0 is then that nobody can tell.
type planner[U any] func(context.Context, plan) (upsertUser[U], error)

// tableSession is the session of a provider whose users are U.
type tableSession[U interface{ Validate() error }] struct {
	table[U]
	prepare planner[U]
	upsert  upsertUser[U]
}

// connect opens the provider. Nothing is sent yet.
func (t table[U]) connect(a access) (session, error) {
	prepare, err := t.client(a)
	if err != nil {
		return nil, err
	}
	return &tableSession[U]{table: t, prepare: prepare}, nil
}

func (s *tableSession[U]) plan(ctx context.Context, p plan) (err error) {
	s.upsert, err = s.prepare(ctx, p)
	return err
}

// placed is a user with its place in the input.
type placed[U any] struct {
	user U
	line int
}

func (s *tableSession[U]) send(ctx context.Context, rows iter.Seq[row], opts ...upsert.Option) iter.Seq[result] {
	return func(yield func(result) bool) {
		ctx, refused := context.WithCancelCause(ctx)
		defer refused(nil)
		do := func(ctx context.Context, p placed[U]) (upsert.Result[string], error) {
			id, outcome, err := s.upsert(beginning(ctx), p.user)
			if errors.Is(err, rest.ErrUnauthorized) {
				refused(err) // before a journal takes it for this user's failure
			}
			return upsert.Result[string]{ID: id, Outcome: outcome}, err
		}
		opts = append(opts, upsert.WithKey(func(p placed[U]) string { return s.identities(p.user)[0].value }))
		for item := range upsert.All(ctx, s.users(rows), do, opts...) {
			is := result{item.Index, item.User.line, s.user(item.User.user), item.Result.ID, item.Result.Outcome, item.Err}
			if !yield(is) {
				return
			}
		}
	}
}

func (s *tableSession[U]) users(rows iter.Seq[row]) iter.Seq[placed[U]] {
	return func(yield func(placed[U]) bool) {
		for r := range rows {
			user, _ := s.read(r)
			if !yield(placed[U]{user, r.line}) {
				return
			}
		}
	}
}
