package spectest_test

import (
	"bytes"
	"cmp"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type exchange struct {
	name     string
	provider string
	method   string
	url      string
	key      string
	accept   string
	form     map[string]string
	body     string
	status   int
	header   http.Header
	response string
	// want is part of every reported problem. If it is empty, no problem is expected.
	want string
}

var keys = map[string]string{"identifai": "X-Api-Key", "partoo": "x-APIKey", "usercom": "Authorization"}

var credentials = map[string]string{"identifai": "k", "partoo": "k", "usercom": "Token k"}

func (x exchange) request(t *testing.T) *http.Request {
	t.Helper()
	body, contentType := io.Reader(strings.NewReader(x.body)), "application/json"
	switch {
	case x.form != nil:
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		for name, value := range x.form {
			require.NoError(t, w.WriteField(name, value))
		}
		require.NoError(t, w.Close())
		body, contentType = &form, w.FormDataContentType()
	case x.body == "":
		body, contentType = nil, ""
	}
	req, err := http.NewRequest(cmp.Or(x.method, http.MethodPost), x.url, body)
	require.NoError(t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", cmp.Or(x.accept, "application/json"))
	if key := cmp.Or(x.key, credentials[x.provider]); key != "none" {
		req.Header.Set(keys[x.provider], key)
	}
	return req
}

const (
	ada       = `{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace"}`
	written   = `{"id":"5309c3a237bbc544d8e26737","status":"success"}`
	enveloped = `{"data":{"id":7,"name":"Ada","email":"ada@example.com","balance":null,"readonly":null,"pricing":null,"partner":null}}`
	upserted  = `{"created":true,"id":5577}`

	partooURL    = "https://api.partoo.co/v2/user"
	identifaiURL = "http://127.0.0.1:4711/api/partner/user"
	usercomURL   = "https://acme.user.com/api/public/users"
)

func form(changes ...string) map[string]string {
	fields := map[string]string{"id": "", "name": "Ada", "email": "ada@example.com", "heuristic": "Average", "pricing_id": "1"}
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i]] = changes[i+1]
	}
	return fields
}

func without(fields map[string]string, name string) map[string]string {
	delete(fields, name)
	return fields
}

