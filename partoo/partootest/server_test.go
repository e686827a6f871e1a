package partootest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// send sends a request and returns the response and its body. headers may replace the
// API key.
func send(t *testing.T, server *partootest.Server, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-APIKEY", partootest.Key)
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	resp, err := server.Client().Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, strings.TrimSpace(string(text))
}

func TestResponses(t *testing.T) {
	server := partootest.NewServer()
	_, body := send(t, server, "POST", "/v2/user", `{"email":"ada@example.com","first_name":"A","last_name":"L","surprise":1,"disabled":true}`)
	assert.Equal(t, `{"id":"5309c3a237bbc54400000001","status":"success"}`, body)
	user, _ := server.User("ADA@example.com")
	assert.False(t, user.Disabled, "only for updates")
	_, body = send(t, server, "POST", "/v2/user/"+user.ID, `{"disabled":true,"send_invitation":true}`)
	assert.Equal(t, `{"id":"5309c3a237bbc54400000001","status":"success"}`, body)
	assert.Empty(t, server.Invitations(), "only for creates")
	_, body = send(t, server, "POST", "/v2/user/"+user.ID+"/invite", "")
	assert.Equal(t, `{"status":"success"}`, body)
	_, body = send(t, server, "GET", "/v2/user/search?email=ada@example.com", "")
	var page map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	users := page["users"].([]any)
	require.Len(t, users, 1)
	delete(users[0].(map[string]any), "created_at")
	assert.Equal(t, map[string]any{
		"page": 1.0, "max_page": 1.0, "count": 1.0, "users": []any{map[string]any{
			"id": user.ID, "email": "ada@example.com", "first_name": "A", "last_name": "L", "org_id": 42.0, "role": "ORG_ADMIN", "status": "active",
			"lang": "en", "sso_only": false, "disabled": true, "accesses": []any{}, "business_ids": []any{},
			"sidebar_pages":      []any{"bulk_modification", "diffusion", "feedback_management", "messages", "posts", "presence_analytics", "review_analytics", "review_invite", "review_management"},
			"available_features": []any{"diffusion", "feedback_management", "messages", "posts", "review_invite", "review_management"},
		}},
	}, page)
	_, body = send(t, server, "GET", "/v2/user/search?email=none@example.com", "")
	assert.Equal(t, `{"page":1,"max_page":1,"count":0,"users":[]}`, body)
	_, body = send(t, server, "DELETE", "/v2/user/"+user.ID, "")
	assert.Equal(t, `{"id":"5309c3a237bbc54400000001","status":"success"}`, body)
	assert.Empty(t, server.Users())
}

// Each list applies to one role and is empty for others.
func TestListsBelongToARole(t *testing.T) {
	server := partootest.NewServer()
	lists := `"business_ids":["b1"],"accesses":[[1]]`
	send(t, server, "POST", "/v2/user", `{"email":"ada@example.com","first_name":"A","last_name":"L","role":"BUSINESS_MANAGER",`+lists+`}`)
	user, _ := server.User("ada@example.com")
	assert.Equal(t, []string{"b1"}, user.BusinessIDs)
	assert.Empty(t, user.Accesses)

	_, body := send(t, server, "GET", "/v2/user/search?email=ada@example.com&display_business_ids=False", "")
	assert.NotContains(t, body, "business_ids")
	_, body = send(t, server, "GET", "/v2/user/search?email=ada@example.com", "")
	assert.Contains(t, body, `"business_ids":["b1"]`)

	send(t, server, "POST", "/v2/user/"+user.ID, `{"role":"GROUP_MANAGER",`+lists+`}`)
	user, _ = server.User("ada@example.com")
	assert.Empty(t, user.BusinessIDs)
	assert.Equal(t, [][]int64{{1}}, user.Accesses)

	send(t, server, "POST", "/v2/user/"+user.ID, `{"role":"BUSINESS_MANAGER"}`)
	user, _ = server.User("ada@example.com")
	assert.Empty(t, user.BusinessIDs, "the list is not restored")
}

func TestRolesOfTheKey(t *testing.T) {
	// The statuses of: create a business manager, create a publisher, see
	// another organisation, change a publisher, change the owner of the key.
	for role, want := range map[partoo.Role][5]int{
		partoo.RoleProvider:        {200, 200, 200, 200, 200},
		partoo.RoleOrgAdmin:        {200, 200, 404, 200, 200},
		partoo.RoleOrgManager:      {200, 200, 404, 200, 200},
		partoo.RoleGroupManager:    {200, 403, 404, 403, 200},
		partoo.RoleBusinessManager: {403, 403, 404, 403, 200},
		partoo.RolePublisher:       {403, 403, 404, 403, 403},
	} {
		server := partootest.NewServer(partootest.WithRole(role))
		server.AddUser(partootest.User{ID: "other", UserInput: partoo.UserInput{Email: "other@example.com", OrgID: new(int64(1))}})
		server.AddUser(partootest.User{ID: "pub", UserInput: partoo.UserInput{Email: "pub@example.com", Role: partoo.RolePublisher}})
		var got [5]int
		for i, r := range []struct{ method, path, body string }{
			{"POST", "/v2/user", `{"email":"a@example.com","first_name":"A","last_name":"L","role":"BUSINESS_MANAGER","org_id":7}`},
			{"POST", "/v2/user", `{"email":"b@example.com","first_name":"A","last_name":"L","role":"PUBLISHER"}`},
			{"GET", "/v2/user/other", ""},
			{"POST", "/v2/user/pub", `{"last_name":"P"}`},
			{"POST", "/v2/user/5309c3a237bbc54400000000", `{"last_name":"K"}`},
		} {
			resp, _ := send(t, server, r.method, r.path, r.body)
			got[i] = resp.StatusCode
		}
		assert.Equal(t, want, got, string(role))
		if user, ok := server.User("a@example.com"); ok {
			assert.Equal(t, role == partoo.RoleProvider, *user.OrgID == 7, "only a PROVIDER key sets the organisation")
		}
	}
}

