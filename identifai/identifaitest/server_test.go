package identifaitest_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func TestUserResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer()
		created := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
		got := send(t, server, write, create("name", "  Ada  ", "newsletter", "1"))
		assert.Equal(t, 200, got.status)
		var resp struct{ Data map[string]any }
		require.NoError(t, json.Unmarshal([]byte(got.body), &resp))
		partner, ok := resp.Data["partner"].(map[string]any)
		require.True(t, ok)
		assert.Nil(t, partner["partner"])
		delete(resp.Data, "partner")
		assert.Equal(t, map[string]any{
			"id": 1.0, "name": "Ada", "email": "ada@example.com", "email_verified_at": created, "created_at": created, "updated_at": created,
			"address": nil, "zip": nil, "city": nil, "country": nil, "phone": nil, "contact": nil, "vat": nil,
			"balance": nil, "heuristic": "Average", "readonly": nil,
			"pricing": map[string]any{"id": 2.0, "name": "Pro", "sku": "pro"},
		}, resp.Data, "trimmed, null if not set, without write-only fields")
	})
}

// An update keeps omitted fields. A password is not trimmed, and an empty one does
// not remove it.
func TestUpdatesKeepOmittedFields(t *testing.T) {
	server := identifaitest.NewServer()
	require.Equal(t, 200, send(t, server, write, create("password", " s3cret ", "readonly", "0", "newsletter", "1")).status)
	require.Equal(t, 200, send(t, server, write, create("id", "1", "name", "Ada King", "email", "ADA@example.com", "password", "", "save_files", "1")).status)
	assert.Equal(t, []identifai.UserInput{{
		ID: new(int64(1)), Name: "Ada King", Email: "ADA@example.com", Heuristic: "Average", PricingID: 2, Password: " s3cret ",
		Readonly: new(false), Newsletter: new(true), SaveFiles: new(true),
	}}, server.Users())
}

func TestLastDuplicatePartWins(t *testing.T) {
	server := seeded()
	require.Equal(t, 200, send(t, server, write, create("id", "1")).status)
	assert.Len(t, server.Users(), 1)
}

func TestOptions(t *testing.T) {
	assert.Equal(t, 201, send(t, seeded(identifaitest.WithCreatedStatus(201)), write, create()).status)
	assert.Equal(t, 200, send(t, seeded(identifaitest.WithCreatedStatus(201)), write, create("id", "1")).status)

	textual := seeded(identifaitest.WithTextBooleans())
	assert.Equal(t, 422, send(t, textual, write, create("readonly", "0")).status)
	assert.Equal(t, 200, send(t, textual, write, create("readonly", "false", "newsletter", "true")).status)
	user, _ := textual.User("ada@example.com")
	assert.Equal(t, []*bool{new(false), new(true)}, []*bool{user.Readonly, user.Newsletter})

	bare := seeded(identifaitest.WithUnwrappedResponses())
	assert.Regexp(t, `^\{"id":1,`, send(t, bare, mail, []string{"id", "1"}).body)
	assert.Regexp(t, `^\[\{"id":1,`, send(t, bare, "GET /partner/pricings", nil).body)
	assert.Equal(t, []int64{1}, bare.EmailsSent())
}

