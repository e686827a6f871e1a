package partoo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// member returns the i-th user of an organisation as input.
func member(i int) partoo.UserInput {
	return partoo.UserInput{
		Email: fmt.Sprintf("user%d@example.com", i), FirstName: "First", LastName: fmt.Sprint("Last", i),
		Role: partoo.RoleBusinessManager, BusinessIDs: []string{"b1", fmt.Sprint("b", i)},
	}
}

// addMembers adds the first n members to the fake.
func addMembers(server *partootest.Server, n int) {
	for i := range n {
		u := member(i)
		server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Role: u.Role, BusinessIDs: u.BusinessIDs}})
	}
}

// prepare returns a Bulk with a list, which took one request.
func prepare(t *testing.T, server *partootest.Server, client *partoo.Client) *partoo.Bulk {
	t.Helper()
	bulk, err := client.Bulk(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, []string{search}, sent(server))
	return bulk
}

func TestBulkRun(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addMembers(server, 250)
		var users []partoo.UserInput
		for i := range 300 {
			u := member(i + 20) // 230 exist
			if i < 30 {
				u.FirstName = "Other"
			}
			u.Email = strings.ToUpper(u.Email[:i%5]) + u.Email[i%5:]
			users = append(users, u)
		}
		bulk, err := client.Bulk(t.Context(), len(users))
		require.NoError(t, err)
		tally := make(map[upsert.Outcome]int)
		for item := range upsert.All(t.Context(), slices.Values(users), bulk.UpsertUser) {
			require.NoError(t, item.Err)
			tally[item.Result.Outcome]++
			have, ok := server.User(item.User.Email)
			require.True(t, ok)
			assert.Equal(t, have.ID, item.Result.ID)
			assert.Equal(t, item.User.FirstName, have.FirstName)
			assert.Equal(t, item.User.BusinessIDs, have.BusinessIDs)
		}
		assert.Equal(t, map[upsert.Outcome]int{upsert.Unchanged: 200, upsert.Updated: 30, upsert.Created: 70}, tally)
		assert.Equal(t, 3, count(server, search), "251 users with the owner of the key")
		assert.Equal(t, 70, count(server, create))
		assert.Len(t, server.Requests(), 103)
		assert.Len(t, server.Users(), 320)
		assert.Equal(t, "display_business_ids=true&order_by=email&page=3&per_page=100", server.Requests()[2].Query.Encode())
	})
}

func TestBulkReadsListIfThatTakesFewerRequests(t *testing.T) {
	tests := []struct{ users, existing, pages, searches int }{
		{1, 0, 0, 1},
		{1, 50, 0, 1},
		{2, 0, 1, 0},
		{2, 99, 1, 0}, // and the owner of the key
		{2, 199, 2, 0},
		{2, 200, 1, 2},
		{3, 299, 3, 0},
		{3, 300, 1, 3},
		{10, 650, 7, 0},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d of %d", tt.users, tt.existing), func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				addMembers(server, tt.existing)
				bulk, err := client.Bulk(t.Context(), tt.users)
				require.NoError(t, err)
				assert.Len(t, server.Requests(), tt.pages)
				for i := range tt.users {
					_, err := bulk.UpsertUser(t.Context(), member(i))
					require.NoError(t, err)
				}
				assert.Equal(t, tt.pages+tt.searches, count(server, search))
			})
		})
	}
}

func TestBulkRejectsNonPositiveUsers(t *testing.T) {
	server := partootest.NewServer()
	client := connect(t, server, nil)
	for _, n := range []int{0, -1} {
		bulk, err := client.Bulk(t.Context(), n)
		require.ErrorIs(t, err, rest.ErrInvalid)
		require.EqualError(t, err, "partoo: Bulk: invalid input, nothing was sent: users: must be greater than 0")
		assert.Nil(t, bulk)
	}
	bulk, err := client.Bulk(t.Context(), 1)
	require.NoError(t, err)
	_, err = bulk.UpsertUser(t.Context(), partoo.UserInput{Email: "ada"})
	require.ErrorIs(t, err, rest.ErrInvalid)
	_, err = bulk.Preview(t.Context(), partoo.UserInput{Email: "ada"})
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.Empty(t, sent(server))
}

func TestBulkReturnsListError(t *testing.T) {
	full := `{"page":1,"max_page":2,"count":2,"users":[{"id":"a","email":"a@example.com"}]}`
	tests := []struct {
		name    string
		faults  []resttest.Fault
		problem string
	}{
		{"rejected", []resttest.Fault{resttest.Status(403)}, "403"},
		{"breaks in the middle", []resttest.Fault{{}, resttest.Status(401)}, "401"},
		{"too large", []resttest.Fault{{Status: 200, Header: response(200, "").Header, Body: full, Size: rest.DefaultResponseLimit + 1}}, "too large"},
		{"same page again", []resttest.Fault{response(200, full), response(200, full)}, "requested page 2, got page 1"},
		{"user without id", []resttest.Fault{response(200, `{"page":1,"max_page":1,"users":[{}]}`)}, `no "id"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				addMembers(server, 150)
				server.Fail(tt.faults...)
				bulk, err := client.Bulk(t.Context(), 100)
				var e *rest.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "Bulk", e.Operation)
				require.ErrorContains(t, err, tt.problem)
				assert.Nil(t, bulk)
			}, 200, 401, 403)
		})
	}
}

func TestBulkWaitsAfter429(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addMembers(server, 150)
		server.Fail(resttest.Fault{}, resttest.Throttle("60"), resttest.Status(503))
		start := time.Now()
		bulk, err := client.Bulk(t.Context(), 100)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), time.Minute)
		result, err := bulk.UpsertUser(t.Context(), member(149))
		require.NoError(t, err)
		assert.Equal(t, upsert.Unchanged, result.Outcome)
		assert.Equal(t, []string{search, search, search, search}, sent(server))
	}, 503)
}

func TestBulkEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addMembers(server, 150)
		server.Fail(resttest.Fault{}, resttest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		bulk, err := client.Bulk(ctx, 100)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Nil(t, bulk)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// Several workers upsert the same emails at the same time.
func TestBulkFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		addMembers(server, 20)
		client := connect(t, server, nil)
		bulk, err := client.Bulk(t.Context(), 120)
		require.NoError(t, err)
		users := func(yield func(partoo.UserInput) bool) {
			for i := range 120 {
				if !yield(member(i / 3)) {
					return
				}
			}
		}
		tally := make(map[upsert.Outcome]int)
		for item := range upsert.All(t.Context(), users, bulk.UpsertUser, upsert.WithWorkers(32)) {
			require.NoError(t, item.Err)
			tally[item.Result.Outcome]++
		}
		assert.Equal(t, map[upsert.Outcome]int{upsert.Created: 20, upsert.Unchanged: 100}, tally)
		assert.Len(t, server.Users(), 40)
	})
}
