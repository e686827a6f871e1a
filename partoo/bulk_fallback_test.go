package partoo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

const update = "POST /v2/user/old"

// Another client changes users after the list was read.
func TestBulkWithOutdatedList(t *testing.T) {
	old := partootest.User{ID: "old", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleBusinessManager}}
	other := old
	other.FirstName = "Ida"
	tests := []struct {
		name   string
		listed *partootest.User
		since  func(t *testing.T, server *partootest.Server, client *partoo.Client)
		want   upsert.Outcome
		sent   []string
	}{
		{"created since, equal", nil, func(_ *testing.T, server *partootest.Server, _ *partoo.Client) { server.AddUser(old) },
			upsert.Unchanged, []string{search, create, search}},
		{"created since, different", nil, func(_ *testing.T, server *partootest.Server, _ *partoo.Client) { server.AddUser(other) },
			upsert.Updated, []string{search, create, search, update}},
		{"deleted since", &other, func(t *testing.T, _ *partootest.Server, client *partoo.Client) {
			require.NoError(t, client.DeleteUser(t.Context(), "old"))
		}, upsert.Created, []string{search, "DELETE /v2/user/old", update, search, create}},
		{"deleted and created since", &other, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			require.NoError(t, client.DeleteUser(t.Context(), "old"))
			again := old
			again.ID = "new"
			server.AddUser(again)
		}, upsert.Unchanged, []string{search, "DELETE /v2/user/old", update, search}},
		{"changed since to the wanted value", &other, func(t *testing.T, _ *partootest.Server, client *partoo.Client) {
			require.NoError(t, client.UpdateUser(t.Context(), "old", partoo.UpdateUserRequest{FirstName: new("Ada")}))
		}, upsert.Updated, []string{search, update, update}},
		// This limit is documented.
		{"changed since to another value", &old, func(t *testing.T, _ *partootest.Server, client *partoo.Client) {
			require.NoError(t, client.UpdateUser(t.Context(), "old", partoo.UpdateUserRequest{FirstName: new("Ida")}))
		}, upsert.Unchanged, []string{search, update}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				if tt.listed != nil {
					server.AddUser(*tt.listed)
				}
				bulk := prepare(t, server, client)
				tt.since(t, server, client)
				result, err := bulk.UpsertUser(t.Context(), ada())
				require.NoError(t, err)
				assert.Equal(t, tt.want, result.Outcome)
				assert.Equal(t, tt.sent, sent(server))
				require.Len(t, server.Users(), 1)
				assert.Equal(t, server.Users()[0].ID, result.ID)
			})
		})
	}
}

// The list is used for one upsert of an email; the outcome does not matter.
func TestBulkSearchesForSecondUpsertOfSameEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addMembers(server, 1)
		bulk := prepare(t, server, client)
		again := member(0)
		again.LastName = "Again"
		for i, u := range []partoo.UserInput{member(0), again, ada(), ada()} {
			result, err := bulk.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, []upsert.Outcome{upsert.Unchanged, upsert.Updated, upsert.Created, upsert.Unchanged}[i], result.Outcome)
		}
		assert.Equal(t, []string{search, search, "POST /v2/user/" + server.Users()[0].ID, create, search}, sent(server))
	})
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		bulk := prepare(t, server, client)
		server.Fail(resttest.Status(403))
		_, err := bulk.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrForbidden)
		_, err = bulk.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, []string{search, create, search, create}, sent(server))
	}, 403)
}

func TestBulkAfterCreateWithUnknownOutcome(t *testing.T) {
	invited := ada()
	invited.OnCreate.SendInvitation = new(true)
	lost, reset := resttest.LostResponse(), resttest.Reset()
	tests := []struct {
		name   string
		user   partoo.UserInput
		faults []resttest.Fault
		want   upsert.Outcome // none: an error
		sent   []string
		users  int
	}{
		{"created, response lost", ada(), []resttest.Fault{lost}, upsert.Unchanged, []string{search, create, search}, 1},
		{"not created", ada(), []resttest.Fault{reset}, upsert.Created, []string{search, create, search, create}, 1},
		{"three times", ada(), []resttest.Fault{reset.On(create).Repeat(3)}, 0, []string{search, create, search, create, search, create, search}, 0},
		{"invited, response lost", invited, []resttest.Fault{lost}, upsert.Unchanged, []string{search, create, search}, 1},
		{"maybe invited", invited, []resttest.Fault{reset}, 0, []string{search, create, search}, 0},
		{"success without id", ada(), []resttest.Fault{response(200, `{}`)}, 0, []string{search, create, search}, 0},
		{"rejected", ada(), []resttest.Fault{response(400, `{"errors":{"json":{"email":"taken"}}}`)}, 0, []string{search, create, search}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				bulk := prepare(t, server, client)
				server.Fail(tt.faults...)
				result, err := bulk.UpsertUser(t.Context(), tt.user)
				if tt.want == 0 {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
				}
				assert.Equal(t, tt.want, result.Outcome)
				assert.Equal(t, tt.sent, sent(server))
				assert.Len(t, server.Users(), tt.users)
				assert.LessOrEqual(t, len(server.Invitations()), 1)
			}, 200, 400)
		})
	}
}

