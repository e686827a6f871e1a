package partoo_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

func response(status int, body string) resttest.Fault {
	return resttest.Fault{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
}

// Each fault of a create, once executed and once not. The response does not tell; the
// search does.
func TestUpsertResolvesUnknownCreateOutcome(t *testing.T) {
	huge := response(200, `{"id":"x","status":"success"}`)
	huge.Size = 1 << 30
	redirect := response(307, "")
	redirect.Header.Set("Location", "https://elsewhere.test/v2/user")
	faults := map[string]resttest.Fault{
		"no response":        resttest.Reset(),
		"HTML page, 502":     resttest.HTML(502),
		"503":                resttest.Status(503),
		"500":                resttest.Status(500),
		"null":               response(200, "null"),
		"no body":            response(204, ""),
		"HTML page, 200":     resttest.HTML(200),
		"a list":             response(200, `[{"id":"x"}]`),
		"empty object":       response(200, `{}`),
		"no id at all":       response(200, `{"status":"success"}`),
		"id of another type": response(200, `{"id":7,"status":"success"}`),
		"a GiB":              huge,
		"redirect":           redirect,
		"truncated":          {Status: 200, Body: `{"id":"x","status":"success"}`, Header: http.Header{"Content-Type": {"application/json"}}, Cut: resttest.CutBody, CutAfter: 9},
		"timeout":            {Status: 200, Body: "{}", Delay: rest.DefaultTimeout + time.Second},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				server.Fail(fault.On(create))
				result, err := client.UpsertUser(t.Context(), ada())
				if fault.Status/100 == 2 && fault.Delay == 0 {
					// The response reports success: no second create.
					var e *rest.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, rest.ExecutedYes, e.Executed)
					assert.Equal(t, []string{search, create, search}, sent(server))
					return
				}
				require.NoError(t, err)
				assert.Equal(t, upsert.Created, result.Outcome)
				assert.Equal(t, []string{search, create, search, create}, sent(server))
				require.Len(t, server.Users(), 1)
				assert.Equal(t, server.Users()[0].ID, result.ID)
			}, fault.Status)
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				fault.Execute = true
				if fault.Cut == resttest.CutRequest {
					fault.Cut = resttest.CutResponse
				}
				server.Fail(fault.On(create))
				result, err := client.UpsertUser(t.Context(), ada())
				require.NoError(t, err)
				assert.Equal(t, upsert.Unchanged, result.Outcome)
				assert.Equal(t, []string{search, create, search}, sent(server))
				require.Len(t, server.Users(), 1)
				assert.Equal(t, server.Users()[0].ID, result.ID)
			}, fault.Status)
		})
	}
}

func TestUpsertAcceptsAny2xxWithID(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		for _, body := range []string{`{"id":"x","status":"success"}`, `{"id":"x","status":"pending"}`, `{"id":"x"}`} {
			server.Fail(response(201, body).On(create))
			result, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err, "an id means success")
			assert.Equal(t, upsert.Result[string]{ID: "x", Outcome: upsert.Created}, result)
		}
	}, 201)
}

// A second create might send a second invitation.
func TestUpsertNeverInvitesTwice(t *testing.T) {
	u := ada()
	u.OnCreate.SendInvitation = new(true)
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.Reset().On(create))
		_, err := client.UpsertUser(t.Context(), u)
		var e *rest.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.Equal(t, []string{search, create, search}, sent(server))
		assert.Empty(t, server.Invitations())
	})
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.LostResponse().On(create))
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Unchanged, result.Outcome)
		assert.Equal(t, []string{"ada@example.com"}, server.Invitations())
	})
}

func TestUpsertWaitsAfter429(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.Throttle("7").On(search), resttest.Throttle("60").On(create))
		start := time.Now()
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Created, result.Outcome)
		assert.Equal(t, []string{search, search, create, create}, sent(server))
		assert.GreaterOrEqual(t, time.Since(start), 67*time.Second)
		assert.Less(t, time.Since(start), 70*time.Second)
	})
}

