package usercom_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestNewRejectsInvalidSubdomain(t *testing.T) {
	for _, subdomain := range []string{"app", "APP", "a", "my-app-2", "1", "xn--caf-dma", strings.Repeat("a", 63)} {
		_, err := usercom.New(subdomain, usercomtest.Key)
		assert.NoError(t, err, subdomain)
	}
	for _, subdomain := range []string{
		"app.user.com", "https://app.user.com", "app.", ".app", "-app", "app-", "my app", "app\n", "café",
		"app/", "evil.example/?x=", "a@b", "app:80", "app#", "..", strings.Repeat("a", 64),
	} {
		_, err := usercom.New(subdomain, usercomtest.Key)
		require.ErrorContains(t, err, `usercom: new client: subdomain: want one DNS label, the "app" of https://app.user.com`, subdomain)
	}
}

// Without a subdomain, WithBaseURL is required.
func TestNewWithoutSubdomain(t *testing.T) {
	_, err := usercom.New("", usercomtest.Key)
	assert.EqualError(t, err, "usercom: new client: base URL: is required (user.com: a subdomain, or WithBaseURL)")
	_, err = usercom.New("", usercomtest.Key, rest.WithBaseURL("https://crm.example.com/api/public"))
	assert.NoError(t, err)
}

func TestNewRejectsInvalidConfig(t *testing.T) {
	for name, config := range map[string]struct {
		key    string
		option rest.Option
	}{
		"no key":              {"", rest.WithTimeout(1)},
		"line break":          {"key\n", rest.WithTimeout(1)},
		"option":              {usercomtest.Key, rest.WithTimeout(-1)},
		"base URL":            {usercomtest.Key, rest.WithBaseURL("http://app.user.com/api/public")},
		"of another provider": {usercomtest.Key, rest.ProviderOption("identifai", "WithTextBooleans", true)},
	} {
		_, err := usercom.New("app", config.key, config.option)
		assert.ErrorContains(t, err, "usercom: new client: ", name)
	}
}

// A key that is passed as subdomain is rejected; the error does not contain it.
func TestNewDoesNotLeakKeyPassedAsSubdomain(t *testing.T) {
	_, err := usercom.New(usercomtest.Key, "app")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), usercomtest.Key)
}

func TestRequestHeaders(t *testing.T) {
	client, requests := recording(t)
	_, err := client.GetUser(t.Context(), 5577)
	require.NoError(t, err)
	require.Len(t, *requests, 1)
	assert.Equal(t, "GET https://app.user.com/api/public/users/5577/", (*requests)[0].url)
	assert.Equal(t, http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Token " + usercomtest.Key},
		"User-Agent":    {"usersync-go/" + rest.Version()},
	}, (*requests)[0].header)
}

func TestAPIUsesTheSameStack(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	var body gen.UpdateOrCreateUserBody
	require.NoError(t, body.FromUpdateOrCreateUserRequest(gen.UpdateOrCreateUserRequest{UserID: new("4711")}))
	resp, err := client.API().UpdateOrCreateUserWithResponse(t.Context(), body)
	require.NoError(t, err)
	require.NotNil(t, resp.JSON201)
	assert.True(t, resp.JSON201.Created)

	_, err = client.API().GetUserWithResponse(t.Context(), 99)
	require.ErrorIs(t, err, rest.ErrNotFound)
	e, ok := err.(*rest.Error)
	require.True(t, ok)
	assert.Equal(t, "Not found.", e.Message)
}

func TestWrongKey(t *testing.T) {
	server := usercomtest.NewServer()
	client, err := usercom.New("", "wrong-key", server.Options()...)
	require.NoError(t, err)
	_, err = client.UpsertUser(t.Context(), usercom.UserInput{UserID: "4711"})
	require.ErrorIs(t, err, rest.ErrUnauthorized)
	assert.EqualError(t, err, "usercom: UpsertUser: POST /api/public/users/update_or_create/: 401 Unauthorized: Invalid token.")
	assert.NotContains(t, err.Error(), "wrong-key")
	assert.Len(t, server.Requests(), 1)
}

// The error of every method contains the name of its operation.
func TestCancelledContext(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range calls(ctx, client) {
		require.ErrorIs(t, err, context.Canceled, name)
		e, ok := err.(*rest.Error)
		require.True(t, ok, name)
		assert.Equal(t, name, e.Operation)
		assert.Equal(t, rest.ExecutedNo, e.Executed, name)
	}
	assert.Empty(t, server.Requests())
}

// calls makes one valid call of every method that sends a request.
func calls(ctx context.Context, client *usercom.Client) map[string]error {
	results := make(map[string]error)
	_, results["UpsertUser"] = client.UpsertUser(ctx, usercom.UserInput{UserID: "4711"})
	_, results["FindUserByEmail"] = client.FindUserByEmail(ctx, "ada@example.com")
	_, results["GetUser"] = client.GetUser(ctx, 1)
	_, results["UpdateUser"] = client.UpdateUser(ctx, 1, usercom.UpdateUserRequest{City: new("London")})
	results["SetAttribute"] = client.SetAttribute(ctx, 1, "plan", "pro")
	results["SetAttributes"] = client.SetAttributes(ctx, 1, map[string]any{"plan": "pro"})
	results["DeleteUser"] = client.DeleteUser(ctx, 1)
	return results
}
