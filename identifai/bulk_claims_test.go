package identifai_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// moving are two people: the first gives up an address, and the second has it now.
// More come with them, so that the list is read.
func moving(more int) (server []identifai.UserInput, ada, bob identifai.UserInput, all []identifai.UserInput) {
	server = []identifai.UserInput{member(0)}
	ada = withID(member(0), 1)
	ada.Name, ada.Email = "Ada", "ada@example.com"
	bob = member(0)
	bob.Name = "Bob"
	for i := range more {
		server = append(server, member(i+1))
		all = append(all, member(i+1))
	}
	return server, ada, bob, all
}

func TestBulkUpsertReturnsConflictWhenEmailMovesBetweenRows(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		for _, bobFirst := range []bool{true, false} {
			for _, workers := range []int{1, 8} {
				t.Run(name, func(t *testing.T) {
					bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
						have, ada, bob, all := moving(more)
						for _, user := range have {
							server.AddUser(user)
						}
						if all = append(all, ada, bob); bobFirst {
							slices.Reverse(all)
						}
						for run := 0; len(all) > 0; run++ {
							require.Less(t, run, 2, "the second time, the address is free")
							bulk, err := client.Bulk(t.Context(), len(all), 1)
							require.NoError(t, err)
							var again []identifai.UserInput
							for item := range upsert.All(t.Context(), slices.Values(all), bulk.UpsertUser, upsert.WithWorkers(workers)) {
								if item.Err != nil {
									if !errors.Is(item.Err, rest.ErrInvalid) { // refused, and free by the time of the look-up
										require.ErrorIs(t, item.Err, rest.ErrConflict)
										assert.ErrorContains(t, item.Err, "the user with the id 1, who comes with this id")
									}
									assert.Equal(t, "Bob", item.User.Name)
									again = append(again, item.User)
								}
							}
							all = again
						}
						got, ok := server.User(ada.Email)
						require.True(t, ok)
						assert.Equal(t, "Ada", got.Name)
						assert.Equal(t, int64(1), *got.ID)
						got, ok = server.User(bob.Email)
						require.True(t, ok)
						assert.Equal(t, "Bob", got.Name)
						assert.Len(t, server.Users(), more+2)
					})
				})
			}
		}
	}
}

// Of ids that were not announced, the Bulk knows those that it was to upsert.
func TestBulkUpsertEmailMoveWithoutKnownIDs(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				have, ada, bob, all := moving(more)
				for _, user := range have {
					server.AddUser(user)
				}
				bulk, err := client.Bulk(t.Context(), len(all)+2)
				require.NoError(t, err)
				_, err = bulk.UpsertUser(t.Context(), bob)
				require.NoError(t, err)
				before := len(server.Requests())
				_, err = bulk.UpsertUser(t.Context(), ada)
				require.ErrorIs(t, err, rest.ErrConflict)
				assert.ErrorContains(t, err, "found by another address")
				assert.Len(t, server.Requests(), before, "nothing is sent")

				bulk, err = client.Bulk(t.Context(), len(all)+2)
				require.NoError(t, err)
				server.Fail(resttest.Status(http.StatusUnprocessableEntity))
				_, err = bulk.UpsertUser(t.Context(), ada)
				require.ErrorIs(t, err, rest.ErrInvalid)
				_, err = bulk.UpsertUser(t.Context(), bob)
				assert.ErrorIs(t, err, rest.ErrConflict)
			})
		})
	}
}

func TestPreviewReturnsConflictWhenEmailMoves(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				have, ada, bob, all := moving(more)
				for _, user := range have {
					server.AddUser(user)
				}
				bulk, err := client.Bulk(t.Context(), len(all)+2, 1)
				require.NoError(t, err)
				_, err = bulk.Preview(t.Context(), bob)
				require.ErrorIs(t, err, rest.ErrConflict)
				assert.ErrorContains(t, err, "Preview")
				is, err := bulk.Preview(t.Context(), ada)
				require.NoError(t, err)
				assert.Equal(t, upsert.Updated, is.Outcome)
			})
		})
	}
}

func TestBulkRejectsNonPositiveIDs(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		_, err := client.Bulk(t.Context(), 3, 1, 0)
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.True(t, strings.Contains(err.Error(), "ids"), err)
		assert.Empty(t, server.Requests())
	})
}
