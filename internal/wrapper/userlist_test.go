package wrapper_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/internal/wrapper"
)

type account struct{ id, email string }

// read returns a complete list of these accounts.
func read(t *testing.T, accounts ...account) *wrapper.UserList[account] {
	t.Helper()
	keys := func(a account) []string { return []string{a.id, a.email} }
	list, err := wrapper.ReadUserList(paging.List[account, string]{
		Fetch: func(int64) (paging.Page[account], error) {
			return paging.Page[account]{Last: 1, Total: new(int64(len(accounts))), Items: accounts}, nil
		},
		ID: func(a account) string { return a.id },
	}, 2, keys, func(a account) account { return a })
	require.NoError(t, err)
	return list
}

func TestUserList(t *testing.T) {
	ada, bob, eve, twin := account{"1", "ada"}, account{"2", "bob"}, account{"3", "eve"}, account{"4", "eve"}
	list := read(t, ada, bob, eve, twin)
	get := func(key string) any {
		user, known := list.Get(key)
		if user != nil {
			return *user
		}
		return known
	}
	const absent, unknown = true, false
	for key, want := range map[string]any{"1": ada, "ada": ada, "3": eve, "4": twin, "eve": unknown, "zoe": absent} {
		assert.Equal(t, want, get(key), key)
	}
	user, known := list.Take("1", "zoe") // a new email
	assert.Equal(t, &ada, user)
	assert.True(t, known)
	_, known = list.Take("max")
	assert.True(t, known)
	for key, want := range map[string]any{"1": unknown, "ada": unknown, "zoe": unknown, "max": unknown, "2": bob, "ida": absent} {
		assert.Equal(t, want, get(key), key)
	}
}

func TestReadUserList(t *testing.T) {
	type pages []paging.Page[string]
	page := func(last, total int64, users ...string) paging.Page[string] {
		return paging.Page[string]{Last: last, Total: &total, Items: users}
	}
	three := pages{page(3, 5, "a", "b"), page(3, 5, "c", "d"), page(3, 5, "e")}
	tests := []struct {
		name             string
		users            int
		pages            pages
		isRead, complete bool
		fetched          int
		problem          string
	}{
		{"complete", 3, three, true, true, 3, ""},
		{"too many pages", 2, three, false, false, 1, ""},
		{"one user", 1, three, false, false, 0, ""},
		{"no users", 2, pages{page(1, 0)}, true, true, 1, ""},
		{"no users and no pages", 2, pages{page(0, 0)}, true, true, 1, ""},
		{"more pages meanwhile", 2, pages{page(2, 2, "a"), page(3, 3, "b")}, false, false, 2, ""},
		{"one missing", 3, pages{page(1, 2, "a")}, true, false, 1, ""},
		{"one too many", 3, pages{page(1, 1, "a", "b")}, true, false, 1, ""},
		{"total changes", 3, pages{page(2, 3, "a"), page(2, 2, "b")}, true, false, 2, ""},
		{"no total", 3, pages{{Last: 1, Items: []string{"a"}}}, true, false, 1, ""},
		{"moved user", 3, pages{page(2, 3, "a", "b"), page(2, 3, "b")}, false, false, 2, "page 2 of 2 contains no new users"},
		{"fetch fails", 3, three[:1], false, false, 2, "fetch failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fetched := 0
			list, err := wrapper.ReadUserList(paging.List[string, string]{
				Fetch: func(number int64) (paging.Page[string], error) {
					if fetched++; int(number) > len(tt.pages) {
						return paging.Page[string]{}, errors.New("fetch failed")
					}
					return tt.pages[number-1], nil
				},
				ID:       func(user string) string { return user },
				NewError: func(message string) error { return errors.New(message) },
			}, tt.users, func(user string) []string { return []string{user} }, strings.Clone)
			assert.Equal(t, tt.fetched, fetched)
			assert.Equal(t, tt.isRead, list != nil)
			if tt.problem != "" {
				require.EqualError(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			_, known := list.Get("another user")
			assert.Equal(t, tt.complete, known)
			user, _ := list.Take("a")
			assert.Equal(t, tt.isRead && slices.Contains(tt.pages[0].Items, "a"), user != nil)
		})
	}
}

func TestInternStoresEqualValuesOnce(t *testing.T) {
	stored := make(map[string]*account)
	first, equal, other := &account{"1", "ada"}, &account{"1", "ada"}, &account{"1", "bob"}
	assert.Same(t, first, wrapper.Intern(stored, "1", first))
	assert.Same(t, first, wrapper.Intern(stored, "1", equal))
	assert.Same(t, other, wrapper.Intern(stored, "1", other))
}
