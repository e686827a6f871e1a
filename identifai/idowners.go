package identifai

import (
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/usersync/usersync/internal/address"
	"github.com/usersync/usersync/rest"
)

// idOwners keep two users of a run from being written to the same id, of whom one
// came with that id and the other was found by the address that it is giving up.
type idOwners struct {
	mu   sync.Mutex
	seed maphash.Seed
	byID map[int64]idOwner // by id
}

// idOwner is the last user that was written to an id, or is about to be.
type idOwner struct {
	byID      bool   // one came with the id; all were found by their address otherwise
	emailHash uint64 // hashed; 0: not known yet
}

func newIDOwners(ids []int64) *idOwners {
	c := &idOwners{seed: maphash.MakeSeed(), byID: make(map[int64]idOwner, len(ids))}
	for _, id := range ids {
		c.byID[id] = idOwner{byID: true}
	}
	return c
}

// claimByID claims the id that u comes with.
func (c *idOwners) claimByID(u UserInput) error {
	if c.setOwner(*u.ID, true, u) {
		return nil
	}
	return lookupError(opUpsert, "in this run, a user without an id was found by another address to be this one", rest.ErrConflict)
}

// claimByEmail claims the id that u, which has none, was found under.
func (c *idOwners) claimByEmail(id int64, u UserInput) error {
	if c.setOwner(id, false, u) {
		return nil
	}
	return errEmailOwned(opUpsert, id)
}

func errEmailOwned(operation string, id int64) error {
	return lookupError(operation, fmt.Sprintf("the address is that of the user with the id %d, who comes with this id in the same run: upsert this one again after that one", id), rest.ErrConflict)
}

// setOwner refuses a user of the other kind with another address.
func (c *idOwners) setOwner(id int64, named bool, u UserInput) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := idOwner{named, c.hashEmail(u)}
	if last, taken := c.byID[id]; taken {
		if last.byID != named && last.emailHash != is.emailHash {
			return false
		}
		is.byID = is.byID || last.byID
	}
	c.byID[id] = is
	return true
}

// ownedByOther reports whether a user with another address comes with this id, or may.
func (c *idOwners) ownedByOther(id int64, u UserInput) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.byID[id]
	return last.byID && last.emailHash != c.hashEmail(u)
}

func (c *idOwners) hashEmail(u UserInput) uint64 { return maphash.String(c.seed, address.Key(u.Email)) }
