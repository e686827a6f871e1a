package identifai_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// emailMove returns the users on the server and the rows of a run in which an email
// moves from Ada, whose row contains her id, to Bob. more adds other users, so that
// the list is read.
func emailMove(more int) (server []identifai.UserInput, ada, bob identifai.UserInput, all []identifai.UserInput) {
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
						onServer, ada, bob, all := emailMove(more)
						for _, user := range onServer {
							server.AddUser(user)
						}
						if all = append(all, ada, bob); bobFirst {
							slices.Reverse(all)
						}
						for run := 0; len(all) > 0; run++ {
							require.Less(t, run, 2, "the email is free in the second run")
							bulk, err := client.Bulk(t.Context(), len(all), 1)
							require.NoError(t, err)
							var again []identifai.UserInput
							for item := range upsert.All(t.Context(), slices.Values(all), bulk.UpsertUser, upsert.WithWorkers(workers)) {
								if item.Err != nil {
									if !errors.Is(item.Err, rest.ErrInvalid) { // rejected, and free at the time of the lookup
										require.ErrorIs(t, item.Err, rest.ErrConflict)
										assert.ErrorContains(t, item.Err, "email belongs to user 1, which another row of this run contains by id")
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

// Without ids, Bulk only knows the ids of the users upserted so far.
func TestBulkUpsertEmailMoveWithoutKnownIDs(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				onServer, ada, bob, all := emailMove(more)
				for _, user := range onServer {
					server.AddUser(user)
				}
				bulk, err := client.Bulk(t.Context(), len(all)+2)
				require.NoError(t, err)
				_, err = bulk.UpsertUser(t.Context(), bob)
				require.NoError(t, err)
				before := len(server.Requests())
				_, err = bulk.UpsertUser(t.Context(), ada)
				require.ErrorIs(t, err, rest.ErrConflict)
				assert.ErrorContains(t, err, "already matched to this user by another email")
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
				onServer, ada, bob, all := emailMove(more)
				for _, user := range onServer {
					server.AddUser(user)
				}
				bulk, err := client.Bulk(t.Context(), len(all)+2, 1)
				require.NoError(t, err)
				_, err = bulk.Preview(t.Context(), bob)
				require.ErrorIs(t, err, rest.ErrConflict)
				assert.ErrorContains(t, err, "Preview")
				result, err := bulk.Preview(t.Context(), ada)
				require.NoError(t, err)
				assert.Equal(t, upsert.Updated, result.Outcome)
				result, err = bulk.Preview(t.Context(), bob)
				require.NoError(t, err, "the email is free after Ada's update")
				assert.Equal(t, upsert.Created, result.Outcome)
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

// requireConflict upserts a row without id and requires an error; the user on the
// server must not change.
func requireConflict(t *testing.T, bulk *identifai.Bulk, server *identifaitest.Server, bob identifai.UserInput) {
	t.Helper()
	before, ok := server.User(bob.Email)
	require.True(t, ok)
	_, err := bulk.UpsertUser(t.Context(), bob)
	require.Error(t, err)
	after, ok := server.User(bob.Email)
	require.True(t, ok)
	assert.Equal(t, before, after)
}

func TestRowWithoutIDIsNotWrittenToAnIDWhoseRowFailed(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		for fault, want := range map[string]resttest.Fault{
			"rejected":      respond(422, `{"message":"invalid","errors":{"name":["The name is too short."]}}`),
			"not available": resttest.Status(http.StatusForbidden),
		} {
			t.Run(name+", "+fault, func(t *testing.T) {
				bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
					onServer, ada, bob, all := emailMove(more)
					for _, user := range onServer {
						server.AddUser(user)
					}
					bulk, err := client.Bulk(t.Context(), len(all)+2, 1)
					require.NoError(t, err)
					server.Fail(want)
					_, err = bulk.UpsertUser(t.Context(), ada)
					require.Error(t, err)
					requireConflict(t, bulk, server, bob)
				}, 403, 422)
			})
		}
	}
}

// An interrupted run has upserted Ada. The second run gets her id, not her row.
func TestRowWithoutIDIsNotWrittenToAnIDOfAnEarlierRun(t *testing.T) {
	for name, more := range map[string]int{"listed": 150, "not listed": 0} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				onServer, ada, bob, all := emailMove(more)
				for _, user := range onServer {
					server.AddUser(user)
				}
				_, err := client.UpsertUser(t.Context(), ada)
				require.NoError(t, err)
				eve := ada
				eve.ID, eve.Name = nil, "Eve"
				bulk, err := client.Bulk(t.Context(), len(all)+1, 1)
				require.NoError(t, err)
				requireConflict(t, bulk, server, eve)
				result, err := bulk.UpsertUser(t.Context(), bob)
				require.NoError(t, err)
				assert.Equal(t, upsert.Created, result.Outcome)
				assert.NotEqualValues(t, 1, result.ID)
			})
		})
	}
}

func TestRowWithoutIDIsWrittenToAnIDWithTheSameEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.AddUser(member(0))
		bulk, err := client.Bulk(t.Context(), 2, 1)
		require.NoError(t, err)
		_, err = bulk.UpsertUser(t.Context(), withID(member(0), 1))
		require.NoError(t, err)
		same := member(0)
		same.Email, same.Name = strings.ToUpper(same.Email), "Same"
		result, err := bulk.UpsertUser(t.Context(), same)
		require.NoError(t, err)
		assert.EqualValues(t, 1, result.ID)
	})
}

// Whatever the order of concurrent calls: Ada keeps her id, and Bob either becomes a
// user of his own or gets an error.
func TestConcurrentRowsNeverOverwriteAnIDOfTheRun(t *testing.T) {
	for range 50 {
		bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
			server.AddUser(member(0))
			_, ada, bob, _ := emailMove(0)
			bulk, err := client.Bulk(t.Context(), 2, 1)
			require.NoError(t, err)
			var wg sync.WaitGroup
			var created upsert.Outcome
			wg.Go(func() {
				_, err := bulk.UpsertUser(t.Context(), ada)
				assert.NoError(t, err)
			})
			wg.Go(func() {
				result, err := bulk.UpsertUser(t.Context(), bob)
				if created = result.Outcome; err != nil {
					assert.True(t, errors.Is(err, rest.ErrConflict) || errors.Is(err, rest.ErrInvalid), err)
				}
			})
			wg.Wait()
			users := server.Users()
			assert.Equal(t, ada, users[0])
			assert.Equal(t, created == upsert.Created, len(users) == 2)
		})
	}
}
