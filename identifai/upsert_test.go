package identifai_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
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

func TestUpsertCreatesAndUpdates(t *testing.T) {
	for _, options := range [][]identifaitest.Option{
		nil,
		{identifaitest.WithCreatedStatus(201)},
		{identifaitest.WithUnwrappedResponses()},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := identifaitest.NewServer(options...)
			client := connect(t, server, []int{200}) // a bare user is not in the spec
			u := ada()
			result, err := client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Created}, result.Result)
			assert.Equal(t, "ada@example.com", result.User.Email)
			assert.Nil(t, result.User.Readonly)
			assert.Equal(t, "Partner", result.User.Partner.Name)

			u.ID, u.Name, u.Readonly = &result.ID, "Ada King", new(false)
			result, err = client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Updated}, result.Result)
			assert.Equal(t, "Ada King", result.User.Name)
			assert.Equal(t, new(false), result.User.Readonly)
			assert.Len(t, server.Users(), 1)
			assert.Len(t, server.Requests(), 2)
		})
	}
}

func TestUpsertReturnsErrorForUnknownID(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		u := ada()
		u.ID = new(int64(9))
		_, err := client.UpsertUser(t.Context(), u)
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Equal(t, []string{"The selected id is invalid."}, failure(t, err).Fields["id"])
		assert.Empty(t, server.Users())
		assert.Len(t, server.Requests(), 1, "no lookup after an update")
	})
}

// addSimilar adds users whose emails contain that of ada, so that hers is on a
// later page.
func addSimilar(server *identifaitest.Server, n int) {
	for i := range n {
		u := ada()
		u.Email = fmt.Sprintf("x%d.ada@example.com", i)
		server.AddUser(u)
	}
}

func TestUpsertUpdatesExistingUserOnEmailConflict(t *testing.T) {
	tests := []struct {
		name   string
		status int
		email  string
		before int
		pages  int
	}{
		{"422", 422, "ada@example.com", 0, 1},
		{"400", 400, "ada@example.com", 0, 1},
		{"409", 409, "ada@example.com", 0, 1},
		{"other letter case", 422, "ADA@Example.com", 0, 1},
		{"on page 3", 422, "ada@example.com", 230, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := identifaitest.NewServer(identifaitest.WithInvalidStatus(tt.status))
				addSimilar(server, tt.before)
				existing := ada()
				existing.Email, existing.Name = tt.email, "Other"
				id := *server.AddUser(existing).ID
				result, err := connect(t, server, []int{409}).UpsertUser(t.Context(), ada()) // 409 is not in the spec
				require.NoError(t, err)
				assert.Equal(t, upsert.Result[int64]{ID: id, Outcome: upsert.Updated}, result.Result)
				user, _ := server.User("ada@example.com")
				assert.Equal(t, "Ada Lovelace", user.Name)
				assert.Len(t, server.Users(), tt.before+1)
				assert.Len(t, server.Requests(), 2+tt.pages)
			})
		})
	}
}

func TestUpsertReturnsCreateErrorWhenLookupFindsNone(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(respond(422, `{"message":"The given data was invalid.","errors":{"email":["The email has already been taken."]}}`))
		_, err := client.UpsertUser(t.Context(), ada())
		e := failure(t, err)
		assert.Equal(t, 422, e.StatusCode, "the email belongs to another partner")
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Equal(t, []string{writeURL, listURL}, sent(server))

		server.AddUser(ada())
		server.AddUser(ada())
		_, err = client.UpsertUser(t.Context(), ada())
		assert.Equal(t, 422, failure(t, err).StatusCode, "two users with the same spelling")
		assert.Len(t, server.Users(), 2)
	})
}

func TestUpsertReturnsOtherCreateErrors(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(respond(422, `{"message":"The given data was invalid.","errors":{"pricing_id":["The selected pricing id is invalid."]}}`))
		_, err := client.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Equal(t, []string{writeURL}, sent(server))

		other, err := identifai.New("wrong", server.Options()...)
		require.NoError(t, err)
		_, err = other.UpsertUser(t.Context(), ada())
		require.ErrorIs(t, err, rest.ErrUnauthorized)
		assert.Len(t, server.Requests(), 2)
	})
}

func TestUpsertReturnsWhenContextEnds(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := client.UpsertUser(ctx, ada())
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, server.Requests())

		ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		fault := resttest.LostResponse()
		fault.Delay = time.Minute
		server.Fail(fault)
		_, err = client.UpsertUser(ctx, ada())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, rest.ExecutedMaybe, failure(t, err).Executed)
		assert.Len(t, server.Requests(), 1, "no lookup after the deadline")
	})
}

func TestUpsertRejectsInvalidInputWithoutRequest(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		_, err := client.UpsertUser(t.Context(), identifai.UserInput{})
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Empty(t, server.Requests())
	})
}

func TestPasswordInResponseIsRedacted(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		u := ada()
		u.Password = "Marked-Pa55word!"
		server.Fail(respond(422, `{"message":"Marked-Pa55word! is weak","errors":{"password":["Marked-Pa55word! has leaked"]}}`))
		_, err := client.UpsertUser(t.Context(), u)
		e := failure(t, err)
		assert.Equal(t, "[redacted] is weak", e.Message)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, *e), "Marked")
	})
}

// Calls wait to stay within the documented quotas; no user is lost or created twice.
func TestUpsertsStayWithinDocumentedQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer(identifaitest.WithQuotas())
		client := connect(t, server, nil)
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for i := range 10 {
					u := ada()
					u.Email = fmt.Sprintf("user%d.%d@example.com", worker, i)
					result, err := client.UpsertUser(t.Context(), u)
					assert.NoError(t, err)
					assert.Equal(t, upsert.Created, result.Outcome)
				}
			})
		}
		wg.Wait()
		assert.Len(t, server.Users(), 40)
	})
}

// A redirect to another host is an error; the key is not sent there.
func TestRedirectIsNotFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		for _, status := range []int{301, 302, 303, 307, 308} {
			server.Fail(resttest.Fault{Status: status, Header: map[string][]string{"Location": {"https://evil.test/"}}})
			u := ada()
			u.ID = new(int64(1))
			_, err := client.UpsertUser(t.Context(), u)
			require.ErrorIs(t, err, rest.ErrRedirect)
		}
		assert.Len(t, server.Requests(), 5)
	}, 301, 302, 303, 307, 308)
}

func TestNullIsAcceptedInEveryField(t *testing.T) {
	fields := strings.Split("name email email_verified_at address zip city country phone contact vat created_at updated_at balance heuristic readonly pricing partner", " ")
	body := `{"data":{"id":7`
	for _, field := range fields {
		body += fmt.Sprintf(`,%q:null`, field)
	}
	result, err := clientWithResponse(t, 200, body+`}}`).UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, int64(7), result.ID)

	nested := `{"data":{"id":7,"pricing":{"id":1,"name":null,"sku":null},"partner":{"id":3,"name":null,"email":null,"partner":null,"pricing":null}}}`
	result, err = clientWithResponse(t, 200, nested).UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, int64(3), result.User.Partner.ID)
}

func TestResponseIsReadToItsEnd(t *testing.T) {
	_, err := clientWithResponse(t, 200, `{"data":{"id":7}}`+strings.Repeat(" ", 1<<20)).UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	_, err = clientWithResponse(t, 200, `{"data":{"id":7}} trailing`).UpsertUser(t.Context(), ada())
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}