// A list that may be incomplete is used for the users in it only.
func TestBulkCreatesWithoutSearchOnlyIfListIsComplete(t *testing.T) {
	page := func(number int, count, users string) resttest.Fault {
		return response(200, fmt.Sprintf(`{"page":%d,"max_page":2,%s"users":[%s]}`, number, count, users))
	}
	const one, two = `{"id":"u1","email":"user1@example.com"}`, `{"id":"u2","email":"user2@example.com"}`
	tests := []struct {
		name     string
		pages    []resttest.Fault
		complete bool
	}{
		{"complete", []resttest.Fault{page(1, `"count":2,`, one), page(2, `"count":2,`, two)}, true},
		{"one missed", []resttest.Fault{page(1, `"count":3,`, one), page(2, `"count":3,`, two)}, false},
		{"another user meanwhile", []resttest.Fault{page(1, `"count":1,`, one), page(2, `"count":2,`, two)}, false},
		{"one user twice", []resttest.Fault{page(1, `"count":3,`, one), page(2, `"count":3,`, one+","+two)}, false},
		{"no count", []resttest.Fault{page(1, "", one), page(2, "", two)}, false},
		{"count is a text", []resttest.Fault{page(1, `"count":"2",`, one), page(2, `"count":"2",`, two)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				server.Fail(tt.pages...)
				bulk, err := client.Bulk(t.Context(), 2)
				require.NoError(t, err)
				result, err := bulk.Preview(t.Context(), member(1))
				require.NoError(t, err)
				assert.Equal(t, upsert.Result[string]{ID: "u1", Outcome: upsert.Updated}, result.Result)
				assert.Equal(t, []string{search, search}, sent(server))
				_, err = bulk.UpsertUser(t.Context(), ada())
				require.NoError(t, err)
				if tt.complete {
					assert.Equal(t, []string{search, search, create}, sent(server))
					return
				}
				assert.Equal(t, []string{search, search, search, create}, sent(server))
			}, 200)
		})
	}
}

// The list cannot identify these users.
func TestBulkSearchesForDuplicateOrInvalidListedUsers(t *testing.T) {
	const two = `{"id":"u1","email":"ada@example.com"},{"id":"u2","email":"ADA@example.com"}`
	const three = two + `,{"id":"u3","email":"Ada@example.com"}`
	const noID = `{"id":"../u1","email":"ada@example.com"}`
	for _, users := range []string{two, three, noID, noID + "," + two} {
		list := response(200, fmt.Sprintf(`{"page":1,"max_page":1,"count":4,"users":[%s]}`, users))
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			server.Fail(list, list, list)
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			_, previewErr := bulk.Preview(t.Context(), ada())
			_, err = bulk.UpsertUser(t.Context(), ada())
			require.Error(t, err)
			require.Error(t, previewErr)
			assert.Equal(t, strings.Count(users, "email") > 1, errors.Is(err, rest.ErrConflict))
			assert.Equal(t, errors.Is(err, rest.ErrConflict), errors.Is(previewErr, rest.ErrConflict))
			assert.Equal(t, []string{search, search, search}, sent(server))
		}, 200)
	}
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(response(200, fmt.Sprintf(`{"page":1,"max_page":1,"count":2,"users":[%s]}`, two)))
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		_, err = bulk.UpsertUser(t.Context(), ada())
		require.NoError(t, err, "the duplicate was removed meanwhile")
		assert.Equal(t, []string{search, search, create}, sent(server))
	}, 200)
}
