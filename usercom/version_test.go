package usercom_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestNewRejectsUnknownVersion(t *testing.T) {
	for _, version := range []int{0, 3, -1} {
		_, err := usercom.New("app", usercomtest.Key, usercom.WithVersion(version))
		assert.ErrorContains(t, err, "usercom: new client: WithVersion: ")
		assert.ErrorContains(t, err, "want 1 or 2")
	}
}

func TestVersion2UpsertRequestExact(t *testing.T) {
	client, requests := recording(t, usercom.WithVersion(2))
	u := ada()
	u.Tags = []string{"vip", "beta"}
	_, err := client.UpsertUser(t.Context(), u)
	require.NoError(t, err)
	require.Len(t, *requests, 1, "custom attributes are in the same request")
	assert.Equal(t, "POST https://app.user.com/api/public/users/update_or_create/", (*requests)[0].url)
	assert.Equal(t, []string{"*/*; version=2"}, (*requests)[0].header["Accept"])
	assert.Equal(t, `{"assigned_to":7,"city":"London","company_custom_id":"acme","country":"United Kingdom","custom_id":"my custom/id","email":"ada@example.com",`+
		`"facebook_url":"https://facebook.example/ada","first_name":"Ada","gender":3,"google_url":"https://google.example/ada",`+
		`"gravatar_url":"https://gravatar.example/ada","last_name":"Lovelace","linkedin_url":"https://linkedin.example/ada",`+
		`"notifications":true,"phone_number":"+390612345678","plan":"pro","region":"Greater London","score":0,"seats":3,"status":2,"tags":["vip","beta"],`+
		`"timezone":"Europe/London","twitter_url":"https://twitter.example/ada","unsubscribed":false}`, (*requests)[0].body)
}

func TestVersion2CreatesThenUpdates(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server, usercom.WithVersion(2))
	u := ada()
	u.Tags = []string{"vip"}
	created, err := client.UpsertUser(t.Context(), u)
	require.NoError(t, err)
	assert.Equal(t, upsert.Created, created.Outcome)
	updated, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: u.UserID, Tags: []string{"beta"}, Attributes: map[string]any{"plan": nil}})
	require.NoError(t, err)
	assert.Equal(t, upsert.Result[int64]{ID: created.ID, Outcome: upsert.Updated}, updated)
	u.Tags, u.Attributes = []string{"vip", "beta"}, map[string]any{"plan": nil, "seats": int64(3)}
	assert.Equal(t, []usercomtest.User{{ID: created.ID, UserInput: u}}, server.Users())

	user, err := client.GetUser(t.Context(), created.ID)
	require.NoError(t, err)
	assert.Equal(t, u.UserID, *user.CustomID)
	assert.Nil(t, user.UserID)
	require.Len(t, user.Tags, 2)
	found, err := client.FindUserByEmail(t.Context(), u.Email)
	require.NoError(t, err)
	assert.Equal(t, created.ID, found.ID)
	_, err = client.UpdateUser(t.Context(), created.ID, usercom.UpdateUserRequest{City: new("Ockham")})
	require.NoError(t, err)
}

func TestVersion2RejectsWhatNoSourceShows(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server, usercom.WithVersion(2))
	for operation, err := range map[string]error{
		"DeleteUser":    client.DeleteUser(t.Context(), 1),
		"SetAttribute":  client.SetAttribute(t.Context(), 1, "plan", "pro"),
		"SetAttributes": client.SetAttributes(t.Context(), 1, map[string]any{"plan": "pro"}),
	} {
		require.ErrorIs(t, err, errors.ErrUnsupported, operation)
		assert.ErrorContains(t, err, "usercom: "+operation+": not documented for version 2 of the API")
	}
	_, err := client.UpdateUser(t.Context(), 1, usercom.UpdateUserRequest{UserID: new("a"), CompanyID: new("b")})
	for _, field := range []string{"user_id", "company_id"} {
		assert.ErrorContains(t, err, field+": cannot be changed with version 2 of the API")
	}
	assert.Empty(t, server.Requests())
}

func TestVersion2Validate(t *testing.T) {
	u := ada()
	u.Tags = []string{"vip"}
	require.NoError(t, u.ValidateVersion(2))
	u.FirstName, u.LastName, u.Tags = strings.Repeat("é", 41), strings.Repeat("x", 41), []string{" "}
	u.Attributes = map[string]any{"custom_id": "x", "tags": "x", "company_custom_id": "x"}
	const standard = "must not be a standard attribute: these have separate fields"
	assertFields(t, "UpsertUser", map[string][]string{
		"first_name": {"must have at most 40 characters"}, "last_name": {"must have at most 40 characters"}, "tags": {"item 1 must not be empty"},
		"attributes.custom_id": {standard}, "attributes.tags": {standard}, "attributes.company_custom_id": {standard},
	}, u.ValidateVersion(2))
	server := usercomtest.NewServer()
	_, err := newClient(t, server, usercom.WithVersion(2)).UpsertUser(t.Context(), u)
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.Empty(t, server.Requests())
}

