package partoo_test

import (
	"context"
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

func TestKeyIsEqualForTheSameUser(t *testing.T) {
	key := func(email string) string { return partoo.UserInput{Email: email}.Key() }
	assert.Equal(t, key("ADA@example.com"), key("ada@Example.com"))
	assert.Equal(t, key("e\u0301mile@example.com"), key("\u00c9mile@example.com"))
	assert.NotEqual(t, key("mi\u212ae@example.com"), key("mike@example.com"))
}

func TestEmailsAreSentAndComparedInNFC(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		u := ada()
		u.Email = "e\u0301mile@example.com"
		_, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		for _, email := range []string{u.Email, "\u00e9mile@example.com", "\u00c9MILE@example.com"} {
			u.Email = email
			result, err := client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome)
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			result, err = bulk.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome)
		}
		require.Len(t, server.Users(), 1)
		assert.Equal(t, "\u00e9mile@example.com", server.Users()[0].Email)

		id, err := client.CreateUser(t.Context(), partoo.CreateUserRequest{Email: "a\u0308@example.com", FirstName: "A", LastName: "L"})
		require.NoError(t, err)
		require.NoError(t, client.UpdateUser(t.Context(), id, partoo.UpdateUserRequest{Email: new("o\u0308@example.com")}))
		assert.Equal(t, "\u00f6@example.com", server.Users()[1].Email)
		for user, err := range client.SearchUsers(t.Context(), partoo.SearchUsersParams{Email: new("O\u0308@example.com")}) {
			require.NoError(t, err)
			assert.Equal(t, id, user.ID)
		}
		assert.Equal(t, "\u00d6@example.com", lastRequest(server).Query.Get("email"))
	})
}

// Letters that only look like an ASCII letter, or are folded to one by Unicode, belong
// to another user, also if the server returns that user.
func TestEmailsWithSimilarLettersAreDifferent(t *testing.T) {
	for _, similar := range []string{"\u017fam@example.com", "\u0455am@example.com"} {
		bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
			server.AddUser(partootest.User{ID: "sam", UserInput: partoo.UserInput{Email: "sam@example.com", Role: partoo.RolePublisher}})
			u := ada()
			u.Email = similar
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			server.Fail(resttest.Fault{Status: 200, Body: `{"page":1,"max_page":1,"count":1,"users":[{"id":"sam","email":"sam@example.com"}]}`,
				Header: http.Header{"Content-Type": {"application/json"}}}.On(search))
			result, err := client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Created, result.Outcome)
			preview, err := bulk.Preview(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Created, preview.Outcome, "not in the list")
			user, _ := server.User("sam@example.com")
			assert.Equal(t, partoo.RolePublisher, user.Role)
		}, 200)
	}
}

func TestInvisibleCharactersAreRejected(t *testing.T) {
	server := partootest.NewServer()
	client := connect(t, server, nil)
	bulk, err := client.Bulk(t.Context(), 1)
	require.NoError(t, err)
	for _, tt := range []struct {
		change func(*partoo.UserInput)
		want   string
	}{
		{func(u *partoo.UserInput) { u.Email += "\u00a0" }, "email: must not contain U+00A0 (no-break space) at character 16"},
		{func(u *partoo.UserInput) { u.Email = "mi\u212ae@example.com" }, "email: must not contain U+212A (Kelvin sign) at character 3"},
		{func(u *partoo.UserInput) { u.FirstName = "Ada\n" }, "first_name: must not contain U+000A (line feed) at character 4"},
		{func(u *partoo.UserInput) { u.CustomRole = "role " }, "custom_role: must not end with U+0020 (space)"},
		{func(u *partoo.UserInput) { u.BusinessIDs = []string{"b1", "b\u200b2"} }, "business_ids: item 2 must not contain U+200B (zero-width space) at character 2"},
	} {
		u := ada()
		tt.change(&u)
		_, upsertErr := client.UpsertUser(t.Context(), u)
		_, bulkErr := bulk.UpsertUser(t.Context(), u)
		_, previewErr := bulk.Preview(t.Context(), u)
		for _, err := range []error{u.Validate(), upsertErr, bulkErr, previewErr} {
			require.ErrorIs(t, err, rest.ErrInvalid)
			assert.ErrorContains(t, err, "nothing was sent: "+tt.want)
		}
	}
	assert.Empty(t, server.Requests())
}

