package partootest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

func TestSearch(t *testing.T) {
	server := partootest.NewServer(partootest.WithRole(partoo.RoleProvider))
	server.AddUser(partootest.User{ID: "a", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RolePublisher}})
	server.AddUser(partootest.User{ID: "b", UserInput: partoo.UserInput{Email: "bob@example.com", FirstName: "Bob", LastName: "Adams"}, Disabled: true})
	server.AddUser(partootest.User{ID: "c", UserInput: partoo.UserInput{Email: "cyd@example.com", FirstName: "Cyd", LastName: "C", OrgID: new(int64(1)), OnCreate: partoo.OnCreate{Status: partoo.UserStatusInvited}}})
	const key = "5309c3a237bbc54400000000"
	for query, want := range map[string][]string{
		"":                             {key, "a", "b", "c"},
		"email=ADA@example.com":        {"a"},
		"email=ada@example":            nil,
		"query=aDA":                    {"a", "b"},
		"query=ada+love":               {"a"},
		"org_id=1":                     {"c"},
		"status=invited":               {"c"},
		"disabled=true":                {"b"},
		"disabled=false":               {key, "a", "c"},
		"role=PUBLISHER,PROVIDER":      {key, "a"},
		"order_by=-email":              {key, "c", "b", "a"},
		"order_by=first_name":          {"a", "b", "c", key},
		"order_by=last_name":           {"b", "c", "a", key},
		"order_by=-role":               {"a", key, "b", "c"},
		"order_by=-status&org_id=42":   {key, "a", "b"},
		"order_by=org_id":              {"c", key, "a", "b"},
		"order_by=group_id":            {key, "a", "b", "c"},
		"per_page=3&page=2":            {"c"},
		"per_page=3&page=0":            {key, "a", "b"},
		"page=2":                       nil,
		"per_page=9&page=999999999999": nil,
	} {
		_, body := send(t, server, "GET", "/v2/user/search?"+query, "")
		var page struct{ Users []partoo.User }
		require.NoError(t, json.Unmarshal([]byte(body), &page), body)
		var ids []string
		for _, user := range page.Users {
			ids = append(ids, user.ID)
		}
		assert.Equal(t, want, ids, query)
	}
	for range 28 {
		server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: fmt.Sprintf("user%d@example.com", len(server.Users()))}})
	}
	_, body := send(t, server, "GET", "/v2/user/search", "")
	assert.Contains(t, body, `"max_page":2,"count":32`)
	assert.Equal(t, 30, strings.Count(body, `"email"`), "30 on a page")
}
