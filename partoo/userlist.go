package partoo

import (
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/usersync/usersync/internal/email"
)

// userList contains listed users by email. A nil one is empty and not complete.
type userList struct {
	seed maphash.Seed

	mu    sync.Mutex
	users map[string]*User
	// complete means that no user has an email that is neither in users nor in used.
	complete bool
	// used contains the hashes of emails for which the list cannot be used any more.
	// Two emails with the same hash cost an unnecessary search, nothing else.
	used map[uint64]struct{}
	// sidebars contains each list of sidebar pages once: they are few, and long.
	sidebars map[string][]SidebarPage
}

func newUserList() *userList {
	return &userList{
		seed:     maphash.MakeSeed(),
		users:    make(map[string]*User),
		used:     make(map[uint64]struct{}),
		sidebars: make(map[string][]SidebarPage),
	}
}

// add adds a listed user. It drops an email of several users, or of a user with
// an invalid id. Bulk then searches for the email and reports the problem if it remains.
func (l *userList) add(user User) {
	key := email.Key(user.Email)
	hash := maphash.String(l.seed, key)
	_, used := l.used[hash]
	_, duplicate := l.users[key]
	if used || duplicate || !isValidID(user.ID) {
		l.used[hash] = struct{}{}
		delete(l.users, key)
		return
	}
	if user.SidebarPages != nil {
		user.SidebarPages = l.internSidebar(user.SidebarPages)
	}
	compared := User{ID: user.ID} // the other fields may take as much memory again
	listed.Copy(&user, &compared)
	l.users[key] = &compared
}

// take is peek and removes the email from the list.
func (l *userList) take(userEmail string) (have *User, known bool) {
	return l.get(userEmail, true)
}

// peek returns the user with this email, or nil if there is none. known is false if
// the list is not sufficient.
func (l *userList) peek(userEmail string) (have *User, known bool) {
	return l.get(userEmail, false)
}

func (l *userList) get(userEmail string, remove bool) (have *User, known bool) {
	if l == nil {
		return nil, false
	}
	key := email.Key(userEmail)
	hash := maphash.String(l.seed, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	have = l.users[key]
	_, used := l.used[hash]
	if remove {
		delete(l.users, key)
		l.used[hash] = struct{}{}
	}
	return have, have != nil || l.complete && !used
}

func (l *userList) internSidebar(pages []SidebarPage) []SidebarPage {
	key := fmt.Sprintf("%q", pages)
	if kept, ok := l.sidebars[key]; ok {
		return kept
	}
	l.sidebars[key] = pages
	return pages
}