// The live service may use another version than the client: it then ignores the key.
func TestGuardDetectsWrongVersion(t *testing.T) {
	for _, version := range []int{1, 2} {
		server := usercomtest.NewServer(usercomtest.WithDefaultVersion(3 - version))
		client, err := usercom.New("", usercomtest.Key, append(server.Options(), rest.WithHTTPClient(clientThatDropsAccept(server)), usercom.WithVersion(version))...)
		require.NoError(t, err)
		_, err = client.Guard()(t.Context(), usercom.UserInput{UserID: "4711", Email: "ada@example.com"})
		var duplicate *usercom.DuplicateError
		require.ErrorAs(t, err, &duplicate)
		assert.Equal(t, usercom.DuplicateError{UserID: "4711", First: 1, Second: 2, Version: version}, *duplicate)
		assert.ErrorContains(t, err, "ids 1 and 2")
		assert.ErrorContains(t, err, map[int]string{1: "try version 2", 2: "try version 1"}[version])
		class, _ := duplicate.FailureClass()
		assert.Equal(t, "configuration", class)
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedYes, e.Executed)
	}
}

func TestGuardPassesForTheRightVersion(t *testing.T) {
	for _, version := range []int{1, 2} {
		server := usercomtest.NewServer()
		result, err := newClient(t, server, usercom.WithVersion(version)).Guard()(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Created}, result)
		assert.Len(t, server.Users(), 1)
	}
}

// The second response reports another user, or "created" again.
func TestGuardComparesBothResults(t *testing.T) {
	for _, second := range []string{`{"created":false,"id":2}`, `{"created":true,"id":1}`} {
		server := usercomtest.NewServer()
		respond := func(body string) resttest.Fault {
			return resttest.Fault{Status: 200, Body: body, Header: map[string][]string{"Content-Type": {"application/json"}}}
		}
		server.Fail(respond(`{"created":true,"id":1}`), respond(second))
		upsertUser := newClient(t, server).Guard()
		for range 2 {
			_, err := upsertUser(t.Context(), usercom.UserInput{UserID: "4711"})
			var duplicate *usercom.DuplicateError
			require.ErrorAs(t, err, &duplicate, second)
		}
		assert.Len(t, server.Requests(), 2)
	}
}

func TestGuardEndsRunBeforeTheSecondUser(t *testing.T) {
	server := usercomtest.NewServer(usercomtest.WithDefaultVersion(2))
	client := newClient(t, server)
	failed := 0
	users := slices.Values([]usercom.UserInput{{UserID: "a"}, {UserID: "b"}, {UserID: "c"}, {UserID: "d"}, {UserID: "e"}})
	for item := range upsert.All(t.Context(), users, client.Guard(), upsert.WithWorkers(4)) {
		require.Error(t, item.Err)
		failed++
	}
	assert.Positive(t, failed)
	assert.Len(t, server.Users(), 2, "one user, twice; no other user is sent")
}

func TestGuardUpsertsOneUserUntilTheFirstSuccess(t *testing.T) {
	for name, exists := range map[string]bool{"created": false, "updated": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := usercomtest.NewServer()
				if exists {
					server.AddUser(usercomtest.User{UserInput: usercom.UserInput{UserID: "0"}})
				}
				server.Fail(resttest.Status(403), resttest.Fault{Execute: true, Delay: time.Second}.Repeat(2))
				upsertUser := newClient(t, server, usercom.WithVersion(1)).Guard()
				_, err := upsertUser(t.Context(), usercom.UserInput{UserID: "0"})
				require.ErrorIs(t, err, rest.ErrForbidden)
				var wg sync.WaitGroup
				for i := range 10 {
					wg.Go(func() {
						_, err := upsertUser(t.Context(), usercom.UserInput{UserID: string(rune('0' + i))})
						assert.NoError(t, err)
					})
				}
				time.Sleep(500 * time.Millisecond)
				assert.Len(t, server.Requests(), 2, "one in flight")
				wg.Wait()
				assert.Len(t, server.Users(), 10)
				assert.LessOrEqual(t, len(server.Requests()), 12)
			})
		})
	}
}

// After an existing user the first created one is still checked.
func TestGuardChecksCreatedUserAfterUpdatedOne(t *testing.T) {
	server := usercomtest.NewServer()
	server.AddUser(usercomtest.User{UserInput: usercom.UserInput{UserID: "0"}})
	client := newClient(t, server)
	upsertUser := client.Guard()
	for i, want := range []int{1, 3, 4} { // requests after each user
		_, err := upsertUser(t.Context(), usercom.UserInput{UserID: strconv.Itoa(i)})
		require.NoError(t, err)
		assert.Len(t, server.Requests(), want)
	}
}

// A check without a result is made again for the next created user.
func TestGuardRepeatsFailedCheck(t *testing.T) {
	server := usercomtest.NewServer()
	upsertUser := newClient(t, server).Guard()
	server.Fail(resttest.Fault{}, resttest.Status(403))
	result, err := upsertUser(t.Context(), usercom.UserInput{UserID: "1"})
	require.ErrorIs(t, err, rest.ErrForbidden)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, rest.ExecutedYes, e.Executed, "the user was created")
	assert.Equal(t, upsert.Created, result.Outcome)
	for i, want := range []int{4, 5} {
		_, err = upsertUser(t.Context(), usercom.UserInput{UserID: strconv.Itoa(i + 2)})
		require.NoError(t, err)
		assert.Len(t, server.Requests(), want)
	}
}

func TestGuardReturnsWhenContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.Fault{Delay: time.Hour})
		upsertUser := newClient(t, server).Guard()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := upsertUser(ctx, usercom.UserInput{UserID: "a"})
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				var e *rest.Error
				assert.ErrorAs(t, err, &e)
			})
		}
		wg.Wait()
		assert.Len(t, server.Requests(), 1)
	})
}
