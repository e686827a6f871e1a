package identifai

import (
	"fmt"
	"sync"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// runIDs contains the ids of a run. A row without an id is never written to one of them
// unless the emails are equal: otherwise an email that moves from user A to user B would
// let B overwrite A.
type runIDs struct {
	mu   sync.Mutex
	rows map[int64]row
}

// row is a row of the run for the user with an id.
type row struct {
	hasID bool   // the row contains the id; otherwise the email led to it
	email string // of the last row upserted; "" before that
}

func newRunIDs(ids []int64) *runIDs {
	r := &runIDs{rows: make(map[int64]row, len(ids))}
	for _, id := range ids {
		r.rows[id] = row{hasID: true}
	}
	return r
}

// add adds the id that u contains. It fails if the id was not passed to newRunIDs and a
// user without an id, but with another email, was already written to it.
func (r *runIDs) add(operation string, u UserInput) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := email.Key(u.Email)
	if other, ok := r.rows[*u.ID]; ok && !other.hasID && other.email != key {
		return wrapper.NewError(provider, operation, "a row without id was already matched to this user by another email", rest.ErrConflict)
	}
	r.rows[*u.ID] = row{hasID: true, email: key}
	return nil
}

// match records, except for a preview, that u, a row without an id, is about to be written
// to this id. It fails if a row of the run contains the id, unless that row was already
// upserted with the same email.
func (r *runIDs) match(operation string, id int64, u UserInput) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := email.Key(u.Email)
	other := r.rows[id]
	if other.hasID && other.email != key {
		return wrapper.NewError(provider, operation, fmt.Sprintf("email belongs to user %d, which another row of this run contains by id; retry this row after that one", id), rest.ErrConflict)
	}
	if operation == opUpsert {
		r.rows[id] = row{hasID: other.hasID, email: key}
	}
	return nil
}

// isMoving reports whether a row of the run changes the email of the user with this id
// to another email than that of u.
func (r *runIDs) isMoving(id int64, u UserInput) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	other := r.rows[id]
	return other.hasID && other.email != "" && other.email != email.Key(u.Email)
}
