package identifai_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
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

const taken = `{"message":"The email has already been taken.","errors":{"email":["The email has already been taken."]}}`

func TestFindUserByEmailRequest(t *testing.T) {
	var lines []string
	client, err := identifai.New("key", rest.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		lines = append(lines, r.Method+" "+r.URL.String())
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})}))
	require.NoError(t, err)
	_, err = client.FindUserByEmail(t.Context(), "ada+a_b%&c@example.com")
	require.Error(t, err)
	assert.Equal(t, []string{"GET https://backend.identifai.net/api/partner/users?search=ada%2Ba_b%25%26c%40example.com&per_page=100&page=1"}, lines)
}

// Without per_page a single response would contain all users.
func TestListUsersSendsPageSizeByDefault(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 101)
		emails, err := collect(t, client, identifai.ListUsersParams{})
		require.NoError(t, err)
		assert.Len(t, emails, 101)
		require.Len(t, server.Requests(), 2)
		assert.Equal(t, "page=2&per_page=100", server.Requests()[1].Query.Encode())
	})
}

// A last page that repeats the page before hides missing users. An empty last page
// does not.
func TestListUsersFailsOnRepeatedLastPage(t *testing.T) {
	for last, problem := range map[string]string{
		`{"data":[{"id":1}],"last_page":2}`:                     "page 2 of 2 contains no new users",
		`{"data":[],"last_page":2,"current_page":2}`:            "",
		`{"data":[null],"last_page":2,"current_page":2}`:        "",
		`{"data":[{"id":2},null],"last_page":2,"per_page":"1"}`: "",
		`{"data":[{"id":2}],"last_page":1,"current_page":2}`:    "",
		`{"data":[{"id":2}],"last_page":2,"current_page":1}`:    "requested page 2, got page 1",
		`{"data":null,"last_page":2,"current_page":2}`:          `no "data"`,
		`{"data":[{"id":2,"email":7}],"last_page":2}`:           "unexpected response",
		`{"data":[{"id":null,"name":null}],"last_page":2}`:      `no "id"`,
		`[{"id":2}]`: "unexpected response",
	} {
		t.Run(last, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				server.Fail(respond(200, `{"data":[{"id":1}],"last_page":2,"current_page":1}`), respond(200, last))
				_, err := collect(t, client, identifai.ListUsersParams{})
				if problem == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, problem)
				assert.Equal(t, "ListUsers", failure(t, err).Operation)
			}, 200)
		})
	}
}

// A page that fails once is retried; an error of a page ends the list.
func TestListUsersReturnsPageError(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 150)
		server.Fail(resttest.Fault{}, resttest.HTML(502), resttest.Throttle("3"))
		emails, err := collect(t, client, identifai.ListUsersParams{})
		require.NoError(t, err)
		assert.Len(t, emails, 150)

		server.Fail(resttest.Fault{}, resttest.Status(403))
		emails, err = collect(t, client, identifai.ListUsersParams{})
		require.ErrorIs(t, err, rest.ErrForbidden)
		assert.Len(t, emails, 100)
	}, 403, 429, 502)
}

// An unavailable list is not an empty list.
func TestUpsertReturnsLookup404(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(respond(422, taken), resttest.Status(404).On(listURL))
		_, err := client.UpsertUser(t.Context(), ada())
		e := failure(t, err)
		assert.Equal(t, 404, e.StatusCode)
		assert.Equal(t, "GET", e.Method)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		require.ErrorIs(t, err, rest.ErrInvalid, "the error of the create is kept")
		assert.EqualError(t, err, "identifai: UpsertUser: GET /api/partner/users: 404 Not Found: Not Found"+
			" (lookup after: identifai: UpsertUser: POST /api/partner/user: 422 Unprocessable Entity:"+
			" The email has already been taken.: email: The email has already been taken.)")
	}, 404)
}

// After a create with unknown outcome, two users have the email: which of them the
// create made is unknown.
func TestUpsertAfterUnknownCreateWithTwoMatches(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.AddUser(ada())
		server.AddUser(ada())
		server.Fail(resttest.Status(500))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.Equal(t, rest.ExecutedMaybe, failure(t, err).Executed)
		assert.Equal(t, []string{writeURL, listURL}, sent(server))
	}, 500)
}

