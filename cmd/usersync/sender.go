package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// userSender sends users to a provider.
type userSender interface {
	// prepare may list the existing users.
	prepare(ctx context.Context, w workload) error
	// send upserts the users of valid rows. It accepts no more when acceptCtx ends, and
	// stops when the API key is rejected.
	send(ctx, acceptCtx context.Context, rows []userfile.Row, opts ...upsert.Option) iter.Seq[result]
}

// workload is what a sender prepares for.
type workload struct {
	users  int     // approximate number
	ids    []int64 // the vendor's ids in the whole file
	dryRun bool    // predict outcomes instead of upserting
}

// result is the result of one user.
type result struct {
	index int // in the file, from 0
	line  int
	user  string // its name in the output
	upsert.Preview[string]
	err error // may come with an outcome: a part of the work was done
}

// upsertFunc is a provider's UpsertUser or Preview, with the id as text. In a dry run an
// outcome of 0 means: unknown.
type upsertFunc[U any] func(context.Context, U) (upsert.Preview[string], error)

// withTextID returns a result with its id as text, empty for none.
func withTextID[ID comparable](r upsert.Result[ID], changes []upsert.Change) upsert.Preview[string] {
	id := ""
	if r.ID != *new(ID) {
		id = fmt.Sprint(r.ID)
	}
	return upsert.Preview[string]{Result: upsert.Result[string]{ID: id, Outcome: r.Outcome}, Changes: changes}
}

// prepareFunc prepares for a workload and returns what handles one user.
type prepareFunc[U any] func(context.Context, workload) (upsertFunc[U], error)

// tableSender sends users of type U.
type tableSender[U userInput] struct {
	table[U]
	newUpsert prepareFunc[U]
	upsert    upsertFunc[U]
}

// connect creates the client. It sends nothing.
func (t table[U]) connect(c clientConfig) (userSender, error) {
	prepare, err := t.newClient(c)
	if err != nil {
		return nil, err
	}
	return &tableSender[U]{table: t, newUpsert: prepare}, nil
}

func (s *tableSender[U]) prepare(ctx context.Context, w workload) (err error) {
	s.upsert, err = s.newUpsert(ctx, w)
	return err
}

// inputUser is a user with its line in the file.
type inputUser[U any] struct {
	user U
	line int
}

func (s *tableSender[U]) send(ctx, acceptCtx context.Context, rows []userfile.Row, opts ...upsert.Option) iter.Seq[result] {
	return func(yield func(result) bool) {
		do := func(ctx context.Context, u inputUser[U]) (upsert.Preview[string], error) {
			ctx, cancel := untilSent(ctx, acceptCtx)
			defer cancel()
			return s.upsert(ctx, u.user)
		}
		opts = append(opts, upsert.WithKey(func(u inputUser[U]) string { return u.user.Key() }), upsert.WithStop(acceptCtx))
		for item := range upsert.All(ctx, s.users(acceptCtx, rows), do, opts...) {
			if !yield(result{item.Index, item.User.line, s.nameOf(item.User.user), item.Result, item.Err}) {
				return
			}
		}
	}
}

// users yields the users of rows until acceptCtx ends.
func (s *tableSender[U]) users(acceptCtx context.Context, rows []userfile.Row) iter.Seq[inputUser[U]] {
	return func(yield func(inputUser[U]) bool) {
		for _, r := range rows {
			user, _, _ := s.readUser(r)
			if acceptCtx.Err() != nil || !yield(inputUser[U]{user, r.Line}) {
				return
			}
		}
	}
}
