package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// userSender sends users to a provider.
type userSender interface {
	// prepare may list the existing users.
	prepare(ctx context.Context, w workload) error
	// identify returns the key and the content of a row in the journal.
	identify(userfile.Row) (key, content string)
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
	row  int // index
	line int
	user string // its name in the output
	upsert.Preview[string]
	err error // may come with an outcome: a part of the work was done
}

// upsertFunc is a provider's UpsertUser or Preview, with the id as text. In a dry run an
// outcome of 0 means: unknown.
type upsertFunc[U any] func(context.Context, U) (upsert.Preview[string], error)

// newUpsertFunc returns preview for a dry run and otherwise upsertUser. Without a preview,
// the outcome of a dry run is unknown.
func newUpsertFunc[U any, ID comparable](w workload, upsertUser func(context.Context, U) (upsert.Result[ID], error), preview func(context.Context, U) (upsert.Preview[ID], error)) upsertFunc[U] {
	return func(ctx context.Context, user U) (upsert.Preview[string], error) {
		switch {
		case !w.dryRun:
			result, err := upsertUser(ctx, user)
			return withTextID(result, nil), err
		case preview != nil:
			predicted, err := preview(ctx, user)
			return withTextID(predicted.Result, predicted.Changes), err
		}
		return upsert.Preview[string]{}, nil
	}
}

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
	config    clientConfig
	newUpsert prepareFunc[U]
	upsert    upsertFunc[U]
}

// connect creates the client. It sends nothing.
func (t table[U]) connect(c clientConfig) (userSender, error) {
	prepare, err := t.newClient(c)
	if err != nil {
		return nil, err
	}
	return &tableSender[U]{table: t, config: c, newUpsert: prepare}, nil
}

func (s *tableSender[U]) prepare(ctx context.Context, w workload) (err error) {
	s.upsert, err = s.newUpsert(ctx, w)
	return err
}

// maxKey is the length of the longest key that a journal records unchanged, in bytes.
const maxKey = 512

func (s *tableSender[U]) identify(r userfile.Row) (key, content string) {
	user, _, _ := s.readUser(r)
	return s.key(user), s.content(user)
}

func (s *tableSender[U]) key(user U) string {
	key := user.Key()
	if len(key) > maxKey {
		key = fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	}
	return key
}

// content is an HMAC of everything that is sent for a user, with the API key as the key.
func (s *tableSender[U]) content(user U) string {
	mac := hmac.New(sha256.New, []byte(s.config.key))
	fmt.Fprintf(mac, "%s %s %v ", s.name, s.config.version, s.config.textBooleans)
	if err := json.NewEncoder(mac).Encode(user); err != nil {
		panic(err) // fields are texts, numbers, booleans, lists and JSON objects
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// inputUser is a user with its row.
type inputUser[U any] struct {
	user U
	row  int // index
	line int
}

// send sends the rows with an id of the vendor first: an email may move from their user
// to the user of another row.
func (s *tableSender[U]) send(ctx, acceptCtx context.Context, rows []userfile.Row, opts ...upsert.Option) iter.Seq[result] {
	do := func(ctx context.Context, u inputUser[U]) (upsert.Preview[string], error) {
		ctx, cancel := untilSent(ctx, acceptCtx)
		defer cancel()
		return s.upsert(ctx, u.user)
	}
	opts = append(opts, upsert.WithStop(acceptCtx),
		upsert.WithKey(func(u inputUser[U]) string { return s.key(u.user) }),
		upsert.WithContent(func(u inputUser[U]) string { return s.content(u.user) }))
	return func(yield func(result) bool) {
		for _, users := range s.inOrder(rows) {
			for item := range upsert.All(ctx, users, do, opts...) {
				u := item.User
				if !yield(result{u.row, u.line, s.nameOf(u.user), item.Result, item.Err}) || errors.Is(item.Err, upsert.ErrIncomplete) {
					return
				}
			}
		}
	}
}

// inOrder returns the users to send one after the other: those with an id of the vendor
// and the others.
func (s *tableSender[U]) inOrder(rows []userfile.Row) []iter.Seq[inputUser[U]] {
	if s.id == nil {
		return []iter.Seq[inputUser[U]]{s.users(rows, func(U) bool { return true })}
	}
	return []iter.Seq[inputUser[U]]{
		s.users(rows, func(u U) bool { return s.id(u) != nil }),
		s.users(rows, func(u U) bool { return s.id(u) == nil }),
	}
}

func (s *tableSender[U]) users(rows []userfile.Row, selects func(U) bool) iter.Seq[inputUser[U]] {
	return func(yield func(inputUser[U]) bool) {
		for i, r := range rows {
			user, _, _ := s.readUser(r)
			if selects(user) && !yield(inputUser[U]{user, i, r.Line}) {
				return
			}
		}
	}
}
