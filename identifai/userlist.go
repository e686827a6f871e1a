package identifai

import (
	"reflect"
	"sync"

	"github.com/usersync/usersync/internal/address"
)

// userList holds what a list told of users. A nil one knows nobody.
type userList struct {
	mu    sync.Mutex
	users map[int64]*User
	ids   map[string]int64 // by address; several when more than one user has it
	// complete means that whoever is not in it does not exist. It ends with the first
	// user taken.
	complete bool

	// What many users have in common is kept once.
	partners map[int64]*User
	pricings map[int64]*Pricing
}

// ambiguous is in the place of an id.
const ambiguous = 0

func newIndex() *userList {
	return &userList{
		users: make(map[int64]*User), ids: make(map[string]int64),
		partners: make(map[int64]*User), pricings: make(map[int64]*Pricing),
	}
}

// add takes up a listed user.
func (x *userList) add(user User) {
	if user.Partner != nil {
		user.Partner = intern(x.partners, user.Partner.ID, user.Partner)
	}
	if user.Pricing != nil {
		user.Pricing = intern(x.pricings, user.Pricing.ID, user.Pricing)
	}
	x.users[user.ID] = &user
	key := address.Key(user.Email)
	if _, taken := x.ids[key]; taken {
		x.ids[key] = ambiguous
		return
	}
	x.ids[key] = user.ID
}

// intern returns the value kept under an id when it is the same, or else keeps
// this one.
func intern[T any](kept map[int64]*T, id int64, value *T) *T {
	if have, ok := kept[id]; ok && reflect.DeepEqual(have, value) {
		return have
	}
	kept[id] = value
	return value
}

// peek returns the user listed under the id of u or else under its address, or
// nil. whole means that nil is a user who does not exist.
func (x *userList) peek(u UserInput) (have *User, whole bool) {
	if x == nil {
		return nil, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	have, key := x.get(u)
	id, listed := x.ids[key]
	return have, x.complete && !(u.ID == nil && listed && id == ambiguous)
}

// take is look, once: afterwards neither the user nor the address of u is known
// any more, since a write may change both.
func (x *userList) take(u UserInput) *User {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.complete = false
	have, key := x.get(u)
	delete(x.ids, key)
	if have != nil {
		delete(x.users, have.ID)
	}
	return have
}

func (x *userList) get(u UserInput) (have *User, key string) {
	key = address.Key(u.Email)
	if u.ID != nil {
		return x.users[*u.ID], key
	}
	return x.users[x.ids[key]], key // no user has the id several, or 0
}
