package identifai_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// member is the i-th user of a partner, as an input without an ID.
func member(i int) identifai.UserInput {
	return identifai.UserInput{Name: fmt.Sprint("Name ", i), Email: fmt.Sprintf("user%d@example.com", i), Heuristic: "Average", PricingID: 2}
}

// addMembers adds the first n to the fake, with ids from 1.
func addMembers(server *identifaitest.Server, n int) {
	for i := range n {
		server.AddUser(member(i))
	}
}

func withID(u identifai.UserInput, id int64) identifai.UserInput {
	u.ID = &id
	return u
}

func count(server *identifaitest.Server, line string) int {
	n := 0
	for _, s := range sent(server) {
		if s == line {
			n++
		}
	}
	return n
}

func TestBulkRun(t *testing.T) {
	for name, ids := range map[string]bool{"with ids": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				addMembers(server, 250)
				var users []identifai.UserInput
				for i := range 300 {
					u := member(i + 20) // 230 exist
					if i < 30 {
						u.Name = "Other"
					}
					if ids && i < 230 {
						u.ID = new(int64(i + 21))
					}
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
					assert.Equal(t, *have.ID, item.Result.ID)
					assert.Equal(t, item.User.Name, have.Name)
					assert.Equal(t, have.Name, item.Result.User.Name)
					assert.Equal(t, *have.ID, item.Result.User.ID)
				}
				assert.Equal(t, map[upsert.Outcome]int{upsert.Unchanged: 200, upsert.Updated: 30, upsert.Created: 70}, tally)
				assert.Equal(t, 3, count(server, listURL))
				assert.Equal(t, 100, count(server, writeURL))
				assert.Equal(t, "direction=asc&order=id&page=3&per_page=100", server.Requests()[2].Query.Encode())
			})
		})
	}
}

// The documentation states the time of a nightly run under the vendor's quotas.
func TestBulkNightlyRunWithFewChangesTakesMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer(identifaitest.WithQuotas())
		const all, changed = 1000, 10
		addMembers(server, all)
		client, err := identifai.New(identifaitest.Key, rest.WithBaseURL(server.URL), rest.WithHTTPClient(server.Client()))
		require.NoError(t, err)
		users := func(yield func(identifai.UserInput) bool) {
			for i := range all {
				u := withID(member(i), int64(i+1))
				if i%(all/changed) == 0 {
					u.Name = "Other"
				}
				if !yield(u) {
					return
				}
			}
		}
		start := time.Now()
		bulk, err := client.Bulk(t.Context(), all)
		require.NoError(t, err)
		for item := range upsert.All(t.Context(), users, bulk.UpsertUser) {
			require.NoError(t, item.Err)
		}
		assert.Less(t, time.Since(start), time.Minute, "one by one: 33 minutes")
		assert.Len(t, server.Requests(), all/100+changed)
	})
}

func TestBulkReadsListIfItIsShort(t *testing.T) {
	tests := []struct{ users, existing, pages int }{
		{1, 0, 0}, {1, 5, 0}, {2, 0, 1}, {2, 200, 2}, {2, 201, 1}, {3, 300, 3}, {3, 301, 1}, {10, 650, 7},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d of %d", tt.users, tt.existing), func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				addMembers(server, tt.existing)
				bulk, err := client.Bulk(t.Context(), tt.users)
				require.NoError(t, err)
				assert.Len(t, server.Requests(), tt.pages)
				if tt.existing == 0 {
					return
				}
				result, err := bulk.UpsertUser(t.Context(), member(0))
				require.NoError(t, err)
				if tt.pages*100 < tt.existing {
					assert.Equal(t, upsert.Updated, result.Outcome)
					assert.Equal(t, []string{writeURL, listURL, writeURL}, sent(server)[tt.pages:len(server.Requests())])
					return
				}
				assert.Equal(t, upsert.Unchanged, result.Outcome)
				assert.Len(t, server.Requests(), tt.pages)
			})
		})
	}
}

func TestBulkRejectsNonPositiveUsers(t *testing.T) {
	server := identifaitest.NewServer()
	client := connect(t, server, nil)
	for _, n := range []int{0, -1} {
		bulk, err := client.Bulk(t.Context(), n)
		require.ErrorIs(t, err, rest.ErrInvalid)
		require.EqualError(t, err, "identifai: Bulk: invalid input, nothing was sent: users: must be greater than 0")
		assert.Nil(t, bulk)
	}
	bulk, err := client.Bulk(t.Context(), 1)
	require.NoError(t, err)
	_, err = bulk.UpsertUser(t.Context(), identifai.UserInput{Email: "ada"})
	require.ErrorIs(t, err, rest.ErrInvalid)
	_, err = bulk.Preview(t.Context(), identifai.UserInput{Email: "ada"})
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.Empty(t, sent(server))
}

func TestBulkReturnsListError(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addMembers(server, 150)
		server.Fail(resttest.Fault{}, resttest.Throttle("3"), resttest.Status(503))
		_, err := client.Bulk(t.Context(), 100)
		require.NoError(t, err, "retried")
		server.Fail(resttest.Fault{}, resttest.Status(403))
		bulk, err := client.Bulk(t.Context(), 100)
		require.ErrorIs(t, err, rest.ErrForbidden)
		assert.Equal(t, "Bulk", failure(t, err).Operation)
		assert.Nil(t, bulk)

		server.Fail(resttest.Fault{}, resttest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		bulk, err = client.Bulk(ctx, 100)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Nil(t, bulk)
		assert.Equal(t, time.Second, time.Since(start))
	}, 403, 503)
}

// Workers of a run upsert the same users at the same time.
func TestBulkIsSafeForConcurrentUse(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addMembers(server, 20)
		bulk, err := client.Bulk(t.Context(), 120)
		require.NoError(t, err)
		users := func(yield func(identifai.UserInput) bool) {
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
		assert.Equal(t, map[upsert.Outcome]int{upsert.Created: 20, upsert.Unchanged: 20, upsert.Updated: 80}, tally)
		assert.Len(t, server.Users(), 40)
	})
}