// A second create respects Retry-After, the deadline and the retry policy.
func TestUpsertWaitsBeforeCreatingAgain(t *testing.T) {
	overloaded := resttest.Status(503)
	overloaded.Header.Set("Retry-After", "30")
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(overloaded.On(create))
		start := time.Now()
		_, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), 30*time.Second)
	}, 503)
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(overloaded.On(create))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.UpsertUser(ctx, ada())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.LessOrEqual(t, time.Since(start), 5*time.Second, "no wait for Retry-After")
		assert.Equal(t, []string{search, create}, sent(server), "no search: Retry-After holds for all requests")
	}, 503)
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		client := connect(t, server, nil, rest.WithRetry(backoff.Policy{MaxAttempts: 1}))
		server.Fail(resttest.Reset().On(create))
		_, err := client.UpsertUser(t.Context(), ada())
		require.Error(t, err)
		assert.Equal(t, []string{search, create, search}, sent(server), "the policy allows no retry")
	})
}

// Executed describes all creates of the call, not only the last one.
func TestUpsertKeepsExecutedMaybe(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.Reset().On(create), resttest.Status(403).On(create))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrForbidden)
		var e *rest.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
	}, 403)
}

func TestUpsertReturnsCreateAndSearchError(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.Fault{}.On(search), resttest.HTML(500).On(create), resttest.Status(401).On(search))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrUnauthorized)
		require.ErrorIs(t, err, rest.ErrUnavailable)
		var e *rest.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.EqualError(t, err, "partoo: UpsertUser: GET /v2/user/search: 401 Unauthorized: Unauthorized"+
			" (searching again after: partoo: UpsertUser: POST /v2/user: 500 Internal Server Error)")
	}, 401, 500)
}

func TestUpsertEndsWithContextDuringCreate(t *testing.T) {
	for name, execute := range map[string]bool{"created": true, "not created": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				server.Fail(resttest.Fault{Status: 200, Execute: execute, Delay: time.Hour}.On(create))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := client.UpsertUser(ctx, ada())
				require.ErrorIs(t, err, context.DeadlineExceeded)
				var e *rest.Error
				require.True(t, errors.As(err, &e))
				assert.Equal(t, rest.ExecutedMaybe, e.Executed)
				assert.Equal(t, "POST", e.Method, "the error of the create")
				assert.NotContains(t, err.Error(), "searching again")
				assert.Equal(t, time.Second, time.Since(start))
				assert.Equal(t, []string{search, create}, sent(server))
			})
		})
	}
}

// The API key is sent to one origin only.
func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := resttest.NewServer("elsewhere", http.NotFoundHandler())
	elsewhere.Start()
	defer elsewhere.Close()
	server := partootest.NewServer()
	server.Start()
	defer server.Close()
	redirect := response(307, "")
	redirect.Header.Set("Location", elsewhere.URL+"/v2/user")
	server.Fail(redirect.Repeat(-1))
	client := connect(t, server, []int{307})
	_, err := client.UpsertUser(t.Context(), ada())
	require.ErrorIs(t, err, rest.ErrRedirect)
	_, err = client.CreateUser(t.Context(), partoo.CreateUserRequest{Email: "ada@example.com", FirstName: "Ada", LastName: "L"})
	require.ErrorIs(t, err, rest.ErrRedirect)
	assert.Empty(t, elsewhere.Requests())
}

// The server repeats the password and the API key in its errors.
func TestSecretsStayOutOfErrorsAndLogs(t *testing.T) {
	const password = "Sup3r-secret-Passw0rd"
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		var log bytes.Buffer
		client := connect(t, server, []int{400, 503}, rest.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		leaky := response(400, `{"errors":{"json":{"password":"`+password+` is weak","`+partootest.Key+`":"`+password+`"}}}`)
		server.Fail(response(503, `{"message":"`+password+`"}`).On(create), leaky.On(create))
		u := ada()
		u.OnCreate.Password = password
		_, err := client.UpsertUser(t.Context(), u)
		require.ErrorIs(t, err, rest.ErrInvalid)
		_, createErr := client.CreateUser(t.Context(), partoo.CreateUserRequest{Email: "ada", Password: new(rest.Secret("weak"))})
		slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "error", err, "input", u, "other", createErr)
		for _, text := range []string{err.Error(), createErr.Error(), log.String()} {
			assert.NotContains(t, text, password)
			assert.NotContains(t, text, partootest.Key)
		}
		assert.ErrorContains(t, err, "[redacted] is weak")
	})
}
