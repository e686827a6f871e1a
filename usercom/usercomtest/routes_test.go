package usercomtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestErrorResponses(t *testing.T) {
	const upsert = "POST /update_or_create/"
	tests := []struct {
		name, line, body string
		headers          []string
		status           int
		want             string
	}{
		{"no key", "GET /1/", "", []string{"Authorization", ""}, 401, `{"detail":"Authentication credentials were not provided."}`},
		{"wrong scheme", "GET /1/", "", []string{"Authorization", "Bearer " + usercomtest.Key}, 401, `{"detail":"Authentication credentials were not provided."}`},
		{"scheme without key", "GET /1/", "", []string{"Authorization", "Token"}, 401, `{"detail":"Invalid token header. No credentials provided."}`},
		{"space in the key", "GET /1/", "", []string{"Authorization", "Token a b"}, 401, `{"detail":"Invalid token header. Token string should not contain spaces."}`},
		{"wrong key", "GET /1/", "", []string{"Authorization", "Token wrong"}, 401, `{"detail":"Invalid token."}`},
		{"key before method", "PATCH /1/", "", []string{"Authorization", "Token wrong"}, 401, `{"detail":"Invalid token."}`},
		{"Accept", "GET /1/", "", []string{"Accept", "text/html"}, 406, `{"detail":"Could not satisfy the request Accept header."}`},
		{"version", "GET /1/", "", []string{"Accept", "*/*; version=3"}, 406, `{"detail":"Invalid version in \"Accept\" header."}`},
		{"tags not a list", upsert, `{"custom_id":"1","tags":"vip"}`, []string{"Accept", "*/*; version=2"}, 400, `{"tags":["Expected a list of items but got type \"string\"."]}`},
		{"tag not a text", upsert, `{"custom_id":"1","tags":[1]}`, []string{"Accept", "*/*; version=2"}, 400, `{"tags":["Not a valid string."]}`},
		{"method", "PATCH /1/", "", nil, 405, `{"detail":"Method \"PATCH\" not allowed."}`},
		{"no such user", "GET /2/", "", nil, 404, `{"detail":"Not found."}`},
		{"no id", "GET /x/", "", nil, 404, `{"detail":"Not found."}`},
		{"update unknown user", "PUT /2/", "{}", nil, 404, `{"detail":"Not found."}`},
		{"delete unknown user", "DELETE /2/", "", nil, 404, `{"detail":"Not found."}`},
		{"attribute of unknown user", "POST /2/set_attribute/", "{}", nil, 404, `{"detail":"Not found."}`},
		{"attributes of unknown user", "POST /2/set_multiple_attributes/", "{}", nil, 404, `{"detail":"Not found."}`},
		{"form", upsert, "user_id=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, `{"detail":"Unsupported media type \"application/x-www-form-urlencoded\" in request."}`},
		{"malformed", upsert, `{"user_id":`, nil, 400, `{"detail":"JSON parse error - unexpected EOF"}`},
		{"two values", upsert, `{} {}`, nil, 400, `{"detail":"JSON parse error - extra data"}`},
		{"list", upsert, `[]`, nil, 400, `{"non_field_errors":["Invalid data. Expected a dictionary."]}`},
		{"null", "PUT /1/", `null`, nil, 400, `{"non_field_errors":["Invalid data. Expected a dictionary."]}`},
		{"blank key", upsert, `{"user_id":" "}`, nil, 400, `{"user_id":["This field may not be blank."]}`},
		{"null key", upsert, `{"user_id":null}`, nil, 400, `{"user_id":["This field may not be null."]}`},
		{"several fields", upsert, `{"user_id":"1","email":"x","score":"x","unsubscribed":"maybe","city":[],"phone_number":"1"}`, nil, 400,
			`{"city":["Not a valid string."],"email":["Enter a valid email address."],"phone_number":["Enter a phone number in E.164."],` +
				`"score":["A valid integer is required."],"unsubscribed":["Must be a valid boolean."]}`},
		{"label of a choice", upsert, `{"user_id":"1","gender":"male","status":3}`, nil, 400, `{"gender":["\"male\" is not a valid choice."],"status":["\"3\" is not a valid choice."]}`},
		{"null boolean and choice", upsert, `{"user_id":"1","notifications":null,"gender":null}`, nil, 400,
			`{"gender":["This field may not be null."],"notifications":["This field may not be null."]}`},
		{"41 characters in version 2", "PUT /1/", `{"first_name":"` + strings.Repeat("é", 41) + `"}`, []string{"Accept", "*/*; version=2"}, 400, `{"first_name":["Ensure this field has no more than 40 characters."]}`},
		{"search without email", "GET /search/", "", nil, 400, `{"email":["This field is required."]}`},
		{"single without match", "GET /search/?email=x@example.com", "", nil, 404, `{"detail":"Not found."}`},
		{"list without match", "GET /search/?email=x@example.com&many=true", "", nil, 200, `[]`},
		{"attribute without fields", "POST /1/set_attribute/", `{}`, nil, 400, `{"attribute":["This field is required."],"value":["This field is required."]}`},
		{"attribute without a name", "POST /1/set_attribute/", `{"attribute":"","value":1}`, nil, 400, `{"attribute":["This field may not be blank."]}`},
		{"attribute by number", "POST /1/set_attribute/", `{"attribute":1,"value":1}`, nil, 400, `{"attribute":["Not a valid string."]}`},
		{"attributes not an object", "POST /1/set_multiple_attributes/", `[]`, nil, 400, `{"non_field_errors":["Invalid data. Expected a dictionary."]}`},
		{"attribute not an object", "POST /1/set_attribute/", `[]`, nil, 400, `{"non_field_errors":["Invalid data. Expected a dictionary."]}`},
		{"long name", "POST /1/set_multiple_attributes/", `{"` + strings.Repeat("é", 256) + `":1}`, nil, 400,
			`{"` + strings.Repeat("é", 256) + `":["Ensure this field has no more than 255 characters."]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := seeded()
			before := server.Users()
			got := send(t, server, tt.line, tt.body, tt.headers...)
			assert.Equal(t, tt.status, got.status)
			assert.Equal(t, tt.want, got.body)
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			assert.Equal(t, tt.status == 401, got.header.Get("WWW-Authenticate") == "Token")
			if tt.status == 405 {
				assert.Equal(t, "DELETE, GET, PUT", got.header.Get("Allow"))
			}
			assert.Equal(t, before, server.Users())
		})
	}
}

func TestURLWithoutSlashIsRedirected(t *testing.T) {
	server := seeded()
	got := send(t, server, "GET /search?email=ada%40example.com", "")
	assert.Equal(t, 301, got.status)
	assert.Equal(t, "/api/public/users/search/?email=ada%40example.com", got.header.Get("Location"))
	assert.Equal(t, 301, send(t, server, "POST /update_or_create", "{}", "Authorization", "").status)
	for _, line := range []string{"GET /1/unknown/", "GET /1/unknown", "GET /", "GET "} {
		got := send(t, server, line, "")
		assert.Equal(t, 404, got.status, line)
		assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"), line)
		assert.Contains(t, got.body, "<h1>Not Found</h1>", line)
	}
}

func TestAcceptAndSchemeAreReadLeniently(t *testing.T) {
	server := seeded()
	for _, accept := range []string{"", "*/*", "*/*; version=2", "application/json; version=2", "text/html, application/json;q=0.5", "application/*"} {
		assert.Equal(t, 200, send(t, server, "GET /1/", "", "Accept", accept).status, accept)
	}
	assert.Equal(t, 200, send(t, server, "GET /1/", "", "Authorization", "token "+usercomtest.Key).status)
}
