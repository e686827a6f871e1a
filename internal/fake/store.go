// Package fake contains what the fake providers share: users, routes and quotas. What
// users of the fakes see, the server with its faults and records, is package resttest.
package fake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Store contains the users of a fake. Users, User and AddUser lock it. The caller of the
// other methods must hold the lock, as the handlers of [NewMux] do.
type Store[U any] struct {
	sync.Mutex
	// Normalize sets what the provider sets itself: the id of a new user and defaults.
	Normalize func(*U)
	// Keys returns the texts by which Find finds a user, such as "id 7". Only one user
	// may have a unique key.
	Keys func(U) (unique, shared []string)
	// Records are in order of creation.
	Records []*Record[U]

	index map[string][]*Record[U] // by key, in order of creation
	added int
}

// Record is a user with the times of its changes. A stored user is replaced, but never
// changed.
type Record[U any] struct {
	User             U
	Created, Updated time.Time

	number int // in order of creation
	keys   []string
}

// Users returns copies of the users in order of creation.
func (s *Store[U]) Users() []U {
	s.Lock()
	defer s.Unlock()
	users := make([]U, len(s.Records))
	for i, r := range s.Records {
		users[i] = s.copy(r.User)
	}
	return users
}

// User returns a copy of the user with this key.
func (s *Store[U]) User(key string) (user U, ok bool) {
	s.Lock()
	defer s.Unlock()
	if r := s.Find(key); r != nil {
		return s.copy(r.User), true
	}
	return user, false
}

// AddUser adds a copy of the user, unchecked, and returns another one. It panics if
// a unique key is taken.
func (s *Store[U]) AddUser(user U) U {
	s.Lock()
	defer s.Unlock()
	user = s.copy(user)
	unique, _ := s.Keys(user)
	for _, key := range unique {
		if s.Find(key) != nil {
			panic(fmt.Sprintf("AddUser: %q is taken", key))
		}
	}
	return s.copy(s.Add(user).User)
}

// Find returns the first user with this key, or nil.
func (s *Store[U]) Find(key string) *Record[U] {
	if len(s.index[key]) == 0 {
		return nil
	}
	return s.index[key][0]
}

// FindAll returns all users with this key.
func (s *Store[U]) FindAll(key string) []*Record[U] { return s.index[key] }

// Add adds a user.
func (s *Store[U]) Add(user U) *Record[U] {
	s.added++
	r := &Record[U]{Created: time.Now(), number: s.added}
	s.Records = append(s.Records, r)
	s.Update(r, user)
	return r
}

// Update replaces a user.
func (s *Store[U]) Update(r *Record[U], user U) {
	s.removeKeys(r)
	s.Normalize(&user)
	unique, shared := s.Keys(user)
	r.User, r.Updated, r.keys = user, time.Now(), append(unique, shared...)
	if s.index == nil {
		s.index = make(map[string][]*Record[U])
	}
	for _, key := range r.keys {
		s.index[key] = append(s.index[key], r)
		slices.SortFunc(s.index[key], func(a, b *Record[U]) int { return cmp.Compare(a.number, b.number) })
	}
}

// Delete removes a user.
func (s *Store[U]) Delete(r *Record[U]) {
	s.removeKeys(r)
	s.Records = slices.DeleteFunc(s.Records, func(other *Record[U]) bool { return other == r })
}

func (s *Store[U]) removeKeys(r *Record[U]) {
	for _, key := range r.keys {
		s.index[key] = slices.DeleteFunc(s.index[key], func(other *Record[U]) bool { return other == r })
	}
}

// copy returns a copy that shares no values with user.
func (s *Store[U]) copy(user U) (copied U) {
	data, err := json.Marshal(user)
	if err == nil {
		err = Decode(bytes.NewReader(data), &copied)
	}
	if err != nil {
		panic(fmt.Sprintf("copying a user: %v", err))
	}
	s.Normalize(&copied)
	return copied
}
