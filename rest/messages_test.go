package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

// rejected returns the Error of a call that gets this response.
func rejected(t testing.TB, status int, body string) *rest.Error {
	t.Helper()
	return rejectedFor(t, rest.WithCall(t.Context(), rest.Call{Operation: "CreateUser", NoRetry: true, Secrets: []rest.Secret{"Pa55word!"}}), status, body)
}

func rejectedFor(t testing.TB, ctx context.Context, status int, body string) *rest.Error {
	t.Helper()
	sent := false
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		if sent {
			return reply(418, "sent twice"), nil
		}
		sent = true
		return reply(status, body), nil
	})
	_, err := client.Do(newRequest(t, ctx, "POST", "/user", `{}`))
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestErrorBodiesOfAllKnownFormats(t *testing.T) {
	tests := []struct {
		name, body, message string
		fields              map[string][]string
	}{
		{"Laravel", `{"message":"The given data was invalid.","errors":{"email":["has been taken","is odd"],"a.0":["b"]}}`,
			"The given data was invalid.", map[string][]string{"email": {"has been taken", "is odd"}, "a.0": {"b"}}},
		{"Laravel with an empty message", `{"message":""}`, "", nil},
		{"DRF detail", `{"detail":"Invalid token."}`, "Invalid token.", nil},
		{"DRF fields", `{"email":["must be unique"],"user_id":["may not be blank","is short"]}`, "",
			map[string][]string{"email": {"must be unique"}, "user_id": {"may not be blank", "is short"}}},
		{"DRF nested", `{"company":{"name":["required"]},"tags":[{"name":["long"]}]}`, "",
			map[string][]string{"company.name": {"required"}, "tags.name": {"long"}}},
		{"DRF without a field", `{"non_field_errors":["Invalid data."]}`, "Invalid data.", nil},
		{"DRF field called message", `{"message":["required"]}`, "", map[string][]string{"message": {"required"}}},
		{"Partoo errors.json object", `{"errors":{"json":{"email":["taken"],"lang":"unknown"}}}`, "",
			map[string][]string{"email": {"taken"}, "lang": {"unknown"}}},
		{"Partoo error.json object", `{"error":{"json":{"email":"taken"}}}`, "", map[string][]string{"email": {"taken"}}},
		{"Partoo json string", `{"errors":{"json":"Resource not found"}}`, "Resource not found", nil},
		{"Partoo authentication", `{"errors":{"authentication":"User not authenticated"}}`, "User not authenticated", nil},
		{"Partoo authorization", `{"error":{"authorization":"Operation not allowed"}}`, "Operation not allowed", nil},
		{"error as a string", `{"error":"no"}`, "no", nil},
		{"list of errors", `{"errors":["one",{"message":"two"},3]}`, "one; two", nil},
		{"JSON:API", `{"errors":[{"status":"422","title":"Invalid","detail":"email is taken"},{"title":"name is short"}]}`, "email is taken; name is short", nil},
		{"NestJS", `{"statusCode":400,"message":["email must be an email"],"error":"Bad Request"}`, "Bad Request; email must be an email", nil},
		{"problem details", `{"type":"about:blank","title":"Invalid","detail":"email is taken"}`, "email is taken", nil},
		{"DRF list", `["email is taken","name is short"]`, "email is taken; name is short", nil},
		{"DRF list of objects", `[{},{"email":["is taken"]}]`, "", map[string][]string{"email": {"is taken"}}},
		{"string", `"email is taken"`, "email is taken", nil},
		{"plain text", "upstream connect error\nreset before headers\n", "upstream connect error reset before headers", nil},
		{"byte order mark", "\ufeff{\"detail\":\"email is taken\"}", "email is taken", nil},
		{"binary", "\x1f\x8b\xff", "", nil},
		{"HTML", `<html><body>502</body></html>`, "", nil},
		{"list", `[1,2]`, "", nil},
		{"null", `null`, "", nil},
		{"empty", ``, "", nil},
		{"null field", `{"errors":{"email":null}}`, "", nil},
		{"truncated", `{"message":"x`, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, status := range []int{400, 422} {
				e := rejected(t, status, tt.body)
				assert.Equal(t, tt.message, e.Message)
				assert.Equal(t, tt.fields, e.Fields)
				assert.Equal(t, tt.body, string(e.Body))
				assert.ErrorIs(t, e, rest.ErrInvalid)
			}
		})
	}
}

func TestErrorMessagesAreBoundedAndSingleLine(t *testing.T) {
	e := rejected(t, 400, `{"message":"a\nb\u2028c\u0000d `+strings.Repeat("é", 1000)+`"}`)
	assert.True(t, strings.HasPrefix(e.Message, "a b c d é"))
	assert.Less(t, len(e.Message), 320)

	var many strings.Builder
	for range 10_000 {
		many.WriteString(`"x",`)
	}
	e = rejected(t, 400, `{"errors":{"email":[`+strings.TrimSuffix(many.String(), ",")+`]}}`)
	assert.LessOrEqual(t, len(e.Fields["email"]), 100)

	e = rejected(t, 400, `{"errors":`+strings.Repeat(`{"a":`, 50)+`"deep"`+strings.Repeat(`}`, 50)+`}`)
	assert.Empty(t, e.Fields)
}

func TestErrorMessagesRedactSecrets(t *testing.T) {
	e := rejected(t, 400, `{"message":"key `+testKey+`","errors":{"password":["Pa55word! is weak"],"Pa55word!":["x"]}}`)
	assert.Equal(t, "key [redacted]", e.Message)
	assert.Equal(t, map[string][]string{"password": {"[redacted] is weak"}, "[redacted]": {"x"}}, e.Fields)
}

// Servers quote JSON that they cannot read.
func TestErrorsDoNotRepeatSecretsAsJSON(t *testing.T) {
	const password = "Pa\"55<w\\ord>&"
	ctx := rest.WithCall(t.Context(), rest.Call{Secrets: []rest.Secret{password, "", "\""}})
	for name, encode := range map[string]func(any) string{
		"Go": func(v any) string { text, _ := json.Marshal(v); return string(text) },
		"other encoders": func(v any) string {
			var text strings.Builder
			encoder := json.NewEncoder(&text)
			encoder.SetEscapeHTML(false)
			require.NoError(t, encoder.Encode(v))
			return text.String()
		},
	} {
		body, err := json.Marshal(map[string]string{"message": "cannot read " + encode(map[string]string{"p": password})})
		require.NoError(t, err)
		assert.NotContains(t, rejectedFor(t, ctx, 400, string(body)).Message, "55", name)
	}
}

// A lookup during an upsert has a Call of its own.
func TestWithCallKeepsSecretsOfOuterCall(t *testing.T) {
	outer := rest.WithCall(t.Context(), rest.Call{Secrets: []rest.Secret{"Pa55word!"}})
	e := rejectedFor(t, rest.WithCall(outer, rest.Call{Operation: "FindUser", Secrets: []rest.Secret{"0ther-secret"}}), 400, `{"message":"Pa55word! 0ther-secret"}`)
	assert.Equal(t, "[redacted] [redacted]", e.Message)
	assert.Equal(t, "FindUser", e.Operation)
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{`{"message":"m","errors":{"a":["b"]}}`, `{"errors":{"json":{}}}`, `[]`, `{"detail":1}`, "\xff", `{"":[""]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := rejected(t, 400, body)
		assert.NotContains(t, e.Error(), "\n")
		assert.LessOrEqual(t, len(e.Message), 700)
	})
}
