package wrapper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/internal/wrapper"
)

type account struct{ id, email string }

// read returns the list of these accounts, which the server counts as total.
func read(t *testing.T, users int, total int64, accounts ...account) *wrapper.UserList[account] {
	t.Helper()
	pages := paging.List[account, string]{
		Fetch: func(number int64) (paging.Page[account], error) {
			half := len(accounts) / 2
			items := map[int64][]account{1: accounts[:half], 2: accounts[half:]}[number]
			return paging.Page[account]{Last: 2, Total: &total, Items: items}, nil
		},
		ID:       func(a account) string { return a.id },
		NewError: func(message string) error { return errors.New(message) },
	}
	keys := func(a account) []string { return []string{a.id, a.email} }
	list, err := wrapper.ReadUserList(pages, users, keys, func(a account) account { return a })
	require.NoError(t, err)
	return list
}

func TestUserList(t *testing.T) {
	ada, bob, eve, twin := account{"1", "ada"}, account{"2", "bob"}, account{"3", "eve"}, account{"4", "eve"}
	list := read(t, 2, 4, ada, bob, eve, twin)
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

func TestUserListIsIncompleteOrMissing(t *testing.T) {
	_, known := read(t, 2, 3, account{"1", "ada"}, account{"2", "bob"}).Get("eve")
	assert.False(t, known, "the server counts another user")
	for _, users := range []int{0, 1} { // too many pages; not worth a request
		list := read(t, users, 2, account{"1", "ada"}, account{"2", "bob"})
		assert.Nil(t, list)
		_, known = list.Get("1")
		assert.False(t, known)
		_, known = list.Take("1")
		assert.False(t, known)
	}
}

func TestInternStoresEqualValuesOnce(t *testing.T) {
	stored := make(map[string]*account)
	first, equal, other := &account{"1", "ada"}, &account{"1", "ada"}, &account{"1", "bob"}
	assert.Same(t, first, wrapper.Intern(stored, "1", first))
	assert.Same(t, first, wrapper.Intern(stored, "1", equal))
	assert.Same(t, other, wrapper.Intern(stored, "1", other))
}
