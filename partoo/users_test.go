package partoo_test

import (
	"context"
	"errors"
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
)

// onlyOnce returns the option for one attempt without retries.
var onlyOnce = backoff.Policy{MaxAttempts: 1, MaxWait: 1}

func request() partoo.CreateUserRequest {
	return partoo.CreateUserRequest{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: new(partoo.RoleGroupManager)}
}

func TestCreateGetUpdateDeleteUser(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		ctx := t.Context()
		r := request()
		r.Accesses, r.SidebarPages = new([][]int64{{1, 2}}), new([]partoo.SidebarPage{})
		id, err := client.CreateUser(ctx, r)
		require.NoError(t, err)

		user, err := client.GetUser(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, "Ada", *user.FirstName)
		assert.Equal(t, [][]int64{{1, 2}}, user.Accesses)
		assert.Equal(t, []partoo.SidebarPage{}, user.SidebarPages)
		assert.Equal(t, partoo.UserStatusActive, *user.Status)

		require.NoError(t, client.UpdateUser(ctx, id, partoo.UpdateUserRequest{Disabled: new(true), Accesses: new([][]int64{})}))
		user, err = client.GetUser(ctx, id)
		require.NoError(t, err)
		assert.True(t, *user.Disabled)
		assert.Empty(t, user.Accesses)
		assert.Equal(t, "Ada", *user.FirstName)

		require.NoError(t, client.InviteUser(ctx, id))
		assert.Equal(t, []string{"ada@example.com"}, server.Invitations())

		require.NoError(t, client.DeleteUser(ctx, id))
		_, err = client.GetUser(ctx, id)
		require.ErrorIs(t, err, rest.ErrNotFound)
		require.ErrorIs(t, client.DeleteUser(ctx, id), rest.ErrNotFound)
		require.ErrorIs(t, client.UpdateUser(ctx, id, partoo.UpdateUserRequest{}), rest.ErrNotFound)
		require.ErrorIs(t, client.InviteUser(ctx, id), rest.ErrNotFound)

		me, err := client.Me(ctx)
		require.NoError(t, err)
		assert.Equal(t, partoo.RoleOrgAdmin, *me.Role)
	})
}

// every returns the operations by name.
func every(client *partoo.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"UpsertUser": func(ctx context.Context) error { _, err := client.UpsertUser(ctx, ada()); return err },
		"CreateUser": func(ctx context.Context) error { _, err := client.CreateUser(ctx, request()); return err },
		"UpdateUser": func(ctx context.Context) error {
			return client.UpdateUser(ctx, "u1", partoo.UpdateUserRequest{FirstName: new("Ida")})
		},
		"GetUser":    func(ctx context.Context) error { _, err := client.GetUser(ctx, "u1"); return err },
		"DeleteUser": func(ctx context.Context) error { return client.DeleteUser(ctx, "u1") },
		"InviteUser": func(ctx context.Context) error { return client.InviteUser(ctx, "u1") },
		"Me":         func(ctx context.Context) error { _, err := client.Me(ctx); return err },
		"SearchUsers": func(ctx context.Context) error {
			for _, err := range client.SearchUsers(ctx, partoo.SearchUsersParams{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// An unusable response is an error of every operation: no panic, no empty result.
func TestUnusableResponseIsAnError(t *testing.T) {
	huge := response(200, "{}")
	huge.Size = 1 << 30
	cut := response(200, `{"id":"u1"}`)
	cut.Cut, cut.CutAfter = resttest.CutBody, 4
	faults := map[string]resttest.Fault{
		"null": response(200, "null"), "no body": response(204, ""), "empty object": response(200, "{}"), "list": response(200, "[]"),
		"text": response(200, `"success"`), "HTML page": resttest.HTML(200), "half": response(200, `{"id":"u1"`), "a GiB": huge, "cut": cut,
		"id of another type": response(200, `{"id":7,"status":7,"users":7}`), "502": resttest.HTML(502), "no connection": resttest.Reset(),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := partootest.NewServer()
				client := connect(t, server, []int{fault.Status}, rest.WithRetry(onlyOnce))
				server.Fail(fault.Repeat(-1))
				for operation, call := range every(client) {
					err := call(t.Context())
					if operation == "DeleteUser" && fault.Status == http.StatusNoContent {
						require.NoError(t, err)
						continue
					}
					var e *rest.Error
					require.True(t, errors.As(err, &e), "%s: %v", operation, err)
					assert.Equal(t, operation, e.Operation)
					assert.Equal(t, fault.Status, e.StatusCode, operation)
					// UpsertUser fails at its search, which is a read.
					assert.Equal(t, operation == "UpsertUser", e.Executed == rest.ExecutedNo, operation)
				}
			})
		})
	}
}

func TestEveryOperationEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Fault{Delay: time.Hour}.Repeat(-1))
		for operation, call := range every(connect(t, server, nil)) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			assert.ErrorIs(t, call(ctx), context.DeadlineExceeded, operation)
			assert.Equal(t, time.Second, time.Since(start), operation)
			cancel()
		}
	})
}

func TestInvalidInputIsNotSent(t *testing.T) {
	server := partootest.NewServer()
	client := connect(t, server, nil)
	ctx := t.Context()
	for _, id := range []string{"", "me", "search", "..", "a/b", "a?b"} {
		_, err := client.GetUser(ctx, id)
		for operation, err := range map[string]error{
			"GetUser": err, "DeleteUser": client.DeleteUser(ctx, id), "InviteUser": client.InviteUser(ctx, id),
			"UpdateUser": client.UpdateUser(ctx, id, partoo.UpdateUserRequest{}),
		} {
			var e *rest.Error
			require.True(t, errors.As(err, &e))
			assert.ErrorIs(t, err, rest.ErrInvalid)
			assert.Equal(t, operation, e.Operation)
			assert.Contains(t, e.Fields, "user_id")
		}
	}
	_, err := client.CreateUser(ctx, partoo.CreateUserRequest{Role: new(partoo.Role("")), Accesses: new([][]int64(nil)), BusinessIDs: new([]string(nil))})
	var e *rest.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, map[string][]string{
		"email": {"is required"}, "first_name": {"is required"}, "last_name": {"is required"}, "role": {"must be one of ORG_ADMIN, ORG_MANAGER, GROUP_MANAGER, BUSINESS_MANAGER, PUBLISHER"},
		"accesses":     {"must not be a nil list: use an empty one, or omit it"},
		"business_ids": {"must not be a nil list: use an empty one, or omit it"},
	}, e.Fields)
	err = client.UpdateUser(ctx, "u1", partoo.UpdateUserRequest{Email: new(""), Password: new(rest.Secret("")), SidebarPages: new([]partoo.SidebarPage{"x"})})
	require.True(t, errors.As(err, &e))
	assert.ElementsMatch(t, []string{"email", "password", "sidebar_pages"}, keys(e.Fields))
	assert.Empty(t, sent(server))
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

func TestCreateUserIsNotRetried(t *testing.T) {
	for name, fault := range map[string]resttest.Fault{"lost response": resttest.LostResponse(), "503": resttest.Status(503), "cut": resttest.TruncatedResponse(3)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				server.Fail(fault.On(create))
				_, err := client.CreateUser(t.Context(), request())
				var e *rest.Error
				require.True(t, errors.As(err, &e))
				assert.NotEqual(t, rest.ExecutedNo, e.Executed)
				assert.Equal(t, []string{create}, sent(server))
			}, 503)
		})
	}
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.Fail(resttest.Throttle("1").On(create))
		_, err := client.CreateUser(t.Context(), request())
		require.NoError(t, err)
		_, err = client.CreateUser(t.Context(), request())
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.EqualError(t, err, "partoo: CreateUser: POST /v2/user: 400 Bad Request: email: This email is already used")
	})
}

func TestDeleteUserAfterLostResponse(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com"}})
		server.Fail(resttest.LostResponse())
		require.NoError(t, client.DeleteUser(t.Context(), "u1"))
		assert.Equal(t, []string{"DELETE /v2/user/u1", "DELETE /v2/user/u1"}, sent(server))
		assert.Empty(t, server.Users())
	})
}

// A retry might send a second invitation, and the 5 minutes between two invitations
// are too long to wait.
func TestInviteUserIsSentOnce(t *testing.T) {
	for name, fault := range map[string]resttest.Fault{
		"lost response": resttest.LostResponse(), "503": resttest.Status(503), "429": resttest.Throttle("1"), "no connection": resttest.Reset(),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com"}})
				server.Fail(fault)
				start := time.Now()
				require.Error(t, client.InviteUser(t.Context(), "u1"))
				assert.Zero(t, time.Since(start))
				assert.Len(t, sent(server), 1)
			}, 503)
		})
	}
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada@example.com"}})
		require.NoError(t, client.InviteUser(t.Context(), "u1"))
		err := client.InviteUser(t.Context(), "u1")
		require.ErrorIs(t, err, rest.ErrRateLimited)
		require.NoError(t, backoff.Sleep(t.Context(), 5*time.Minute))
		require.NoError(t, client.InviteUser(t.Context(), "u1"))
		assert.Len(t, server.Invitations(), 2)
	})
}

func TestForbiddenOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer(partootest.WithRole(partoo.RolePublisher))
		_, err := connect(t, server, nil).UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrForbidden)
		assert.EqualError(t, err, "partoo: UpsertUser: POST /v2/user: 403 Forbidden: Operation not allowed")
	})
}
