package identifaitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/identifai/identifaitest"
)

const (
	write = "POST /partner/user"
	mail  = "POST /partner/send_creation_email"
	list  = "GET /partner/users"
)

// invalid is the body of a validation error of one field.
func invalid(field, problem string) string {
	return `{"errors":{"` + field + `":["` + problem + `"]},"message":"The given data was invalid."}`
}

func TestErrorResponses(t *testing.T) {
	const unauthenticated = `{"message":"Unauthenticated."}`
	key := func(value string) []string { return []string{"X-Api-Key", value} }
	tests := []struct {
		name, line string
		form       []string
		headers    []string
		status     int
		want       string
	}{
		{"no key", write, create(), key(""), 401, unauthenticated},
		{"wrong key", "GET /user/credits", nil, key("x"), 401, unauthenticated},
		{"unknown route", "GET /partner", nil, nil, 404, `{"message":""}`},
		{"unknown route, no key", "GET /partner/user/1", nil, key(""), 404, `{"message":""}`},
		{"method", "GET /partner/user", nil, key(""), 405, `{"message":"The GET method is not supported for this route. Supported methods: POST."}`},
		{"method of a list", "DELETE /partner/users", nil, nil, 405, `{"message":"The DELETE method is not supported for this route. Supported methods: GET, HEAD."}`},
		{"no id", write, without(create(), "id"), nil, 422, invalid("id", "The id field must be present.")},
		{"id null", write, create("id", "null"), nil, 422, invalid("id", "The id must be an integer.")},
		{"id 1.0", write, create("id", "1.0"), nil, 422, invalid("id", "The id must be an integer.")},
		{"id 0", write, create("id", "0"), nil, 422, invalid("id", "The selected id is invalid.")},
		{"unknown id", write, create("id", "99"), nil, 422, invalid("id", "The selected id is invalid.")},
		{"no name", write, without(create(), "name"), nil, 422, invalid("name", "The name field is required.")},
		{"blank name", write, create("name", " \t"), nil, 422, invalid("name", "The name field is required.")},
		{"invalid email", write, create("email", "ada"), nil, 422, invalid("email", "The email must be a valid email address.")},
		{"taken email", write, create("email", "BOB@example.com"), nil, 422, invalid("email", "The email has already been taken.")},
		{"plan is text", write, create("pricing_id", "Pro"), nil, 422, invalid("pricing_id", "The pricing id must be an integer.")},
		{"unknown plan", write, create("pricing_id", "0"), nil, 422, invalid("pricing_id", "The selected pricing id is invalid.")},
		{"text for a boolean", write, create("readonly", "true"), nil, 422, invalid("readonly", "The readonly field must be true or false.")},
		{"empty boolean", write, create("save_files", ""), nil, 422, invalid("save_files", "The save files field must be true or false.")},
		{"email to unknown user", mail, []string{"id", "99"}, nil, 404, `{"message":"No query results for model [App\\Models\\User] 99"}`},
		{"email without id", mail, nil, nil, 422, invalid("id", "The id field is required.")},
		{"email with text id", mail, []string{"id", "bob"}, nil, 422, invalid("id", "The id must be an integer.")},
		{"direction", list + "?direction=up", nil, nil, 422, invalid("direction", "The selected direction is invalid.")},
		{"per_page", list + "?per_page=0", nil, nil, 422, invalid("per_page", "The per page must be at least 1.")},
		{"per_page is text", list + "?per_page=x", nil, nil, 422, invalid("per_page", "The per page must be an integer.")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := seeded()
			before := server.Users()
			got := send(t, server, tt.line, tt.form, tt.headers...)
			assert.Equal(t, tt.status, got.status)
			assert.Equal(t, tt.want, got.body)
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			assert.Equal(t, tt.status == http.StatusMethodNotAllowed, got.header.Get("Allow") != "")
			assert.Equal(t, before, server.Users())
			assert.Empty(t, server.EmailsSent())
		})
	}
}

func TestErrorsNameEveryField(t *testing.T) {
	got := send(t, seeded(identifaitest.WithInvalidStatus(400)), write, []string{"newsletter", "yes"})
	assert.Equal(t, 400, got.status)
	assert.Equal(t, `{"errors":{"email":["The email field is required."],"heuristic":["The heuristic field is required."],`+
		`"id":["The id field must be present."],"name":["The name field is required."],`+
		`"newsletter":["The newsletter field must be true or false."],"pricing_id":["The pricing id field is required."]},`+
		`"message":"The given data was invalid."}`, got.body)
}

// The client of this project always accepts JSON. Other clients get HTML errors.
func TestErrorsWithoutAcceptHeaderAreHTML(t *testing.T) {
	tests := []struct {
		name, line     string
		form           []string
		accept         string
		status         int
		location, page string
	}{
		{"invalid input", write, nil, "*/*", 302, "/", "Found"},
		{"invalid input, JSON second", write, nil, "text/html, application/json", 302, "/", "Found"},
		{"unknown user", mail, []string{"id", "99"}, "", 404, "", "Not Found"},
		{"method", "GET /partner/user", nil, "", 405, "", "Method Not Allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := send(t, seeded(), tt.line, tt.form, "Accept", tt.accept)
			assert.Equal(t, tt.status, got.status)
			assert.Equal(t, tt.location, got.header.Get("Location"))
			assert.Contains(t, got.body, "<h1>"+tt.page+"</h1>")
			assert.NotContains(t, got.body, "{")
			assert.Equal(t, "text/html; charset=UTF-8", got.header.Get("Content-Type"))
		})
	}
	got := send(t, seeded(), write, nil, "Accept", "", "Referer", "https://form.test/")
	assert.Equal(t, "https://form.test/", got.header.Get("Location"))
	assert.Equal(t, 500, send(t, seeded(), list, nil, "Accept", "", "X-Api-Key", "x").status)
	assert.Equal(t, 422, send(t, seeded(), write, nil, "Accept", "application/problem+json, text/html").status)

	success := send(t, seeded(), write, create(), "Accept", "")
	assert.Equal(t, 200, success.status)
	assert.Contains(t, success.body, `"id":2`, "successful responses are JSON")
}
