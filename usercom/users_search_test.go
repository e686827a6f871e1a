package usercom_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func withEmail(email string) usercomtest.User {
	return usercomtest.User{UserInput: usercom.UserInput{Email: email}}
}

func TestFindUserByEmail(t *testing.T) {
	server := usercomtest.NewServer()
	server.AddUser(withEmail("bob@example.com"))
	server.AddUser(withEmail("ada+crm@example.com"))
	client := newClient(t, server)
	user, err := client.FindUserByEmail(t.Context(), "Ada+CRM@example.com")
	require.NoError(t, err)
	assert.Equal(t, int64(2), user.ID)
	assert.Equal(t, "ada+crm@example.com", *user.Email)
}

func TestFindRequestExact(t *testing.T) {
	client, requests := recording(t)
	_, err := client.FindUserByEmail(t.Context(), "ada+crm&x=1@example.com")
	require.ErrorIs(t, err, rest.ErrNotFound)
	require.Len(t, *requests, 1)
	assert.Equal(t, "GET https://app.user.com/api/public/users/search/?email=ada%2Bcrm%26x%3D1%40example.com&many=true", (*requests)[0].url)
	assert.Empty(t, (*requests)[0].body)
}

func TestFindUserByEmailNotFound(t *testing.T) {
	server := usercomtest.NewServer()
	_, err := newClient(t, server).FindUserByEmail(t.Context(), "ada@example.com")
	require.ErrorIs(t, err, rest.ErrNotFound)
	assert.EqualError(t, err, "usercom: FindUserByEmail: no user has this email: not found")
}

func TestFindUserByEmailReturnsConflictForSeveralUsers(t *testing.T) {
	server := usercomtest.NewServer()
	for range 12 {
		server.AddUser(withEmail("ada@example.com"))
	}
	user, err := newClient(t, server).FindUserByEmail(t.Context(), "ada@example.com")
	require.ErrorIs(t, err, rest.ErrConflict)
	assert.EqualError(t, err, "usercom: FindUserByEmail: 12 users have this email: id 1, 2, 3, 4, 5, 6, 7, 8, 9, 10: conflict")
	assert.Zero(t, user)
}

func TestFindUserByEmailAcceptsAllResponseFormats(t *testing.T) {
	const one = `{"id":7,"email":"ADA@example.com"}`
	tests := []struct {
		name   string
		status int
		body   string
		id     int64
		err    error // nil without id: an error that matches no sentinel
	}{
		{"list", 200, `[` + one + `]`, 7, nil},
		{"list with others", 200, ` [{"id":6,"email":"x.ada@example.com"},{"id":8,"email":null},` + one + `] `, 7, nil},
		{"single", 200, one, 7, nil},
		{"201", 201, one, 7, nil},
		{"unreadable score", 200, `[{"id":7,"email":"ada@example.com","score":"high"}]`, 7, nil},
		{"email of another type", 200, `[{"id":7,"email":5}]`, 0, nil},
		{"empty list", 200, `[]`, 0, rest.ErrNotFound},
		{"only others", 200, `[{"id":6,"email":"x.ada@example.com"}]`, 0, rest.ErrNotFound},
		{"single other", 200, `{"id":6,"email":"x.ada@example.com"}`, 0, rest.ErrNotFound},
		{"two users", 200, `[` + one + `,{"id":9,"email":"ada@EXAMPLE.com"}]`, 0, rest.ErrConflict},
		{"404 of the resource", 404, `{"detail":"Not found."}`, 0, rest.ErrNotFound},
		{"404 of the router", 404, `<!doctype html><h1>Not Found</h1>`, 0, nil},
		{"page of results", 200, `{"count":0,"next":null,"results":[]}`, 0, nil},
		{"empty object", 200, `{}`, 0, nil},
		{"list of null", 200, `[null]`, 0, nil},
		{"null", 200, `null`, 0, nil},
		{"text", 200, `"ada"`, 0, nil},
		{"list of texts", 200, `["ada"]`, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := clientWithResponse(t, tt.status, tt.body)
			user, err := client.FindUserByEmail(t.Context(), "ada@example.com")
			assert.Equal(t, tt.id, user.ID)
			if tt.id != 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, sentinel := range []error{rest.ErrNotFound, rest.ErrConflict} {
				assert.Equal(t, sentinel == tt.err, errors.Is(err, sentinel), "%v", sentinel)
			}
		})
	}
}

// A base URL without its path gives an HTML 404. It does not mean that the user does
// not exist; otherwise a caller would create every user again.
func TestHTML404IsNotErrNotFound(t *testing.T) {
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, rest.WithHTTPClient(server.Client()), rest.WithBaseURL(server.URL))
	require.NoError(t, err)
	for name, err := range calls(t.Context(), client) {
		var e *rest.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, http.StatusNotFound, e.StatusCode, name)
		assert.NotErrorIs(t, err, rest.ErrNotFound, name)
		assert.ErrorContains(t, err, "is the base URL right?", name)
	}
}

func TestFindUserByEmailValidatesEmail(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	for email, problem := range map[string]string{
		"": "is required", "ada": "must be an e-mail address", "Ada <ada@example.com>": "must not contain U+0020 (space)",
		"a@b.c,d@e.f": "must be an e-mail address", strings.Repeat("a", 300) + "@example.com": "must be an e-mail address",
	} {
		_, err := client.FindUserByEmail(t.Context(), email)
		require.ErrorIs(t, err, rest.ErrInvalid, email)
		assert.ErrorContains(t, err, "usercom: FindUserByEmail: invalid input, nothing was sent: email: "+problem)
	}
	assert.Empty(t, server.Requests())
}

func TestFindUserByEmailIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.AddUser(withEmail("ada@example.com"))
		server.Fail(resttest.Reset())
		_, err := newClient(t, server).FindUserByEmail(t.Context(), "ada@example.com")
		require.NoError(t, err)
		assert.Len(t, server.Requests(), 2)
	})
}
