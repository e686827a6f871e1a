package identifai_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// list responds with a list of these users on one page.
func list(total, users string) resttest.Fault {
	return respond(200, fmt.Sprintf(`{"current_page":1,"last_page":1,"total":%s,"data":[%s]}`, total, users))
}

// ghost is a listed user that does not exist (any more).
const ghost = `{"id":77,"name":"Ada","email":"ada@example.com","heuristic":"Average","pricing":{"id":2}}`

// Users changed after the list was read.
func TestBulkWithOutdatedList(t *testing.T) {
	gone := resttest.Status(404)
	idRejected := respond(422, `{"message":"invalid","errors":{"id":["The selected id is invalid."]}}`)
	tests := []struct {
		name   string
		list   string
		exists bool // the user, under another id
		fault  resttest.Fault
		want   upsert.Outcome
		sent   []string
	}{
		{"created since", "", true, resttest.Fault{}, upsert.Updated, []string{listURL, writeURL, listURL, writeURL}},
		{"deleted since, 404", ghost, false, gone, upsert.Created, []string{listURL, writeURL, writeURL}},
		{"deleted since, 422", ghost, false, idRejected, upsert.Created, []string{listURL, writeURL, writeURL}},
		{"deleted and created since", ghost, true, idRejected, upsert.Updated, []string{listURL, writeURL, writeURL, listURL, writeURL}},
		{"email given to another user", ghost, true, respond(422, taken), upsert.Updated, []string{listURL, writeURL, writeURL, listURL, writeURL}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				server.Fail(list("1", tt.list))
				bulk, err := client.Bulk(t.Context(), 2)
				require.NoError(t, err)
				if tt.exists {
					server.AddUser(ada())
				}
				if tt.list != "" {
					server.Fail(tt.fault)
				}
				u := ada()
				u.Name = "Ada King"
				result, err := bulk.UpsertUser(t.Context(), u)
				require.NoError(t, err)
				assert.Equal(t, tt.want, result.Outcome)
				assert.Equal(t, tt.sent, sent(server))
				require.Len(t, server.Users(), 1)
				assert.Equal(t, *server.Users()[0].ID, result.ID)
				assert.Equal(t, "Ada King", server.Users()[0].Name)
			}, 200, 404, 422)
		})
	}
}

// Only a response which shows that the list is outdated leads to a lookup.
func TestBulkReturnsTheErrorOfAnUpdate(t *testing.T) {
	for _, fault := range []resttest.Fault{
		resttest.Status(403), resttest.Status(501), resttest.HTML(404),
		respond(422, `{"message":"invalid","errors":{"pricing_id":["The selected pricing id is invalid."]}}`),
	} {
		bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
			addMembers(server, 1)
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			server.Fail(fault)
			u := member(0)
			u.Name = "Other"
			_, err = bulk.UpsertUser(t.Context(), u)
			assert.Equal(t, fault.Status, failure(t, err).StatusCode)
			assert.Equal(t, []string{listURL, writeURL}, sent(server))
		}, 403, 404, 422, 501)
	}
}

func TestBulkRetriesUpdateAfterLostResponse(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addMembers(server, 1)
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		server.Fail(resttest.LostResponse())
		u := member(0)
		u.Name = "Other"
		result, err := bulk.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Updated, result.Outcome)
		assert.Equal(t, []string{listURL, writeURL, writeURL}, sent(server))
	})
}

func TestBulkAfterCreateWithUnknownOutcome(t *testing.T) {
	for name, tt := range map[string]struct {
		fault resttest.Fault
		sent  []string
		users int
	}{
		"created":     {resttest.LostResponse(), []string{listURL, writeURL, listURL, writeURL}, 1},
		"not created": {resttest.Reset(), []string{listURL, writeURL, listURL}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				bulk, err := client.Bulk(t.Context(), 2)
				require.NoError(t, err)
				server.Fail(tt.fault)
				_, err = bulk.UpsertUser(t.Context(), ada())
				assert.Equal(t, tt.users == 1, err == nil)
				if err != nil {
					assert.Equal(t, rest.ExecutedMaybe, failure(t, err).Executed)
				}
				assert.Equal(t, tt.sent, sent(server))
				assert.Len(t, server.Users(), tt.users)
			})
		})
	}
}

// Each listed user serves one upsert, by id or by email.
func TestBulkUsesEachListedUserOnce(t *testing.T) {
	moved := withID(member(0), 1)
	moved.Email = "moved@example.com"
	tests := []struct {
		name   string
		first  identifai.UserInput
		second identifai.UserInput
		sent   []string // by the second
		want   upsert.Outcome
		users  int
	}{
		{"by email twice", member(0), member(0), []string{writeURL, listURL, writeURL}, upsert.Updated, 2},
		{"by id twice", withID(member(0), 1), withID(member(0), 1), []string{writeURL}, upsert.Updated, 2},
		{"by email, then by id", member(0), withID(member(0), 1), []string{writeURL}, upsert.Updated, 2},
		{"by id, then by email", withID(member(0), 1), member(0), []string{writeURL, listURL, writeURL}, upsert.Updated, 2},
		{"its old email", moved, member(0), []string{writeURL}, upsert.Created, 3},
		{"its new email", moved, func() identifai.UserInput { u := moved; u.ID = nil; return u }(), []string{writeURL, listURL, writeURL}, upsert.Updated, 2},
		{"another user", member(0), member(1), []string{}, upsert.Unchanged, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				addMembers(server, 2)
				bulk, err := client.Bulk(t.Context(), 2)
				require.NoError(t, err)
				_, err = bulk.UpsertUser(t.Context(), tt.first)
				require.NoError(t, err)
				before := len(server.Requests())
				result, err := bulk.UpsertUser(t.Context(), tt.second)
				require.NoError(t, err)
				assert.Equal(t, tt.want, result.Outcome)
				assert.Equal(t, tt.sent, sent(server)[before:])
				assert.Len(t, server.Users(), tt.users)
			})
		})
	}
}

// After an email was given to one user by id, the list is not used for it.
func TestBulkForgetsReassignedEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addMembers(server, 2)
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		moved := withID(member(1), 2)
		moved.Email = "moved@example.com"
		_, err = client.UpsertUser(t.Context(), moved) // bypasses the list
		require.NoError(t, err)
		_, err = bulk.UpsertUser(t.Context(), withID(member(1), 1))
		require.NoError(t, err)
		result, err := bulk.UpsertUser(t.Context(), member(1))
		require.NoError(t, err)
		assert.EqualValues(t, 1, result.ID)
		assert.Equal(t, []string{listURL, writeURL, writeURL, writeURL, listURL, writeURL}, sent(server))
	})
}

func TestBulkWithEmailListedTwice(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		for _, id := range []int64{1, 2, 3} {
			server.AddUser(withID(ada(), id))
		}
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		_, err = bulk.Preview(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrConflict)
		assert.Equal(t, "Preview", failure(t, err).Operation)
		for range 2 {
			_, err = bulk.UpsertUser(t.Context(), ada())
			require.ErrorIs(t, err, rest.ErrInvalid, "the error of the create")
		}
		result, err := bulk.UpsertUser(t.Context(), withID(ada(), 2))
		require.NoError(t, err)
		assert.Equal(t, upsert.Unchanged, result.Outcome, "the id selects one of them")
		assert.Equal(t, []string{listURL, listURL, writeURL, listURL, writeURL, listURL}, sent(server))
	})
}
