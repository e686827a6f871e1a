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
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// inputUser is a user with its row.
type inputUser struct {
	user
	row  int // index
	line int
}

// result is the result of one user.
type result struct {
	row  int // index
	line int
	user string // its name in the output
	upsert.Preview[string]
	err error // may come with an outcome: a part of the work was done
}

// send upserts the users of valid rows until acceptCtx ends. It returns the reason if not
// all users were sent. Rows with an id of the vendor are sent first: an email may move
// from their user to the user of another row.
func (t *target) send(ctx, acceptCtx context.Context, upsertUser upsertFunc, r *report) error {
	do := func(ctx context.Context, u inputUser) (upsert.Preview[string], error) {
		ctx, cancel := untilSent(ctx, acceptCtx)
		defer cancel()
		return upsertUser(ctx, u.user)
	}
	opts := []upsert.Option{
		upsert.WithLogger(t.log), upsert.WithMaxOutage(r.options.maxOutage), upsert.WithStop(acceptCtx),
		upsert.WithKey(func(u inputUser) string { return journalKey(u.user) }), upsert.WithContent(func(u inputUser) string { return t.content(u.user) }),
	}
	if r.options.workers > 0 {
		opts = append(opts, upsert.WithWorkers(r.options.workers))
	}
	if t.journal != nil {
		opts = append(opts, upsert.WithJournal(t.journal))
	}
	for _, withID := range []bool{true, false} {
		for item := range upsert.All(ctx, t.users(r.rows, withID), do, opts...) {
			if incomplete, ok := errors.AsType[*upsert.IncompleteError](item.Err); ok { // the last item
				return incomplete.Reason
			}
			res := result{item.User.row, item.User.line, t.nameOf(item.User.user), item.Result, item.Err}
			switch {
			case !errors.Is(res.err, context.Canceled):
				r.printUser(t.tally, res)
			case !notSent(res):
				t.tally.addAborted()
			}
		}
	}
	return nil
}

// users returns the users of the rows with or without an id of the vendor.
func (t *target) users(rows []userfile.Row, withID bool) iter.Seq[inputUser] {
	return func(yield func(inputUser) bool) {
		for i, r := range rows {
			u, _, _ := t.readUser(r)
			if (t.vendorID(u) != nil) == withID && !yield(inputUser{u, i, r.Line}) {
				return
			}
		}
	}
}

// notSent reports whether the run ended before anything was written for the user.
func notSent(res result) bool {
	e, ok := errors.AsType[*rest.Error](res.err)
	return ok && res.Outcome == 0 && e.Executed == rest.ExecutedNo
}

// maxKey is the length of the longest key that a journal records unchanged, in bytes.
const maxKey = 512

// journalKey is the key of a user in the journal.
func journalKey(u user) string {
	key := u.Key()
	if len(key) > maxKey {
		key = fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	}
	return key
}

// content is an HMAC of everything that is sent for a user, with the API key as the key.
func (t *target) content(u user) string {
	mac := hmac.New(sha256.New, []byte(t.config.key))
	fmt.Fprintf(mac, "%s %s %v ", t.name, t.config.version, t.config.textBooleans)
	if err := json.NewEncoder(mac).Encode(u); err != nil {
		panic(err) // fields are texts, numbers, booleans, lists and JSON objects
	}
	return hex.EncodeToString(mac.Sum(nil))
}