// A create is retried after a 429, and never when its outcome is unknown.
func TestCreateIsRetriedOnlyAfter429(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.Throttle("5"), resttest.LostResponse())
		start := time.Now()
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Updated}, result.Result)
		assert.Equal(t, []string{writeURL, writeURL, listURL, writeURL}, sent(server))
		assert.GreaterOrEqual(t, time.Since(start), 5*time.Second)
		assert.Len(t, server.Users(), 1)
	}, 429)
}

// The update after a lookup sends every field.
func TestUpdateAfterLookupWritesEveryField(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		id := server.AddUser(identifai.UserInput{Name: "Other", Email: "ADA@example.com", Heuristic: "Average", PricingID: 1}).ID
		u := ada()
		u.Password, u.Readonly, u.Newsletter, u.SaveFiles = "Pa55word!", new(false), new(true), new(false)
		_, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Nil(t, u.ID, "the caller's input is not changed")
		want := u
		want.ID = id
		assert.Equal(t, []identifai.UserInput{want}, server.Users())
	})
}

// Over real connections: another server gets no request.
func TestKeyIsSentToBaseURLOnly(t *testing.T) {
	other := resttest.NewServer("other", http.NotFoundHandler())
	other.Start()
	defer other.Close()
	server := identifaitest.NewServer()
	server.Start()
	defer server.Close()
	server.Fail(resttest.Fault{Status: 307, Header: http.Header{"Location": {other.URL}}}.Repeat(-1))
	client := connect(t, server, []int{307})
	for operation, call := range calls {
		require.ErrorIs(t, call(t.Context(), client), rest.ErrRedirect, operation)
	}
	assert.Empty(t, other.Requests())
}

// The server repeats key and password in its responses, and everything is logged.
func TestErrorsAndLogsContainNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		server := identifaitest.NewServer()
		client := connect(t, server, []int{422, 429}, rest.WithLogger(logger))
		u := ada()
		u.Password = "Marked-Pa55word!"
		both := string(u.Password) + " " + identifaitest.Key
		server.Fail(respond(429, `{"message":"`+both+`"}`), respond(422, `{"message":"`+both+`","errors":{"password":["`+both+`"]}}`))
		_, err := client.UpsertUser(t.Context(), u)
		require.ErrorIs(t, err, rest.ErrInvalid)
		logger.Error("failed", "error", err, "user", u)
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %q", err, err, err, err), log.String()} {
			assert.NotContains(t, text, string(u.Password))
			assert.NotContains(t, text, identifaitest.Key)
		}
		assert.Contains(t, log.String(), "waiting")
		assert.Positive(t, strings.Count(log.String(), "[redacted]"))
	})
}

// After the caller's deadline, the error is that of the create.
func TestUpsertSkipsLookupAfterDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server.Fail(resttest.Fault{Execute: true, Delay: time.Hour})
		_, err := client.UpsertUser(ctx, ada())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "POST", failure(t, err).Method)
		assert.NotContains(t, err.Error(), "lookup")
		assert.Equal(t, []string{writeURL}, sent(server))
	})
}

// An error response whose body is lost names no field. The email may be the reason.
func TestUpsertLooksUpAfterErrorWithoutFields(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		taken := server.AddUser(ada())
		server.Fail(resttest.TruncatedResponse(0).On(writeURL))
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[int64]{ID: *taken.ID, Outcome: upsert.Updated}, result.Result)

		server.Fail(respond(400, `{"message":"no"}`))
		other := ada()
		other.Email = "eve@example.com"
		_, err = client.UpsertUser(t.Context(), other)
		require.ErrorIs(t, err, rest.ErrInvalid, "no user is found: there was another reason")
		assert.Len(t, server.Users(), 1)
	}, 400, 422)
}

func TestExactSpellingWinsIfSeveralUsersMatch(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		for _, email := range []string{"ADA@example.com", "ada@example.com", "Ada@example.com"} {
			u := ada()
			u.Name, u.Email = "Other", email
			server.AddUser(u)
		}
		user, err := client.FindUserByEmail(t.Context(), "ada@example.com")
		require.NoError(t, err)
		assert.EqualValues(t, 2, user.ID)
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[int64]{ID: 2, Outcome: upsert.Updated}, result.Result)
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		preview, err := bulk.Preview(t.Context(), ada())
		require.NoError(t, err)
		assert.EqualValues(t, 2, preview.ID)
		_, err = client.FindUserByEmail(t.Context(), "aDa@example.com")
		require.ErrorIs(t, err, rest.ErrConflict, "no exact spelling")
	})
}