func TestPages(t *testing.T) {
	server := identifaitest.NewServer()
	for _, name := range []string{"Bob", "Ada", "Cy"} {
		server.AddUser(identifai.UserInput{Name: name, Email: name + "@example.com", Heuristic: "Average", PricingID: 1})
	}
	type page struct {
		Current int             `json:"current_page"`
		Last    int             `json:"last_page"`
		Per     json.RawMessage `json:"per_page"`
		From    *int            `json:"from"`
		To      *int            `json:"to"`
		Total   int             `json:"total"`
		Next    *string         `json:"next_page_url"`
		Data    []struct{ Name string }
	}
	get := func(query string) (p page, names string) {
		t.Helper()
		got := send(t, server, list+query, nil)
		require.Equal(t, 200, got.status)
		require.NoError(t, json.Unmarshal([]byte(got.body), &p))
		for _, user := range p.Data {
			names += user.Name + " "
		}
		return p, names
	}
	all, names := get("")
	assert.Equal(t, "Bob Ada Cy ", names, "all at once without per_page")
	assert.Equal(t, []any{1, 1, 3, "3"}, []any{all.Current, all.Last, all.Total, string(all.Per)})

	first, names := get("?per_page=2&order=name")
	assert.Equal(t, "Ada Bob ", names)
	assert.Equal(t, `"2"`, string(first.Per), "as it was sent, as a string")
	assert.Equal(t, []int{1, 2}, []int{*first.From, *first.To})
	assert.Equal(t, server.URL+"/api/partner/users?page=2", *first.Next)
	last, names := get("?per_page=2&order=name&page=2")
	assert.Equal(t, "Cy ", names)
	assert.Nil(t, last.Next)
	beyond, names := get("?per_page=2&page=9")
	assert.Empty(t, names)
	assert.Nil(t, beyond.From)
	assert.Equal(t, []int{9, 2}, []int{beyond.Current, beyond.Last})

	_, names = get("?order=email&direction=desc")
	assert.Equal(t, "Cy Bob Ada ", names)
	_, names = get("?search=ADA%40EX")
	assert.Equal(t, "Ada ", names)
	_, names = get("?pricing_id=2")
	assert.Empty(t, names)
	_, names = get("?search=+ada%20&order=email+&direction=+desc&search=cy+")
	assert.Equal(t, "Cy ", names, "trimmed; of parameters with the same name the last counts, as in forms")
}

func TestState(t *testing.T) {
	server := identifaitest.NewServer()
	flag := new(true)
	added := server.AddUser(identifai.UserInput{ID: new(int64(7)), Email: "ada@example.com", Readonly: flag})
	*flag, *added.ID = false, 9
	user, ok := server.User("ADA@example.com")
	require.True(t, ok)
	assert.Equal(t, identifai.UserInput{ID: new(int64(7)), Email: "ada@example.com", Readonly: new(true)}, user, "inputs and results are copies")
	_, ok = server.User("unknown@example.com")
	assert.False(t, ok)
	assert.Equal(t, int64(8), *server.AddUser(identifai.UserInput{Email: "ada@example.com"}).ID, "an email may be shared")
	assert.PanicsWithValue(t, `AddUser: "id 8" is taken`, func() { server.AddUser(identifai.UserInput{ID: new(int64(8))}) })

	data, err := json.Marshal(server.Users())
	require.NoError(t, err)
	var users []identifai.UserInput
	require.NoError(t, json.Unmarshal(data, &users))
	restored := identifaitest.NewServer()
	for _, user := range users {
		restored.AddUser(user)
	}
	assert.Equal(t, server.Users(), restored.Users())
}

func TestConcurrentUse(t *testing.T) {
	for _, loopback := range []bool{false, true} {
		server := identifaitest.NewServer()
		if loopback {
			server.Start()
			defer server.Close()
		}
		transport := spectest.Transport(t, "identifai", server.Client().Transport)
		client, err := identifai.New(identifaitest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: transport}))...)
		require.NoError(t, err)
		var wg sync.WaitGroup
		outcomes := make(chan upsert.Outcome, 20)
		for range 20 {
			wg.Go(func() {
				result, err := client.UpsertUser(t.Context(), identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1})
				assert.NoError(t, err)
				outcomes <- result.Outcome
				_ = server.Users()
			})
		}
		wg.Wait()
		close(outcomes)
		created := 0
		for outcome := range outcomes {
			if outcome == upsert.Created {
				created++
			}
		}
		assert.Equal(t, 1, created)
		assert.Len(t, server.Users(), 1)
	}
}
