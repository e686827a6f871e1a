package wrapper

import (
	"reflect"
	"sync"

	"github.com/usersync/usersync/internal/paging"
)

// UserList contains the users that a Bulk listed, by keys such as the email. A nil one
// is empty and not complete. It is safe for concurrent use.
type UserList[U any] struct {
	keys     func(U) []string
	complete bool

	mu    sync.Mutex
	users map[string]*U // nil: several users have the key, or Take dropped it
}

// ReadUserList reads the list for an upsert of this many users. It returns nil if that
// takes more requests than a lookup of each user. keys returns the keys of a listed user,
// compact a copy that needs less memory.
func ReadUserList[U any, ID comparable](pages paging.List[U, ID], users int, keys func(U) []string, compact func(U) U) (*UserList[U], error) {
	if users == 1 {
		return nil, nil // a page costs as much as the lookup
	}
	l := &UserList[U]{keys: keys, users: make(map[string]*U)}
	var lastPage, listed int64
	totals := make(map[int64]bool) // as the pages report them; -1: not reported
	fetch := pages.Fetch
	pages.Fetch = func(number int64) (paging.Page[U], error) {
		page, err := fetch(number)
		lastPage = page.Last
		if page.Total == nil {
			page.Total = new(int64(-1))
		}
		totals[*page.Total] = true
		return page, err
	}
	for user, err := range pages.All() {
		if err != nil || lastPage > int64(users) {
			return nil, err
		}
		l.add(compact(user))
		listed++
	}
	l.complete = len(totals) == 1 && totals[listed]
	return l, nil
}

func (l *UserList[U]) add(user U) {
	for _, key := range l.keys(user) {
		if _, taken := l.users[key]; taken {
			l.users[key] = nil
		} else {
			l.users[key] = &user
		}
	}
}

// Get returns the user with the key, or nil. known reports whether nil means that no user
// had the key when the list was read.
func (l *UserList[U]) Get(key string) (user *U, known bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.get(key)
}

func (l *UserList[U]) get(key string) (*U, bool) {
	user, listed := l.users[key]
	return user, user != nil || l.complete && !listed
}

// Take is Get before the user is written. It drops all keys of the user, before and after
// the write: the list is outdated for them.
func (l *UserList[U]) Take(key string, after ...string) (user *U, known bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	user, known = l.get(key)
	dropped := append(after, key)
	if user != nil {
		dropped = append(dropped, l.keys(*user)...)
	}
	for _, key := range dropped {
		l.users[key] = nil
	}
	return user, known
}

// Intern returns the value stored under the key if it is equal to v. Otherwise it stores
// and returns v.
func Intern[K comparable, V any](stored map[K]V, key K, v V) V {
	if old, ok := stored[key]; ok && reflect.DeepEqual(old, v) {
		return old
	}
	stored[key] = v
	return v
}
