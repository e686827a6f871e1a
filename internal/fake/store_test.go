package fake_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/fake"
)

type user struct {
	ID, Email string
	Tags      []string
}

func newStore() *fake.Store[user] {
	return &fake.Store[user]{
		Normalize: func(*user) {},
		Keys:      func(u user) (unique, shared []string) { return []string{"id " + u.ID}, []string{"email " + u.Email} },
	}
}

func TestUsersWithASharedKeyAreFoundInOrderOfCreation(t *testing.T) {
	store := newStore()
	a, b, c := store.Add(user{ID: "a", Email: "x"}), store.Add(user{ID: "b", Email: "y"}), store.Add(user{ID: "c", Email: "x"})
	store.Update(b, user{ID: "b", Email: "x"})
	assert.Equal(t, []*fake.Record[user]{a, b, c}, store.FindAll("email x"))
	assert.Nil(t, store.Find("email y"))
	store.Delete(a)
	assert.Same(t, b, store.Find("email x"))
	assert.Nil(t, store.Find("id a"))
	assert.Equal(t, []user{{ID: "b", Email: "x"}, {ID: "c", Email: "x"}}, store.Users())
}

func TestAddUserCopiesAndRejectsTakenKeys(t *testing.T) {
	store := newStore()
	tags := []string{"vip"}
	added := store.AddUser(user{ID: "a", Email: "x", Tags: tags})
	tags[0], added.Tags[0] = "changed", "changed"
	stored, ok := store.User("id a")
	assert.True(t, ok)
	assert.Equal(t, user{ID: "a", Email: "x", Tags: []string{"vip"}}, stored)
	assert.PanicsWithValue(t, `AddUser: "id a" is taken`, func() { store.AddUser(user{ID: "a", Email: "y"}) })
	store.AddUser(user{ID: "b", Email: "x"})
	assert.Len(t, store.Users(), 2, "the email is shared, and the store is not locked after a panic")
}