// roundTripper is a function as http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A proxy gives up while Partoo still executes the create.
func TestUpsertCreatesOnceWhenACreateIsExecutedLate(t *testing.T) {
	for _, late := range []time.Duration{300 * time.Millisecond, 4 * time.Second} {
		bubble(t, func(t *testing.T, server *partootest.Server, _ *partoo.Client) {
			creates := 0
			proxy := roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == "POST" {
					creates++
					go func() {
						_ = backoff.Sleep(context.Background(), late)
						if resp, err := server.Client().Do(r.WithContext(context.Background())); err == nil {
							_ = resp.Body.Close()
						}
					}()
					return &http.Response{StatusCode: 504, Body: http.NoBody, Request: r}, nil
				}
				return server.Client().Transport.RoundTrip(r)
			})
			client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: proxy}))...)
			require.NoError(t, err)
			result, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome)
			assert.Equal(t, 1, creates)
			assert.Len(t, server.Users(), 1)
		})
	}
}

// The search finds a new user only after some seconds.
func TestUpsertFindsTheUserOfALostCreateDespiteSearchLag(t *testing.T) {
	invited := ada()
	invited.OnCreate.SendInvitation = new(true)
	unreadable := resttest.HTML(200)
	unreadable.Execute = true
	for name, tt := range map[string]struct {
		user  partoo.UserInput
		fault resttest.Fault
	}{
		"lost":              {ada(), resttest.LostResponse()},
		"lost, invited":     {invited, resttest.LostResponse()},
		"unreadable":        {ada(), unreadable},
		"rejected as taken": {ada(), resttest.LostResponse()},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, _ *partoo.Client) {
				lag := 4 * time.Second
				if name == "rejected as taken" {
					lag = 8 * time.Second // the second create is sent meanwhile
				}
				var created time.Time
				proxy := roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == "POST" && created.IsZero() {
						created = time.Now()
					}
					if r.Method == "GET" && !created.IsZero() && time.Since(created) < lag {
						r = r.Clone(r.Context())
						r.URL.RawQuery = "email=none@example.com"
					}
					return server.Client().Transport.RoundTrip(r)
				})
				client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: proxy}))...)
				require.NoError(t, err)
				server.Fail(tt.fault.On(create))
				start := time.Now()
				result, err := client.UpsertUser(t.Context(), tt.user)
				require.NoError(t, err)
				assert.Equal(t, upsert.Unchanged, result.Outcome)
				assert.Len(t, server.Users(), 1)
				assert.Less(t, time.Since(start), lag+6*time.Second)
			})
		})
	}
}

func TestUpsertDoesNotCreateAgainIfItCannotWait(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
		took time.Duration
		sent []string
	}{
		"deadline too close": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 4*time.Second)
		}, context.DeadlineExceeded, 0, []string{search, create, search}},
		"cancelled during the wait": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(2*time.Second, cancel)
			return ctx, cancel
		}, context.Canceled, 2 * time.Second, []string{search, create}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := partootest.NewServer()
				client := connect(t, server, []int{504}, rest.WithRetry(backoff.Policy{Base: 1}))
				server.Fail(resttest.Status(504).On(create))
				ctx, cancel := tt.end(t.Context())
				defer cancel()
				start := time.Now()
				_, err := client.UpsertUser(ctx, ada())
				require.ErrorIs(t, err, tt.want)
				require.ErrorIs(t, err, rest.ErrUnavailable)
				var e *rest.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, rest.ExecutedMaybe, e.Executed)
				assert.InDelta(t, tt.took, time.Since(start), float64(10*time.Millisecond))
				assert.Equal(t, tt.sent, sent(server))
			})
		})
	}
}

// An unreadable field is unknown: the user is updated and the field sent.
func TestUpsertSendsFieldsThatTheResponseDoesNotShow(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		u := ada()
		u.Lang, u.SSOOnly = "it", new(true)
		server.AddUser(partootest.User{ID: "u1", UserInput: u})
		server.Fail(response(200, `{"page":1,"max_page":1,"count":1,"users":[{"id":"u1","email":"ada@example.com","first_name":"Ada",`+
			`"last_name":"Lovelace","role":"BUSINESS_MANAGER","lang":7,"sso_only":"yes","disabled":0,"created_at":"2026-01-01"}]}`).On(search))
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Updated, result.Outcome)
		assert.JSONEq(t, `{"lang":"it","sso_only":true}`, string(lastRequest(server).Body))
	}, 200)
}