var exchanges = []exchange{
	{name: "other host and charset", provider: "partoo", url: "http://localhost:1/v2/user", body: ada, status: 200, response: written,
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
	{name: "empty lists", provider: "partoo", url: partooURL + "/42", body: `{"accesses":[],"business_ids":[]}`, status: 200, response: written},
	{name: "error as text", provider: "partoo", url: partooURL, body: ada, status: 400, response: `{"errors":{"json":"bad"}}`},
	{name: "error as object", provider: "partoo", url: partooURL, body: ada, status: 400, response: `{"errors":{"json":{"email":["bad"]}}}`},
	{name: "rate limited", provider: "partoo", url: partooURL, body: ada, status: 429, response: "slow down", header: http.Header{"Retry-After": {"60"}}},
	{name: "Retry-After as date", provider: "partoo", url: partooURL, body: ada, status: 429, header: http.Header{"Retry-After": {"Wed, 21 Oct 2015 07:28:00 GMT"}}},

	{name: "booleans as digits", provider: "identifai", url: identifaiURL, form: form("readonly", "0", "newsletter", "1"), status: 200, response: enveloped},
	{name: "booleans as words", provider: "identifai", url: identifaiURL, form: form("readonly", "false", "newsletter", "true"), status: 200, response: enveloped},
	{name: "per_page as text", provider: "identifai", method: "GET", url: identifaiURL + "s?search=ada&page=1", status: 200,
		response: `{"current_page":1,"data":[],"from":null,"to":null,"last_page":1,"per_page":"15","next_page_url":null}`},
	{name: "plans without data", provider: "identifai", method: "GET", url: "https://h/api/partner/pricings", status: 200, response: `[{"id":1}]`},
	{name: "plans in data", provider: "identifai", method: "GET", url: "https://h/api/partner/pricings", status: 200, response: `{"data":[{"id":1}]}`},

	{name: "version 2", provider: "usercom", url: usercomURL + "/update_or_create/", accept: "*/*; version=2", body: `{"custom_id":"a","plan":"gold","tags":["x"]}`, status: 200, response: upserted},
	{name: "version 2", provider: "usercom", url: usercomURL + "/update_or_create/", accept: "application/json; version=2", body: `{"user_id":"a"}`, status: 200, response: upserted},
	{name: "error by field", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"user_id":"a"}`, status: 400, response: `{"email":["taken"]}`},
	{name: "error without field", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"user_id":"a"}`, status: 400, response: `{"detail":"no JSON"}`},
	{name: "list of users", provider: "usercom", method: "GET", url: usercomURL + "/search/?email=a%40b.co&many=true", status: 200, response: `[{"id":1}]`},
	{name: "custom attributes", provider: "usercom", url: usercomURL + "/1/set_multiple_attributes/", body: `{"plan":"gold","seats":3}`, status: 200},

	{name: "missing field", provider: "partoo", url: partooURL, body: `{"email":"ada@example.com","first_name":"Ada"}`, status: 200, response: written,
		want: `partoo createUser: request: body: /last_name`},
	{name: "wrong enum", provider: "partoo", url: partooURL, body: `{"email":"ada@example.com","first_name":"A","last_name":"L","lang":"tlh"}`, status: 200, response: written,
		want: `partoo createUser: request: body: /lang`},
	{name: "null", provider: "partoo", url: partooURL + "/42", body: `{"role":null}`, status: 200, response: written,
		want: `partoo updateUser: request: body: /role`},
	{name: "invalid email", provider: "partoo", url: partooURL, body: `{"email":"ada","first_name":"A","last_name":"L"}`, status: 200, response: written,
		want: `partoo createUser: request: body: /email`},
	{name: "short password", provider: "partoo", url: partooURL + "/42", body: `{"password":"Abc1!"}`, status: 200, response: written,
		want: `partoo updateUser: request: body: /password`},
	{name: "misspelt field", provider: "partoo", url: partooURL + "/42", body: `{"first_nam":"Ada"}`, status: 200, response: written,
		want: `partoo updateUser: request: body: /`},
	{name: "misspelt parameter", provider: "partoo", method: "GET", url: partooURL + "/search?emial=a%40b.co", status: 200,
		response: `{"page":1,"max_page":1,"count":0,"users":[]}`, want: `partoo searchUsers: request: query parameter "emial": not in the spec`},
	{name: "parameter out of range", provider: "partoo", method: "GET", url: partooURL + "/search?per_page=101", status: 200,
		response: `{"page":1,"max_page":1,"count":0,"users":[]}`, want: `partoo searchUsers: request: query parameter per_page`},
	{name: "missing key", provider: "partoo", url: partooURL, key: "none", body: ada, status: 200, response: written,
		want: `partoo createUser: request: header x-APIKey: the key is missing`},
	{name: "missing body", provider: "partoo", url: partooURL, status: 200, response: written,
		want: `partoo createUser: request: body: value is required but missing`},
	{name: "unexpected body", provider: "partoo", url: partooURL + "/42/invite", body: `{}`, status: 200, response: `{"status":"success"}`,
		want: `partoo inviteUser: request: body: request body not allowed`},
	{name: "wrong Accept", provider: "partoo", url: partooURL, accept: "*/*", body: ada, status: 200, response: written,
		want: `partoo createUser: request: header Accept: "*/*"`},
	{name: "missing base path", provider: "partoo", url: "https://api.partoo.co/user", body: ada, status: 200, response: written,
		want: `partoo: POST /user: not in the spec`},
	{name: "wrong method", provider: "partoo", method: "PATCH", url: partooURL + "/42", body: ada, status: 200, response: written,
		want: `partoo: PATCH /v2/user/42: not in the spec`},
	{name: "wrong type in the response", provider: "partoo", url: partooURL, body: ada, status: 200, response: `{"id":42,"status":"success"}`,
		want: `partoo createUser: response 200: body: /id`},
	{name: "missing field in the response", provider: "partoo", url: partooURL, body: ada, status: 200, response: `{"status":"success"}`,
		want: `partoo createUser: response 200: body: /id`},
	{name: "unknown enum value in the response", provider: "partoo", url: partooURL, body: ada, status: 200, response: `{"id":"a","status":"done"}`,
		want: `partoo createUser: response 200: body: /status`},
	{name: "undocumented status", provider: "partoo", url: partooURL, body: ada, status: 418, response: `{}`,
		want: `partoo createUser: response 418: status not in the spec`},
	{name: "redirect", provider: "partoo", url: partooURL, body: ada, status: 307,
		want: `partoo createUser: response 307: status not in the spec`},
	{name: "HTML", provider: "partoo", url: partooURL, body: ada, status: 400, response: `<html>`, header: http.Header{"Content-Type": {"text/html"}},
		want: `partoo createUser: response 400: body: response header Content-Type`},
	{name: "truncated JSON", provider: "partoo", url: partooURL, body: ada, status: 200, response: `{"id"`,
		want: `partoo createUser: response 200: body: `},
	{name: "error as number", provider: "partoo", url: partooURL, body: ada, status: 400, response: `{"errors":{"json":7}}`,
		want: `partoo createUser: response 400: body: /errors/json`},

	{name: "missing id", provider: "identifai", url: identifaiURL, form: without(form(), "id"), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: body: /id`},
	{name: "id as text", provider: "identifai", url: identifaiURL, form: form("id", "null"), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: body: path id`},
	{name: "boolean as yes", provider: "identifai", url: identifaiURL, form: form("readonly", "yes"), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: body: path readonly`},
	{name: "empty boolean", provider: "identifai", url: identifaiURL, form: form("readonly", ""), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: body: /readonly`},
	{name: "unknown part", provider: "identifai", url: identifaiURL, form: form("nam", "Ada"), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: body: part nam: undefined`},
	{name: "no key", provider: "identifai", url: identifaiURL, key: "none", form: form(), status: 200, response: enveloped,
		want: `identifai createOrUpdateUser: request: header X-Api-Key: the key is missing`},
	{name: "user without data", provider: "identifai", url: identifaiURL, form: form(), status: 200, response: `{"id":7,"name":"Ada","email":"a@b.co"}`,
		want: `identifai createOrUpdateUser: response 200: body: /data`},
	{name: "invalid time", provider: "identifai", url: identifaiURL, form: form(), status: 200,
		response: `{"data":{"id":7,"name":"Ada","email":"a@b.co","created_at":"yesterday"}}`,
		want:     `identifai createOrUpdateUser: response 200: body: /data/created_at`},

	{name: "neither a user nor a list", provider: "usercom", method: "GET", url: usercomURL + "/search/?email=a%40b.co", status: 200, response: `{"detail":"none"}`,
		want: `usercom searchUsers: response 200: body: /`},
	{name: "missing final slash", provider: "usercom", url: usercomURL + "/update_or_create", body: `{"user_id":"a"}`, status: 200, response: upserted,
		want: `usercom: POST /api/public/users/update_or_create: not in the spec`},
	{name: "custom attribute in the upsert", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"user_id":"a","plan":"gold"}`, status: 200, response: upserted,
		want: `usercom updateOrCreateUser: request: body: /: doesn't match any schema from "anyOf"`},
	{name: "unknown gender", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"user_id":"a","gender":9}`, status: 200, response: upserted,
		want: `usercom updateOrCreateUser: request: body: /: doesn't match any schema from "anyOf"`},
	{name: "custom attribute in the update", provider: "usercom", method: "PUT", url: usercomURL + "/1/", body: `{"plan":"gold"}`, status: 200, response: `{"id":1}`,
		want: `usercom updateUser: request: body: /: doesn't match all schemas from "allOf": /: property "plan" is unsupported`},
	{name: "name over the limit", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"custom_id":"a","first_name":"` + strings.Repeat("x", 41) + `"}`, status: 200, response: upserted,
		want: `usercom updateOrCreateUser: request: body: /: doesn't match any schema from "anyOf"`},
	{name: "key without Token", provider: "usercom", url: usercomURL + "/update_or_create/", key: "k", body: `{"user_id":"a"}`, status: 200, response: upserted,
		want: `usercom updateOrCreateUser: request: header Authorization: want "Token " and the key`},
	{name: "id as text in the path", provider: "usercom", method: "GET", url: usercomURL + "/me/", status: 200, response: `{"id":1}`,
		want: `usercom getUser: request: path parameter id`},
	{name: "invalid response", provider: "usercom", url: usercomURL + "/update_or_create/", body: `{"user_id":"a"}`, status: 200, response: `{"created":"yes","id":1}`,
		want: `usercom updateOrCreateUser: response 200: body: /created`},
}
