package identifai

import (
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/usersync/usersync/internal/address"
	"github.com/usersync/usersync/rest"
)

// claims keep two users of a run from being written to the same id, of whom one
// came with that id and the other was found by the address that it is giving up.
type claims struct {
	mu   sync.Mutex
	seed maphash.Seed
	of   map[int64]claim // by id
}

// claim is the last user that was written to an id, or is about to be.
type claim struct {
	named   bool   // one came with the id; all were found by their address otherwise
	address uint64 // hashed; 0: not known yet
}

func claimsOf(ids []int64) *claims {
	c := &claims{seed: maphash.MakeSeed(), of: make(map[int64]claim, len(ids))}
	for _, id := range ids {
		c.of[id] = claim{named: true}
	}
	return c
}

// name claims the id that u comes with.
func (c *claims) name(u UserInput) error {
	if c.claim(*u.ID, true, u) {
		return nil
	}
	return lookupError(opUpsert, "in this run, a user without an id was found by another address to be this one", rest.ErrConflict)
}

// find claims the id that u, which has none, was found under.
func (c *claims) find(id int64, u UserInput) error {
	if c.claim(id, false, u) {
		return nil
	}
	return comesWithID(opUpsert, id)
}

func comesWithID(operation string, id int64) error {
	return lookupError(operation, fmt.Sprintf("the address is that of the user with the id %d, who comes with this id in the same run: upsert this one again after that one", id), rest.ErrConflict)
}

// claim refuses a user of the other kind with another address.
func (c *claims) claim(id int64, named bool, u UserInput) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := claim{named, c.hash(u)}
	if last, taken := c.of[id]; taken {
		if last.named != named && last.address != is.address {
			return false
		}
		is.named = is.named || last.named
	}
	c.of[id] = is
	return true
}

// another reports whether a user with another address comes with this id, or may.
func (c *claims) another(id int64, u UserInput) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.of[id]
	return last.named && last.address != c.hash(u)
}

func (c *claims) hash(u UserInput) uint64 { return maphash.String(c.seed, address.Key(u.Email)) }
