package partoo

import (
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/usersync/usersync/internal/email"
)

// userList holds what a list told of users, by their addresses. A nil one knows
// nobody.
type userList struct {
	seed maphash.Seed

	mu    sync.Mutex
	users map[string]*User
	// complete means that an address which is neither in users nor in spent is nobody's.
	complete bool
	// used are the hashes of addresses that the list is of no use for any more.
	// Two addresses with one hash cost a search that was not needed, no more.
	used map[uint64]struct{}
	// sidebars are the lists of sidebar pages: few, and long, so each is kept once.
	sidebars map[string][]SidebarPage
}

func newIndex() *userList {
	return &userList{
		seed:     maphash.MakeSeed(),
		users:    make(map[string]*User),
		used:     make(map[uint64]struct{}),
		sidebars: make(map[string][]SidebarPage),
	}
}

// add takes up a listed user. An address of several users, or of one whose id fits
// into no URL, is left to a search, which may find it mended or tells what is wrong.
func (x *userList) add(user User) {
	key := email.Key(user.Email)
	hash := maphash.String(x.seed, key)
	_, spent := x.used[hash]
	_, twice := x.users[key]
	if spent || twice || !isValidID(user.ID) {
		x.used[hash] = struct{}{}
		delete(x.users, key)
		return
	}
	x.users[key] = x.comparedFields(user)
}

// take is look, once: afterwards the list is of no use for this address.
func (x *userList) take(email string) (have *User, known bool) {
	return x.get(email, true)
}

// peek returns the user with this address, nil when there is none. known is false
// when the list does not tell.
func (x *userList) peek(email string) (have *User, known bool) {
	return x.get(email, false)
}

func (x *userList) get(userEmail string, spend bool) (have *User, known bool) {
	if x == nil {
		return nil, false
	}
	key := email.Key(userEmail)
	hash := maphash.String(x.seed, key)
	x.mu.Lock()
	defer x.mu.Unlock()
	have = x.users[key]
	_, spent := x.used[hash]
	if spend {
		delete(x.users, key)
		x.used[hash] = struct{}{}
	}
	return have, have != nil || x.complete && !spent
}

// comparedFields is what difference looks at, and the id: the rest of a user may take
// as much memory again.
func (x *userList) comparedFields(user User) *User {
	if user.SidebarPages != nil {
		user.SidebarPages = x.internSidebar(user.SidebarPages)
	}
	return &User{
		ID:           user.ID,
		FirstName:    user.FirstName,
		LastName:     user.LastName,
		OrgID:        user.OrgID,
		Role:         user.Role,
		CustomRole:   user.CustomRole,
		Accesses:     user.Accesses,
		BusinessIDs:  user.BusinessIDs,
		SidebarPages: user.SidebarPages,
		Lang:         user.Lang,
		SSOOnly:      user.SSOOnly,
	}
}

func (x *userList) internSidebar(pages []SidebarPage) []SidebarPage {
	key := fmt.Sprintf("%q", pages)
	if kept, ok := x.sidebars[key]; ok {
		return kept
	}
	x.sidebars[key] = pages
	return pages
}
