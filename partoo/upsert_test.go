package partoo_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

const (
	search = "GET /v2/user/search"
	create = "POST /v2/user"
)

func TestUpsertCreatesThenUpdatesOrSendsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		u := ada()
		u.BusinessIDs = []string{"b1", "b2"}
		u.OnCreate = partoo.OnCreate{Password: "Sup3r-secret", Status: partoo.UserStatusInvited}
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Created, result.Outcome)
		id := result.ID

		u.Email, u.BusinessIDs = "ADA@Example.com", []string{"b2", "b1", "b2"}
		result, err = client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[string]{ID: id, Outcome: upsert.Unchanged}, result)

		u.BusinessIDs, u.OnCreate.Status = []string{}, partoo.UserStatusActive
		result, err = client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[string]{ID: id, Outcome: upsert.Updated}, result)

		assert.Equal(t, []string{search, create, search, search, "POST /v2/user/" + id}, sent(server))
		requests := server.Requests()
		assert.JSONEq(t, `{"business_ids":[]}`, string(requests[len(requests)-1].Body))
		require.Len(t, server.Users(), 1)
		user := server.Users()[0]
		assert.Equal(t, "ada@example.com", user.Email)
		assert.Equal(t, partoo.UserStatusInvited, user.OnCreate.Status, "OnCreate does not change an existing user")
		assert.Empty(t, user.BusinessIDs)
	})
}

func TestUpsertRejectsInvalidInput(t *testing.T) {
	server := partootest.NewServer()
	_, err := connect(t, server, nil).UpsertUser(t.Context(), partoo.UserInput{Email: "ada"})
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.Empty(t, sent(server))
}

func TestUpsertReturnsConflictForDuplicateEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		two := `{"page":1,"max_page":1,"count":2,"users":[{"id":"a","email":"ada@example.com"},{"id":"b","email":"Ada@example.com"}]}`
		server.Fail(resttest.Fault{Status: 200, Body: two, Header: http.Header{"Content-Type": {"application/json"}}})
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrConflict)
		assert.EqualError(t, err, "partoo: UpsertUser: several users have this email: conflict")
		assert.Equal(t, []string{search}, sent(server))
	})
}

// If the server ignored the filter, it would return all users.
func TestUpsertComparesEmailsOnAllPages(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		page := func(body string) resttest.Fault {
			return resttest.Fault{Status: 200, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
		}
		server.Fail(
			page(`{"page":1,"max_page":2,"count":3,"users":[{"id":"a","email":"ida@example.com"},{"id":"b","email":"ada@example.com.evil.test"}]}`),
			page(`{"page":2,"max_page":2,"count":3,"users":[{"id":"c","email":"ada@EXAMPLE.com","first_name":"Ada","last_name":"Lovelace","role":"BUSINESS_MANAGER"}]}`),
		)
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[string]{ID: "c", Outcome: upsert.Unchanged}, result)
	})
}

// The id becomes part of a URL path.
func TestUpsertRejectsInvalidIDFromSearch(t *testing.T) {
	for _, id := range []string{"../org/1", "me", "search", "a?b", "x/invite"} {
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			server.AddUser(partootest.User{ID: id, UserInput: partoo.UserInput{Email: "ada@example.com"}})
			_, err := client.UpsertUser(t.Context(), ada())
			assert.EqualError(t, err, "partoo: UpsertUser: unexpected response: invalid user id", id)
			assert.Equal(t, []string{search}, sent(server))
		})
	}
}

// The email belongs to a user of another organisation, which the key cannot see.
func TestUpsertReturnsCreateErrorWhenSearchFindsNone(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "ada@example.com", OrgID: new(int64(1))}})
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrInvalid)
		var e *rest.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "UpsertUser", e.Operation)
		assert.Equal(t, 400, e.StatusCode)
		assert.Equal(t, map[string][]string{"email": {"This email is already used"}}, e.Fields)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Equal(t, []string{search, create, search}, sent(server))
	})
}

func TestUpsertResolves409And422(t *testing.T) {
	for _, status := range []int{400, 409, 422} {
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			conflict := resttest.Status(status).On(create)
			conflict.Execute = true
			server.Fail(conflict)
			result, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome)
			assert.Equal(t, []string{search, create, search}, sent(server))
		}, status)
	}
}

func TestUpsertDoesNotSearchAgainAfterOtherErrors(t *testing.T) {
	for status, sentinel := range map[int]error{401: rest.ErrUnauthorized, 403: rest.ErrForbidden, 404: nil, 413: nil} {
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			server.Fail(resttest.Status(status).On(create))
			_, err := client.UpsertUser(t.Context(), ada())
			require.Error(t, err)
			if sentinel != nil {
				assert.ErrorIs(t, err, sentinel)
			}
			assert.Equal(t, []string{search, create}, sent(server))
		}, status)
	}
}

func TestUpsertEndsAfterThreeRounds(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ida"}})
		server.Fail(resttest.Status(404).On("POST /v2/user/u1").Repeat(-1))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrNotFound)
		assert.Equal(t, 3, count(server, search))
		assert.Equal(t, 3, count(server, "POST /v2/user/u1"))
	})
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.HTML(502).On(create).Repeat(-1))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.Equal(t, []string{search, create, search, create, search, create, search}, sent(server))
	}, 502)
}

// A 404 with an HTML page does not mean that the user was deleted.
func TestUpsertReturnsErrorForHTML404(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ida"}})
		server.Fail(resttest.HTML(404).On("POST /v2/user/u1"))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorContains(t, err, "HTML page")
		assert.Equal(t, []string{search, "POST /v2/user/u1"}, sent(server))
	}, 404)
}

func TestUpsertRetriesUpdate(t *testing.T) {
	for _, fault := range []resttest.Fault{resttest.LostResponse(), resttest.Reset(), resttest.HTML(503), resttest.TruncatedResponse(3), resttest.Throttle("2")} {
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ida"}})
			server.Fail(fault.On("POST /v2/user/u1"))
			result, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err)
			assert.Equal(t, upsert.Updated, result.Outcome)
			assert.Equal(t, []string{search, "POST /v2/user/u1", "POST /v2/user/u1"}, sent(server))
		}, 503)
	}
}

func TestUpsertWithCancelledContext(t *testing.T) {
	server := partootest.NewServer()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := connect(t, server, nil).UpsertUser(ctx, ada())
	require.ErrorIs(t, err, context.Canceled)
	var e *rest.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, rest.ExecutedNo, e.Executed)
	assert.Empty(t, sent(server))
}
