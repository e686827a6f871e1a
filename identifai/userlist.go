package identifai

import (
	"reflect"
	"sync"

	"github.com/usersync/usersync/internal/email"
)

// userList contains the users that Bulk listed. A nil list contains none.
type userList struct {
	mu    sync.Mutex
	users map[int64]*User
	ids   map[string]int64 // by email; ambiguous if several users have it
	// complete means that a user who is not in the list does not exist. It is false
	// after the first take.
	complete bool

	// Values that many users share are stored once.
	partners map[int64]*User
	pricings map[int64]*Pricing
}

// ambiguous is stored instead of an id.
const ambiguous = 0

func newUserList() *userList {
	return &userList{
		users: make(map[int64]*User), ids: make(map[string]int64),
		partners: make(map[int64]*User), pricings: make(map[int64]*Pricing),
	}
}

// add adds a listed user.
func (l *userList) add(user User) {
	if user.Partner != nil {
		user.Partner = intern(l.partners, user.Partner.ID, user.Partner)
	}
	if user.Pricing != nil {
		user.Pricing = intern(l.pricings, user.Pricing.ID, user.Pricing)
	}
	l.users[user.ID] = &user
	key := email.Key(user.Email)
	if _, taken := l.ids[key]; taken {
		l.ids[key] = ambiguous
		return
	}
	l.ids[key] = user.ID
}

// intern returns the value stored under the id if it is equal. Otherwise it stores
// and returns this one.
func intern[T any](stored map[int64]*T, id int64, value *T) *T {
	if old, ok := stored[id]; ok && reflect.DeepEqual(old, value) {
		return old
	}
	stored[id] = value
	return value
}

// peek returns the user with the id of u, or else with its email, or nil. complete
// reports whether nil means that the user does not exist.
func (l *userList) peek(u UserInput) (current *User, complete bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	current, key := l.get(u)
	id, listed := l.ids[key]
	return current, l.complete && !(u.ID == nil && listed && id == ambiguous)
}

// take is peek and removes the user and the email of u from the list, since a
// write may change both.
func (l *userList) take(u UserInput) *User {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete = false
	current, key := l.get(u)
	delete(l.ids, key)
	if current != nil {
		delete(l.users, current.ID)
	}
	return current
}

func (l *userList) get(u UserInput) (current *User, key string) {
	key = email.Key(u.Email)
	if u.ID != nil {
		return l.users[*u.ID], key
	}
	return l.users[l.ids[key]], key // no user has the id ambiguous, which is 0
}
