package partoo_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// ids reads a search to its end and returns the ids.
func ids(t *testing.T, client *partoo.Client, params partoo.SearchUsersParams) ([]string, error) {
	var got []string
	for user, err := range client.SearchUsers(t.Context(), params) {
		if err != nil {
			assert.Zero(t, user)
			return got, err
		}
		got = append(got, user.ID)
	}
	return got, nil
}

func addUsers(server *partootest.Server, n int) {
	for i := range n {
		server.AddUser(partootest.User{ID: fmt.Sprint("u", i+1), UserInput: partoo.UserInput{Email: fmt.Sprintf("user%d@example.com", i+1), Role: partoo.RolePublisher}})
	}
}

func publishers(perPage int64) partoo.SearchUsersParams {
	return partoo.SearchUsersParams{Role: new([]partoo.Role{partoo.RolePublisher}), PerPage: &perPage}
}

func TestSearchUsersReadsAllPages(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addUsers(server, 7)
		params := publishers(3)
		got, err := ids(t, client, params)
		require.NoError(t, err)
		assert.Equal(t, []string{"u1", "u2", "u3", "u4", "u5", "u6", "u7"}, got)
		requests := server.Requests()
		require.Len(t, requests, 3)
		for i, r := range requests {
			assert.Equal(t, "page="+fmt.Sprint(i+1)+"&per_page=3&role=PUBLISHER", r.Query.Encode())
		}
		assert.Nil(t, params.Page)

		params.Page = new(int64(3))
		got, err = ids(t, client, params)
		require.NoError(t, err)
		assert.Equal(t, []string{"u7"}, got)
		params.Page = new(int64(4))
		got, err = ids(t, client, params)
		require.NoError(t, err)
		assert.Empty(t, got)
	})
}

func TestSearchUsersSendsEveryFilter(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		_, err := ids(t, client, partoo.SearchUsersParams{
			Email: new("ada+x@example.com"), OrgID: new(int64(7)), Query: new("Ada & Co"), Status: new(partoo.UserStatusInvited), Disabled: new(false),
			Role: new([]partoo.Role{partoo.RoleOrgAdmin, partoo.RoleProvider}), DisplayBusinessIDs: new(false), PerPage: new(int64(100)),
			OrderBy: new(partoo.UserOrder("-last_name")),
		})
		require.NoError(t, err)
		assert.Equal(t, "disabled=false&display_business_ids=false&email=ada%2Bx%40example.com&order_by=-last_name&org_id=7&page=1&per_page=100&"+
			"query=Ada+%26+Co&role=ORG_ADMIN%2CPROVIDER&status=invited", server.Requests()[0].Query.Encode())
	})
}

func TestSearchUsersFetchesPagesOnDemand(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addUsers(server, 7)
		users := client.SearchUsers(t.Context(), publishers(3))
		assert.Empty(t, sent(server), "nothing is sent before the loop")
		n := 0
		for range users {
			if n++; n == 6 {
				break
			}
		}
		assert.Len(t, sent(server), 2)
		for range users {
			n++
		}
		assert.Equal(t, 6+7, n, "a second loop starts over")
	})
}

func TestSearchUsersEndsWithError(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		addUsers(server, 5)
		server.Fail(resttest.Fault{}, resttest.Status(401))
		n, failures := 0, 0
		for _, err := range client.SearchUsers(t.Context(), publishers(3)) {
			if n++; err != nil {
				failures++
				assert.ErrorIs(t, err, rest.ErrUnauthorized)
			}
		}
		assert.Equal(t, 4, n)
		assert.Equal(t, 1, failures)
		assert.Len(t, sent(server), 2)
	}, 401)
}

func TestSearchUsersRejectsInvalidFilters(t *testing.T) {
	server := partootest.NewServer()
	client := connect(t, server, nil)
	for field, params := range map[string]partoo.SearchUsersParams{
		"email":    {Email: new("ada")},
		"org_id":   {OrgID: new(int64(0))},
		"query":    {Query: new(" ")},
		"status":   {Status: new(partoo.UserStatus("x"))},
		"role":     {Role: new([]partoo.Role{partoo.RoleOrgAdmin, "x"})},
		"page":     {Page: new(int64(0))},
		"per_page": {PerPage: new(int64(101))},
		"order_by": {OrderBy: new(partoo.UserOrder("-created_at"))},
	} {
		got, err := ids(t, client, params)
		require.ErrorIs(t, err, rest.ErrInvalid, field)
		assert.ErrorContains(t, err, "partoo: SearchUsers: invalid input, nothing was sent: "+field+": ")
		assert.Empty(t, got)
	}
	assert.Empty(t, sent(server))
}

// Invalid pages end the list with an error: it must neither continue forever nor end
// too early.
func TestSearchUsersRejectsInvalidPages(t *testing.T) {
	one := `{"page":1,"max_page":2,"count":3,"users":[{"id":"a","email":"a@example.com"},{"id":"b","email":"b@example.com"}]}`
	two := `{"page":2,"max_page":2,"count":3,"users":[{"id":"a","email":"a@example.com"},{"id":"b","email":"b@example.com"}]}`
	tests := []struct {
		name  string
		pages []string
		got   int
		want  string
	}{
		{"page ignored", []string{one, one}, 2, "requested page 2, got page 1"},
		{"same users", []string{one, two}, 2, "page 2 of 2 contains no new users"},
		{"same users, no page number", []string{`{"max_page":9,"users":[{"id":"a","email":"a@example.com"}]}`, `{"max_page":9,"users":[{"id":"a","email":"a@example.com"}]}`}, 1, "page 2 of 9 contains no new users"},
		{"empty page", []string{one, `{"page":2,"max_page":3,"count":3,"users":[]}`}, 2, "page 2 of 3 contains no new users"},
		{"no users", []string{`{"page":1,"max_page":1,"count":0}`}, 0, `no "users"`},
		{"users null", []string{`{"page":1,"max_page":1,"count":0,"users":null}`}, 0, `no "users"`},
		{"no max_page", []string{`{"page":1,"count":1,"users":[{"id":"a","email":"a@example.com"}]}`}, 0, `no "max_page"`},
		{"no id", []string{`{"page":1,"max_page":1,"count":1,"users":[{"email":"a@example.com"}]}`}, 0, `no "id"`},
		{"user deleted meanwhile", []string{one, `{"page":2,"max_page":1,"count":2,"users":[]}`}, 2, ""},
		{"user moved to the next page", []string{one, `{"page":2,"max_page":2,"count":4,"users":[{"id":"b","email":"b@example.com"},{"id":"c","email":"c@example.com"}]}`}, 3, ""},
		{"no users at all", []string{`{"page":1,"max_page":0,"count":0,"users":[]}`}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				for _, page := range tt.pages {
					server.Fail(response(200, page))
				}
				got, err := ids(t, client, partoo.SearchUsersParams{})
				assert.Len(t, got, tt.got)
				if tt.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.want)
				}
				assert.Len(t, sent(server), len(tt.pages))
			}, 200)
		})
	}
}
