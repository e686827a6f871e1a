package usercomtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// reply is a response.
type reply struct {
	status int
	body   string
	header http.Header
}

// send sends a request with the key. headers are pairs of a name and a value, which
// replace a header or, if empty, remove it.
func send(t *testing.T, server *usercomtest.Server, line, body string, headers ...string) reply {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api/public/users"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Token "+usercomtest.Key)
	r.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Del(pair[0])
		if pair[1] != "" {
			r.Header.Set(pair[0], pair[1])
		}
	}
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, string(text), resp.Header}
}

func seeded() *usercomtest.Server {
	server := usercomtest.NewServer()
	server.AddUser(usercomtest.User{UserInput: usercom.UserInput{
		UserID: "4711", Email: "ada@example.com", FirstName: "Ada", City: "London", Notifications: new(false), Attributes: map[string]any{"plan": "pro"},
	}})
	return server
}

func TestUpsert(t *testing.T) {
	server := usercomtest.NewServer()
	got := send(t, server, "POST /update_or_create/", `{"user_id":"4711","city":" London ","gender":"2","status":2,"score":"7","notifications":"true","unsubscribed":0}`)
	assert.Equal(t, 201, got.status)
	assert.Equal(t, `{"created":true,"id":1}`, got.body)
	// An integer and a text are the same key; unknown fields are ignored; null clears a field; omitted fields stay.
	got = send(t, server, "POST /update_or_create/", `{"user_id":4711,"plan":"pro","custom_id":"x","score":null,"region":null}`)
	assert.Equal(t, 200, got.status)
	assert.Equal(t, `{"created":false,"id":1}`, got.body)
	assert.Equal(t, []usercomtest.User{{ID: 1, UserInput: usercom.UserInput{
		UserID: "4711", City: "London", Gender: usercom.GenderMale, Status: usercom.UserStatusUser, Notifications: new(true), Unsubscribed: new(false),
	}}}, server.Users())
	for _, id := range []string{`2`, `3`} {
		assert.Equal(t, `{"created":true,"id":`+id+`}`, send(t, server, "POST /update_or_create/", `{"email":"ada@example.com"}`).body, "without a key")
	}
}

func TestCreatedStatusOK(t *testing.T) {
	server := usercomtest.NewServer(usercomtest.WithCreatedStatus(200))
	got := send(t, server, "POST /update_or_create/", `{"user_id":"4711"}`)
	assert.Equal(t, 200, got.status)
	assert.Equal(t, `{"created":true,"id":1}`, got.body)
}

func TestAttributesMayHaveAnyType(t *testing.T) {
	server := seeded()
	got := send(t, server, "POST /1/set_multiple_attributes/", `{"seats":3,"ratio":1.5,"large":1e400,"tags":["x",{"n":1}],"plan":null}`)
	assert.Equal(t, reply{status: 200}, reply{status: got.status, body: got.body})
	assert.Equal(t, 200, send(t, server, "POST /1/set_attribute/", `{"attribute":"vip","value":true}`).status)
	user, _ := server.User("4711")
	assert.Equal(t, map[string]any{
		"seats": int64(3), "ratio": 1.5, "large": json.Number("1e400"), "tags": []any{"x", map[string]any{"n": int64(1)}}, "plan": nil, "vip": true,
	}, user.Attributes)
}

func TestUserResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := seeded()
		var user map[string]any
		require.NoError(t, json.Unmarshal([]byte(send(t, server, "GET /search/?email=ADA@example.com", "").body), &user))
		at := time.Now().UTC().Format(time.RFC3339Nano)
		assert.Equal(t, map[string]any{
			"id": 1.0, "user_id": "4711", "key": "fake00000001", "email": "ada@example.com", "name": "Ada", "phone_number": nil,
			"status": "visitor", "gender": "unknown", "score": 0.0, "assigned_to": nil, "notifications": false, "unsubscribed": false,
			"page_views": 0.0, "created_at": at, "updated_at": at, "city": "London", "region": nil, "country": nil, "timezone": nil,
			"facebook_url": nil, "google_url": nil, "gravatar_url": nil, "linkedin_url": nil, "twitter_url": nil,
			"companies": []any{}, "lists": []any{}, "tags": []any{},
			"attributes": []any{map[string]any{"id": 1.0, "name": "plan", "name_std": "plan", "value": "pro"}},
			"first_seen": nil, "last_seen": nil, "last_contacted": nil, "last_ip": nil, "browser": nil, "browser_language": nil, "os_type": nil, "resolution": nil,
		}, user)

		waitUntil(time.Now().Add(time.Hour))
		assert.Equal(t, 200, send(t, server, "PUT /1/", `{"gender":3}`).status)
		assert.Equal(t, 200, send(t, server, "PUT /1/", `{}`).status)
		later := time.Now().UTC().Format(time.RFC3339Nano)
		got := send(t, server, "GET /search/?key=fake00000001&many=true", "")
		assert.Contains(t, got.body, `"gender":"female"`)
		assert.Contains(t, got.body, `"created_at":"`+at+`"`)
		assert.Contains(t, got.body, `"updated_at":"`+later+`"`)
		assert.True(t, strings.HasPrefix(got.body, "["))
	})
}

func TestKeyHasLengthOfRealKey(t *testing.T) { assert.Len(t, usercomtest.Key, 64) }

func TestAddUser(t *testing.T) {
	server := usercomtest.NewServer()
	attributes := map[string]any{"n": 1, "list": []string{"x"}}
	added := server.AddUser(usercomtest.User{ID: 7, UserInput: usercom.UserInput{UserID: "a", Score: new(int64(1)), Attributes: attributes}})
	attributes["n"] = 2
	*added.Score = 2
	added.Attributes["list"].([]any)[0] = "y"
	user, ok := server.User("a")
	require.True(t, ok)
	assert.Equal(t, int64(1), *user.Score)
	assert.Equal(t, map[string]any{"n": int64(1), "list": []any{"x"}}, user.Attributes)

	assert.Equal(t, int64(8), server.AddUser(usercomtest.User{}).ID)
	assert.Equal(t, int64(9), server.AddUser(usercomtest.User{}).ID, "users without UserID are allowed")
	_, ok = server.User("")
	assert.False(t, ok)
	assert.PanicsWithValue(t, `AddUser: "id 8" is taken`, func() { server.AddUser(usercomtest.User{ID: 8}) })
	assert.Panics(t, func() { server.AddUser(usercomtest.User{UserInput: usercom.UserInput{UserID: "a"}}) })
	assert.Panics(t, func() {
		server.AddUser(usercomtest.User{UserInput: usercom.UserInput{Attributes: map[string]any{"x": make(chan int)}}})
	})
	assert.Equal(t, 3, len(server.Users()), "and the fake still works")
}

// What a run left can be written down and put back.
func TestUsersSurviveJSON(t *testing.T) {
	data, err := json.Marshal(seeded().Users())
	require.NoError(t, err)
	var users []usercomtest.User
	require.NoError(t, json.Unmarshal(data, &users))
	server := usercomtest.NewServer()
	for _, user := range users {
		server.AddUser(user)
	}
	assert.Equal(t, seeded().Users(), server.Users())
}

func TestConcurrentUse(t *testing.T) {
	for _, loopback := range []bool{false, true} {
		server := usercomtest.NewServer(usercomtest.WithQuotas(resttest.Window{Limit: 1000, Every: time.Minute}))
		if loopback {
			server.Start()
			defer server.Close()
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				client, err := usercom.New("", usercomtest.Key, server.Options()...)
				if !assert.NoError(t, err) {
					return
				}
				_, err = client.UpsertUser(t.Context(), usercom.UserInput{UserID: "a", Attributes: map[string]any{"x": 1}})
				assert.NoError(t, err)
				_ = server.Users()
			})
		}
		wg.Wait()
		assert.Len(t, server.Users(), 1)
	}
}
