package usercom_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// ada has every field set.
func ada() usercom.UserInput {
	return usercom.UserInput{
		UserID: "my custom/id", Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace",
		PhoneNumber: "+390612345678", Gender: usercom.GenderFemale, Status: usercom.UserStatusUser,
		City: "London", Region: "Greater London", Country: "United Kingdom", Timezone: "Europe/London",
		CompanyID: "acme", AssignedTo: 7, Score: new(int64(0)), Notifications: new(true), Unsubscribed: new(false),
		FacebookURL: "https://facebook.example/ada", GoogleURL: "https://google.example/ada",
		GravatarURL: "https://gravatar.example/ada", LinkedInURL: "https://linkedin.example/ada",
		TwitterURL: "https://twitter.example/ada",
		Attributes: map[string]any{"seats": 3, "plan": "pro"},
	}
}

func TestUpsertRequestsExact(t *testing.T) {
	client, requests := recording(t)
	result, err := client.UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, upsert.Result[int64]{ID: 5577, Outcome: upsert.Created}, result)

	require.Len(t, *requests, 2)
	create, set := (*requests)[0], (*requests)[1]
	assert.Equal(t, "POST https://app.user.com/api/public/users/update_or_create/", create.url)
	assert.Equal(t, `{"assigned_to":7,"city":"London","company_id":"acme","country":"United Kingdom","email":"ada@example.com",`+
		`"facebook_url":"https://facebook.example/ada","first_name":"Ada","gender":3,"google_url":"https://google.example/ada",`+
		`"gravatar_url":"https://gravatar.example/ada","last_name":"Lovelace","linkedin_url":"https://linkedin.example/ada",`+
		`"notifications":true,"phone_number":"+390612345678","region":"Greater London","score":0,"status":2,`+
		`"timezone":"Europe/London","twitter_url":"https://twitter.example/ada","unsubscribed":false,"user_id":"my custom/id"}`, create.body)
	assert.Equal(t, "POST https://app.user.com/api/public/users/5577/set_multiple_attributes/", set.url)
	assert.Equal(t, `{"plan":"pro","seats":3}`, set.body)
	for _, r := range *requests {
		assert.Equal(t, map[string][]string{
			"Accept":        {"application/json"},
			"Authorization": {"Token " + usercomtest.Key},
			"Content-Type":  {"application/json"},
			"User-Agent":    {"usersync-go/" + rest.Version()},
		}, map[string][]string(r.header))
	}
}

// Fields that are not set are not sent; without attributes there is no second
// request.
func TestUpsertSendsOnlyFieldsThatAreSet(t *testing.T) {
	for _, attributes := range []map[string]any{nil, {}} {
		client, requests := recording(t)
		_, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: "4711", Attributes: attributes})
		require.NoError(t, err)
		require.Len(t, *requests, 1)
		assert.Equal(t, `{"user_id":"4711"}`, (*requests)[0].body)
	}
}

// A field that is missing in UserInput or in a request would never be sent.
func TestUpsertSendsEveryFieldOfTheSpec(t *testing.T) {
	for version, schema := range map[int]string{1: "UpdateOrCreateUserRequest", 2: "UpdateOrCreateUserV2Request"} {
		client, requests := recording(t, usercom.WithVersion(version))
		var u usercom.UserInput
		fieldstest.Fill(&u)
		u.Attributes = nil
		if version == 1 {
			u.Tags = nil
		}
		_, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		var body map[string]any
		require.NoError(t, json.Unmarshal([]byte((*requests)[0].body), &body))
		properties := spectest.Load(t, "usercom").Components.Schemas[schema].Value.Properties
		assert.ElementsMatch(t, slices.Collect(maps.Keys(properties)), slices.Collect(maps.Keys(body)))
	}
}

func TestUpsertCreatesThenUpdates(t *testing.T) {
	for name, options := range map[string][]usercomtest.Option{"201": nil, "200": {usercomtest.WithCreatedStatus(200)}} {
		t.Run(name, func(t *testing.T) {
			server := usercomtest.NewServer(options...)
			client := newClient(t, server)
			created, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err)
			assert.Equal(t, upsert.Created, created.Outcome)

			updated, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: "my custom/id", City: "Ockham"})
			require.NoError(t, err)
			assert.Equal(t, upsert.Result[int64]{ID: created.ID, Outcome: upsert.Updated}, updated)

			want := ada()
			want.City = "Ockham"
			want.Attributes = map[string]any{"plan": "pro", "seats": int64(3)}
			assert.Equal(t, []usercomtest.User{{ID: created.ID, UserInput: want}}, server.Users())
		})
	}
}

// Users are identified by UserID, not by email.
func TestUpsertDoesNotMatchByEmail(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	for _, id := range []string{"1", "2"} {
		result, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: id, Email: "ada@example.com"})
		require.NoError(t, err)
		assert.Equal(t, upsert.Created, result.Outcome)
	}
	assert.Len(t, server.Users(), 2)
}

// The result of the first request is returned even if the second one fails.
func TestUpsertReturnsResultWhenAttributesFail(t *testing.T) {
	server := usercomtest.NewServer()
	server.Fail(resttest.Status(403).On(setURL))
	client := newClient(t, server)
	input := usercom.UserInput{UserID: "4711", Attributes: map[string]any{"plan": "pro"}}
	result, err := client.UpsertUser(t.Context(), input)
	require.ErrorIs(t, err, rest.ErrForbidden)
	require.ErrorIs(t, err, usercom.ErrAttributesNotSet)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, rest.ExecutedYes, e.Executed)
	assert.ErrorContains(t, err, "usercom: UpsertUser: POST /api/public/users/1/set_multiple_attributes/: 403 Forbidden")
	assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Created}, result)

	result, err = client.UpsertUser(t.Context(), input)
	require.NoError(t, err)
	assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: upsert.Updated}, result)
	user, _ := server.User("4711")
	assert.Equal(t, map[string]any{"plan": "pro"}, user.Attributes)
}

func TestUpsertOverLoopback(t *testing.T) {
	server := usercomtest.NewServer()
	server.Start()
	defer server.Close()
	client := newClient(t, server)
	result, err := client.UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, upsert.Created, result.Outcome)
}

// Concurrent upserts of the same users: each user exists once and was created once.
func TestUpsertIsSafeForConcurrentUse(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	var created sync.Map
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			id := []string{"a", "b", "c", "d"}[i%4]
			result, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: id, Attributes: map[string]any{"n": i}})
			assert.NoError(t, err)
			if result.Outcome == upsert.Created {
				_, twice := created.LoadOrStore(id, true)
				assert.False(t, twice, id)
			}
		})
	}
	wg.Wait()
	assert.Len(t, server.Users(), 4)
}

func TestUpsertReportsEveryInvalidField(t *testing.T) {
	server := usercomtest.NewServer()
	_, err := newClient(t, server).UpsertUser(t.Context(), usercom.UserInput{Email: "ada", Gender: 9})
	assert.EqualError(t, err, "usercom: UpsertUser: invalid input, nothing was sent: "+
		"email: must be an e-mail address like ada@example.com; gender: must be 1 (unknown), 2 (male) or 3 (female); user_id: is required")
	assert.True(t, errors.Is(err, rest.ErrInvalid))
	assert.Empty(t, server.Requests())
}
