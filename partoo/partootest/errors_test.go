package partootest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

func TestErrorResponses(t *testing.T) {
	const valid = `{"email":"ada@example.com","first_name":"Ada","last_name":"L"}`
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"no key", "GET", "/v2/user/me", "", []string{"x-APIKey", ""}, 401, `{"errors":{"authentication":"User not authenticated"}}`},
		{"wrong key", "GET", "/v2/nowhere", "", []string{"x-apikey", "x"}, 401, `{"errors":{"authentication":"User not authenticated"}}`},
		{"unknown user", "GET", "/v2/user/x", "", nil, 404, `{"errors":{"json":"Resource not found"}}`},
		{"unknown route", "PUT", "/v2/user/x", "", nil, 404, `{"errors":{"json":"Resource not found"}}`},
		{"no version", "GET", "/user/me", "", nil, 404, `{"errors":{"json":"Resource not found"}}`},
		{"another type", "POST", "/v2/user", valid, []string{"Content-Type", "text/plain"}, 415, `{"errors":{"json":"Unsupported media type. Please use application/json"}}`},
		{"no JSON", "POST", "/v2/user", "{", nil, 400, `{"errors":{"json":"The body is not a JSON object"}}`},
		{"null", "POST", "/v2/user", "null", nil, 400, `{"errors":{"json":"The body is not a JSON object"}}`},
		{"empty object", "POST", "/v2/user", "{}", nil, 400, `{"errors":{"json":{"email":"Missing data for required field","first_name":"Missing data for required field","last_name":"Missing data for required field"}}}`},
		{
			"wrong types and values", "POST", "/v2/user",
			`{"email":"ada","first_name":7,"last_name":null,"org_id":"7","accesses":[1],"business_ids":[1],"role":"PROVIDER","sidebar_pages":["x"],"status":"x","password":"x","lang":"FR","sso_only":"True","send_invitation":1}`,
			nil, 400,
			`{"errors":{"json":{"accesses":"Not a valid value","business_ids":"Not a valid value","email":"Not a valid email address","first_name":"Not a valid value","lang":"Not a valid choice",` +
				`"last_name":"May not be null","org_id":"Not a valid value","password":"Must have 8 characters, an upper-case, a lower-case and a special one","role":"Not a valid choice",` +
				`"send_invitation":"Not a valid value","sidebar_pages":"Not a valid choice","sso_only":"Not a valid value","status":"Not a valid choice"}}}`,
		},
		{"address taken, any case", "POST", "/v2/user", `{"email":"GRACE@example.com","first_name":"G","last_name":"H"}`, nil, 400, `{"errors":{"json":{"email":"This email is already used"}}}`},
		{"address of the key's user", "POST", "/v2/user", `{"email":"key@partootest.example","first_name":"G","last_name":"H"}`, nil, 400, `{"errors":{"json":{"email":"This email is already used"}}}`},
		{"address taken, update", "POST", "/v2/user/grace", `{"email":"linus@example.com"}`, nil, 400, `{"errors":{"json":{"email":"This email is already used"}}}`},
		{"null in an update", "POST", "/v2/user/grace", `{"custom_role":null}`, nil, 400, `{"errors":{"json":{"custom_role":"May not be null"}}}`},
		{"null among the accesses", "POST", "/v2/user/grace", `{"accesses":[null]}`, nil, 400, `{"errors":{"json":{"accesses":"May not contain null"}}}`},
		{"user of another organisation", "POST", "/v2/user/other", "{}", nil, 404, `{"errors":{"json":"Resource not found"}}`},
		{"the key's own user", "DELETE", "/v2/user/5309c3a237bbc54400000000", "", nil, 403, `{"errors":{"authorization":"Operation not allowed"}}`},
		{"bad query", "GET", "/v2/user/search?per_page=101&page=x&status=x&role=ORG_ADMIN,x&order_by=x&disabled=x", "", nil, 400,
			`{"errors":{"json":{"disabled":"Not a valid value","order_by":"Not a valid choice","page":"Not a valid value","per_page":"Must be 1 to 100","role":"Not a valid choice","status":"Not a valid choice"}}}`},
		{"bad query, me", "GET", "/v2/user/me?display_business_ids=x", "", nil, 400, `{"errors":{"json":{"display_business_ids":"Not a valid value"}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := partootest.NewServer()
			server.AddUser(partootest.User{ID: "grace", UserInput: partoo.UserInput{Email: "grace@example.com"}})
			server.AddUser(partootest.User{ID: "linus", UserInput: partoo.UserInput{Email: "linus@example.com"}})
			server.AddUser(partootest.User{ID: "other", UserInput: partoo.UserInput{Email: "other@example.com", OrgID: new(int64(1))}})
			before := server.Users()
			resp, body := send(t, server, tt.method, tt.path, tt.body, tt.headers...)
			assert.Equal(t, tt.status, resp.StatusCode)
			assert.Equal(t, tt.want, body)
			assert.Equal(t, before, server.Users(), "an error response changes nothing")
		})
	}
}
