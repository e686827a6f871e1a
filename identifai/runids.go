package identifai

import (
	"fmt"
	"sync"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/rest"
)

// runIDs contains the ids of the users of a run. A user without an id is never
// written to one of these ids unless the emails are equal: otherwise an email that
// moves from user A to user B would let B overwrite A. nil contains no ids.
type runIDs struct {
	mu sync.Mutex
	// given maps the ids that rows of the run contain to the email of the last row
	// upserted with the id, "" before that.
	given map[int64]string
	// matched maps the ids to which a row without an id was written to the email of
	// that row.
	matched map[int64]string
}

func newRunIDs(ids []int64) *runIDs {
	r := &runIDs{given: make(map[int64]string, len(ids)), matched: make(map[int64]string)}
	for _, id := range ids {
		r.given[id] = ""
	}
	return r
}

// add adds the id that u contains. It fails if the id was not passed to newRunIDs and a
// user without an id, but with another email, was already written to it.
func (r *runIDs) add(operation string, u UserInput) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := email.Key(u.Email)
	if _, inRun := r.given[*u.ID]; !inRun {
		if other, matched := r.matched[*u.ID]; matched && other != key {
			return lookupError(operation, "a row without id was already matched to this user by another email", rest.ErrConflict)
		}
	}
	r.given[*u.ID] = key
	return nil
}

// match records that u, a row without an id, is about to be written to the user with this
// id. It fails if a row of the run contains the id, unless that row was already upserted
// with the same email. A preview records nothing.
func (r *runIDs) match(operation string, id int64, u UserInput) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := email.Key(u.Email)
	if other, inRun := r.given[id]; inRun && other != key {
		return lookupError(operation, fmt.Sprintf("email belongs to user %d, which another row of this run contains by id; retry this row after that one", id), rest.ErrConflict)
	}
	if operation == opUpsert {
		r.matched[id] = key
	}
	return nil
}

// isMoving reports whether a row of the run changes the email of the user with this id
// to another email than that of u.
func (r *runIDs) isMoving(id int64, u UserInput) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.given[id]
	return key != "" && key != email.Key(u.Email)
}
