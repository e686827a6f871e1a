package partoo_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const headers = "Accept: application/json\n"

var agent = "User-Agent: usersync-go/" + rest.Version() + "\nX-Apikey: partootest-key\n"

func get(target string) string { return "GET " + target + "\n" + headers + agent }

func post(target, body string) string {
	return "POST " + target + "\n" + headers + "Content-Type: application/json\n" + agent + "\n" + body
}

// The exact bytes of the requests of an upsert.
func TestUpsertRequestBytes(t *testing.T) {
	const search = "/v2/user/search?email=ada%2Btag%40example.com&display_business_ids=true&page=1"
	minimal := partoo.UserInput{Email: "ada+tag@example.com", FirstName: "Ada", LastName: "Lovelace"}
	full := partoo.UserInput{
		Email: "ada+tag@example.com", FirstName: "Ada", LastName: "Lovelace <&> Ünal", OrgID: new(int64(42)),
		Role: partoo.RoleBusinessManager, CustomRole: "my_custom_role", Accesses: [][]int64{{1, 2}, {3}},
		BusinessIDs: []string{"b1", "b2"}, SidebarPages: []partoo.SidebarPage{"posts"},
		Lang: "pt-br", SSOOnly: new(false),
		OnCreate: partoo.OnCreate{Password: "Sup3r-secret", SendInvitation: new(false), Status: partoo.UserStatusInvited},
	}
	emptied := minimal
	emptied.Role, emptied.Accesses, emptied.BusinessIDs, emptied.SidebarPages = partoo.RoleBusinessManager, [][]int64{}, []string{}, []partoo.SidebarPage{}

	tests := []struct {
		name    string
		exists  *partootest.User
		input   partoo.UserInput
		outcome upsert.Outcome
		want    string // the request after the search
	}{
		{
			"create, minimal", nil, minimal, upsert.Created,
			post("/v2/user", `{"email":"ada+tag@example.com","first_name":"Ada","last_name":"Lovelace"}`),
		},
		{
			"create, everything", nil, full, upsert.Created,
			post("/v2/user", `{"accesses":[[1,2],[3]],"business_ids":["b1","b2"],"custom_role":"my_custom_role","email":"ada+tag@example.com",`+
				`"first_name":"Ada","lang":"pt-br","last_name":"Lovelace \u003c\u0026\u003e Ünal","org_id":42,"password":"Sup3r-secret",`+
				`"role":"BUSINESS_MANAGER","send_invitation":false,"sidebar_pages":["posts"],"sso_only":false,"status":"invited"}`),
		},
		{
			"create, empty lists", nil, emptied, upsert.Created,
			post("/v2/user", `{"accesses":[],"business_ids":[],"email":"ada+tag@example.com","first_name":"Ada","last_name":"Lovelace",`+
				`"role":"BUSINESS_MANAGER","sidebar_pages":[]}`),
		},
		{
			"update, one field", &partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ADA+tag@example.com", FirstName: "Ada", LastName: "Byron"}}, minimal, upsert.Updated,
			post("/v2/user/u1", `{"last_name":"Lovelace"}`),
		},
		{
			"update, everything", &partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada+tag@example.com", SSOOnly: new(true)}}, full, upsert.Updated,
			post("/v2/user/u1", `{"business_ids":["b1","b2"],"custom_role":"my_custom_role","first_name":"Ada","lang":"pt-br",`+
				`"last_name":"Lovelace \u003c\u0026\u003e Ünal","role":"BUSINESS_MANAGER","sidebar_pages":["posts"],"sso_only":false}`),
		},
		{
			"update, emptied lists",
			&partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "ada+tag@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleBusinessManager, BusinessIDs: []string{"b1"}}},
			emptied, upsert.Updated,
			post("/v2/user/u1", `{"business_ids":[],"sidebar_pages":[]}`),
		},
		{
			"unchanged", &partootest.User{ID: "u1", UserInput: partoo.UserInput{Email: "Ada+Tag@Example.com", FirstName: "Ada", LastName: "Lovelace"}}, minimal, upsert.Unchanged, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := partootest.NewServer()
			if tt.exists != nil {
				server.AddUser(*tt.exists)
			}
			log := &wire{next: spectest.Transport(t, "partoo", server)}
			client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: log}))...)
			require.NoError(t, err)

			result, err := client.UpsertUser(t.Context(), tt.input)
			require.NoError(t, err)
			assert.Equal(t, tt.outcome, result.Outcome)
			want := []string{get(search)}
			if tt.want != "" {
				want = append(want, tt.want)
			}
			assert.Equal(t, want, log.log)

			user, ok := server.User(tt.input.Email)
			require.True(t, ok)
			assert.Equal(t, user.ID, result.ID)
			assert.Equal(t, tt.input.LastName, user.LastName)

			again, err := client.UpsertUser(t.Context(), tt.input)
			require.NoError(t, err)
			assert.Equal(t, upsert.Result[string]{ID: user.ID, Outcome: upsert.Unchanged}, again)
		})
	}
}