func TestInvitations(t *testing.T) {
	for wait, want := range map[time.Duration]int{0: 429, 5*time.Minute - 1: 429, 5 * time.Minute: 200} {
		synctest.Test(t, func(t *testing.T) {
			server := partootest.NewServer()
			send(t, server, "POST", "/v2/user", `{"email":"ada@example.com","first_name":"A","last_name":"L","send_invitation":true,"status":"active"}`)
			user, _ := server.User("ada@example.com")
			assert.Equal(t, partoo.UserStatusInvited, user.OnCreate.Status)
			assert.Equal(t, []string{"ada@example.com"}, server.Invitations())

			require.NoError(t, backoff.Sleep(t.Context(), wait))
			resp, _ := send(t, server, "POST", "/v2/user/"+user.ID+"/invite", "")
			assert.Equal(t, want, resp.StatusCode, "%v", wait)
			assert.Empty(t, resp.Header.Get("Retry-After"))
			assert.Len(t, server.Invitations(), map[int]int{429: 1, 200: 2}[want])
		})
	}
}

func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer(partootest.WithQuotas())
		for range 300 {
			resp, _ := send(t, server, "GET", "/v2/user/me", "")
			require.Equal(t, 200, resp.StatusCode)
		}
		resp, body := send(t, server, "POST", "/v2/user", "{}")
		assert.Equal(t, 429, resp.StatusCode)
		assert.Equal(t, "60", resp.Header.Get("Retry-After"))
		assert.Empty(t, body)

		client, err := partoo.New(partootest.Key, server.Options()...)
		require.NoError(t, err)
		start := time.Now()
		_, err = client.UpsertUser(t.Context(), partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "L"})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
	server := partootest.NewServer()
	for range 301 {
		resp, _ := send(t, server, "GET", "/v2/user/me", "")
		require.Equal(t, 200, resp.StatusCode, "no quota by default")
	}
}

func TestState(t *testing.T) {
	server := partootest.NewServer()
	added := server.AddUser(partootest.User{ID: "5309c3a237bbc54400000001", UserInput: partoo.UserInput{Email: "ada@example.com", Role: partoo.RoleGroupManager, Accesses: [][]int64{{1}}}})
	assert.Equal(t, partoo.UserStatusActive, added.OnCreate.Status)
	assert.Equal(t, partootest.OrgID, *added.OrgID)
	second := server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "bob@example.com"}})
	assert.Equal(t, "5309c3a237bbc54400000002", second.ID, "ids are unique")
	assert.Panics(t, func() { server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "ADA@example.com"}}) })
	assert.Panics(t, func() {
		server.AddUser(partootest.User{ID: second.ID, UserInput: partoo.UserInput{Email: "x@example.com"}})
	})

	// Users returns copies.
	users := server.Users()
	users[0].Role, users[0].Accesses[0][0] = partoo.RolePublisher, 9
	user, ok := server.User("ada@example.com")
	require.True(t, ok)
	assert.Equal(t, added, user)
	_, ok = server.User("none@example.com")
	assert.False(t, ok)

	assert.Contains(t, fmt.Sprintf("%+v", user), "{ID:5309c3a237bbc54400000001 UserInput:{Email:ada@example.com ")

	// AddUser accepts what Users returns.
	restored := partootest.NewServer()
	for _, user := range server.Users() {
		restored.AddUser(user)
	}
	assert.Equal(t, server.Users(), restored.Users())
}

// The default lists contain all values of the spec.
func TestDefaultListsEqualSpec(t *testing.T) {
	doc := spectest.Load(t, "partoo")
	server := partootest.NewServer()
	user := server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "ada@example.com"}})
	assert.Len(t, user.SidebarPages, len(doc.Components.Schemas["SidebarPagesFeatureEnum"].Value.Enum))
	_, body := send(t, server, "GET", "/v2/user/"+user.ID, "")
	for _, feature := range doc.Components.Schemas["AvailableFeature"].Value.Enum {
		assert.Contains(t, body, feature)
	}
}

func TestOverLoopback(t *testing.T) {
	server := partootest.NewServer()
	server.Start()
	defer server.Close()
	checked := &http.Client{Transport: spectest.Transport(t, "partoo", server.Client().Transport)}
	client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(checked))...)
	require.NoError(t, err)
	result, err := client.UpsertUser(t.Context(), partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "L"})
	require.NoError(t, err)
	assert.Equal(t, upsert.Created, result.Outcome)
	_, err = client.GetUser(t.Context(), "none")
	assert.True(t, errors.Is(err, rest.ErrNotFound))
}
