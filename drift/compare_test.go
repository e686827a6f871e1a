package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNothingChanged(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		v := newVendor(t, provider)
		for _, page := range keys(v.pages) {
			code, report := drift(t, provider, v.save(page)...)
			assert.Equal(t, exitSame, code, "%s: %+v", page, report)
		}
		code, report := drift(t, provider, v.save()...)
		assert.Equal(t, exitSame, code, "%+v", report)
		code, report = drift(t, provider, "-from", "../specs/"+provider+".yaml")
		assert.Equal(t, exitSame, code, "%+v", report)
	}
}

const (
	write1  = "POST /api/partner/user"
	mail    = "POST /api/partner/send_creation_email"
	create  = "POST /user"
	getUser = "GET /user/{user_id}"
	search  = "GET /user/search"
	upsert  = "POST /users/update_or_create/"
)

var (
	form     = []string{"paths", "/api/partner/user", "post", "requestBody", "content", "multipart/form-data", "schema"}
	jsonBody = []string{"paths", "/user", "post", "requestBody", "content", "application/json", "schema"}
)

func at(place []string, more ...string) []string { return append(slices.Clone(place), more...) }

// Each change is the only one, and the only one to be reported (or the list says
// which it brings along).
func TestSingleChanges(t *testing.T) {
	t.Parallel()
	text := map[string]any{"type": "string"}
	for _, c := range []struct {
		name, provider, page string
		change               func(map[string]any, string)
		place                []string
		want                 []string // group, place and change
	}{
		// 3.0
		{"type of a field", "identifai", write1, set("string"), at(form, "properties", "pricing_id", "type"), []string{
			"breaking: POST /api/partner/user, request multipart/form-data pricing_id: type integer removed",
			"breaking: POST /api/partner/user, request multipart/form-data pricing_id: type string added"}},
		{"format", "identifai", write1, gone, at(form, "properties", "email", "format"), []string{
			`breaking: POST /api/partner/user, request multipart/form-data email: format changed from "email" to ""`}},
		{"required now", "identifai", write1, with("readonly"), at(form, "required"), []string{
			"breaking: POST /api/partner/user, request multipart/form-data: readonly became required"}},
		{"optional now", "identifai", write1, without("heuristic"), at(form, "required"), []string{
			"additive: POST /api/partner/user, request multipart/form-data: heuristic became optional"}},
		{"null no more", "identifai", write1, gone, at(form, "properties", "id", "nullable"), []string{
			"breaking: POST /api/partner/user, request multipart/form-data id: must not be null"}},
		{"null in a request", "identifai", write1, set(true), at(form, "properties", "name", "nullable"), []string{
			"additive: POST /api/partner/user, request multipart/form-data name: may be null"}},
		{"null in answers", "identifai", write1, set(true), []string{"components", "schemas", "User", "properties", "name", "nullable"}, []string{
			"breaking: schema User name: may be null"}},
		{"no null in answers", "identifai", write1, gone, []string{"components", "schemas", "User", "properties", "zip", "nullable"}, []string{
			"additive: schema User zip: is never null"}},
		{"field in a request", "identifai", write1, set(text), at(form, "properties", "nickname"), []string{
			"additive: POST /api/partner/user, request multipart/form-data: field nickname added"}},
		{"field gone from a request", "identifai", write1, gone, at(form, "properties", "newsletter"), []string{
			"breaking: POST /api/partner/user, request multipart/form-data: field newsletter removed"}},
		{"field in answers", "identifai", write1, set(text), []string{"components", "schemas", "Pricing", "properties", "currency"}, []string{
			"additive: schema Pricing: field currency added"}},
		{"field gone from answers", "identifai", mail, gone, []string{"components", "schemas", "Pricing", "properties", "sku"}, []string{
			"breaking: schema Pricing: field sku removed"}},
		{"path", "identifai", write1, rename("/api/v2/partner/user"), []string{"paths", "/api/partner/user"}, []string{
			"breaking: POST /api/partner/user: is now POST /api/v2/partner/user"}},
		{"new status", "identifai", write1, set(map[string]any{"description": "x"}), []string{"paths", "/api/partner/user", "post", "responses", "422"}, []string{
			"additive: POST /api/partner/user: status 422 added"}},
		{"status of a success", "identifai", write1, rename("201"), []string{"paths", "/api/partner/user", "post", "responses", "200"}, []string{
			"breaking: POST /api/partner/user: status 200 removed", "additive: POST /api/partner/user: status 201 added"}},
		{"status of a refusal", "identifai", mail, gone, []string{"paths", "/api/partner/send_creation_email", "post", "responses", "404"}, []string{
			"documentation: POST /api/partner/send_creation_email: status 404 removed"}},
		{"security of an operation", "identifai", mail, gone, []string{"paths", "/api/partner/send_creation_email", "post", "security"}, []string{
			"breaking: POST /api/partner/send_creation_email: security alternative ApiKeyAuth removed", "breaking: POST /api/partner/send_creation_email: security list removed"}},
		{"security of all", "identifai", mail, set([]any{map[string]any{"ApiKeyAuth": []any{}}}), []string{"security"}, []string{
			"breaking: document: security alternative ApiKeyAuth added"}},
		{"header of the key", "identifai", mail, set("X-Key"), []string{"components", "securitySchemes", "ApiKeyAuth", "name"}, []string{
			`breaking: security scheme ApiKeyAuth: name changed from "X-Api-Key" to "X-Key"`}},
		{"server", "identifai", mail, set([]any{map[string]any{"url": "https://api.identifai.net"}}), []string{"servers"}, []string{
			"breaking: document: server https://backend.identifai.net removed", "additive: document: server https://api.identifai.net added"}},
		{"new operation beside", "identifai", write1, set(map[string]any{"responses": map[string]any{"200": map[string]any{"description": "x"}}}),
			[]string{"paths", "/api/partner/user", "delete"}, []string{"additive: DELETE /api/partner/user: new operation"}},
		{"new operation elsewhere", "identifai", write1, set(map[string]any{"get": map[string]any{"responses": map[string]any{"200": map[string]any{"description": "x"}}}}),
			[]string{"paths", "/api/other"}, []string{"additive: GET /api/other: new operation"}},
		{"body optional", "identifai", write1, gone, []string{"paths", "/api/partner/user", "post", "requestBody", "required"}, []string{
			"additive: POST /api/partner/user, request: became optional"}},
		{"body of another kind", "identifai", write1, rename("application/json"), []string{"paths", "/api/partner/user", "post", "requestBody", "content", "multipart/form-data"}, []string{
			"breaking: POST /api/partner/user, request: content multipart/form-data removed", "additive: POST /api/partner/user, request: content application/json added"}},
		{"version", "identifai", write1, set("1.1.0"), []string{"info", "version"}, []string{
			`documentation: document: version changed from "1.0.0" to "1.1.0"`}},
		// 3.1
		{"enum value", "partoo", create, with("tlh"), []string{"components", "schemas", "Lang", "enum"}, []string{
			`additive: schema Lang: value "tlh" added`}},
		{"enum value gone", "partoo", create, without("de"), []string{"components", "schemas", "Lang", "enum"}, []string{
			`breaking: schema Lang: value "de" removed`}},
		{"type", "partoo", create, set("string"), []string{"components", "schemas", "UserCreateUpdateOrgId", "type"}, []string{
			"breaking: schema UserCreateUpdateOrgId: type integer removed", "breaking: schema UserCreateUpdateOrgId: type string added"}},
		{"null in an answer, 3.1", "partoo", getUser, set([]any{"string", "null"}), []string{"components", "schemas", "User", "properties", "provider", "type"}, []string{
			"breaking: schema User provider: may be null"}},
		{"null in a request, 3.1", "partoo", create, set([]any{"string", "null"}), []string{"components", "schemas", "CustomRoleApiId", "type"}, []string{
			"additive: schema CustomRoleApiId: may be null"}},
		{"shorter", "partoo", create, set(12), []string{"components", "schemas", "Password", "minLength"}, []string{
			"breaking: schema Password: minLength changed from 8 to 12"}},
		{"limit gone", "partoo", create, gone, []string{"components", "schemas", "Password", "minLength"}, []string{
			"additive: schema Password: minLength changed from 8 to 0"}},
		{"items", "partoo", create, set("string"), []string{"components", "schemas", "accesses", "items", "items", "type"}, []string{
			"breaking: schema accesses [][]: type integer removed", "breaking: schema accesses [][]: type string added"}},
		{"default", "partoo", create, set(true), []string{"components", "schemas", "SsoOnly", "default"}, []string{
			"breaking: schema SsoOnly: default changed from false to true"}},
		{"deprecated", "partoo", create, set(true), at(jsonBody, "properties", "business_ids", "deprecated"), []string{
			"documentation: POST /user, request application/json business_ids: deprecated changed from false to true"}},
		{"operation id", "partoo", create, set("makeUser"), []string{"paths", "/user", "post", "operationId"}, []string{
			`documentation: POST /user: operationId changed from "createUser" to "makeUser"`}},
		{"path, by operation id", "partoo", create, rename("/members"), []string{"paths", "/user"}, []string{
			"breaking: POST /user: is now POST /members"}},
		{"method, by operation id", "partoo", create, rename("put"), []string{"paths", "/user", "post"}, []string{
			"breaking: POST /user: is now PUT /user"}},
		{"parameter", "partoo", search, with(map[string]any{"name": "last_name", "in": "query", "schema": text}), []string{"paths", "/user/search", "get", "parameters"}, []string{
			"additive: GET /user/search, parameter query: parameter last_name added"}},
		{"required parameter", "partoo", search, with(map[string]any{"name": "org", "in": "query", "required": true, "schema": text}), []string{"paths", "/user/search", "get", "parameters"}, []string{
			"breaking: GET /user/search, parameter query: required parameter org added"}},
		{"alternative of items", "partoo", create, with("payments"), []string{"components", "schemas", "SidebarPagesFeatureEnum", "enum"}, []string{
			`additive: schema SidebarPagesFeatureEnum: value "payments" added`}},
		{"limit", "usercom", upsert, set(30), []string{"components", "schemas", "UpdateOrCreateUserV2Request", "properties", "last_name", "maxLength"}, []string{
			"breaking: schema UpdateOrCreateUserV2Request last_name: maxLength changed from 40 to 30"}},
		{"answer field optional", "usercom", upsert, without("created"), []string{"components", "schemas", "UpdateOrCreateUserResult", "required"}, []string{
			"breaking: schema UpdateOrCreateUserResult: created may be missing"}},
		{"header", "usercom", upsert, gone, []string{"components", "responses", "TooManyRequests", "headers", "Retry-After"}, []string{
			"breaking: POST /users/update_or_create/, answer 429: header Retry-After removed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, c.provider)
			v.edit(c.page, c.change, c.place...)
			announced := c.page
			if _, moved := v.pages[c.page]["paths"].(map[string]any); moved && slices.Contains([]string{"path", "path, by operation id", "method, by operation id"}, c.name) {
				announced = firstOperation(v.pages[c.page])
			}
			page := write(t, t.TempDir(), "page.md", v.block(announced, c.page))

			code, report := drift(t, c.provider, "-from", page)

			assert.Equal(t, exitChanged, code)
			assert.Empty(t, report.Problems)
			assert.Empty(t, report.Contradictions)
			var got []string
			for _, change := range report.Changes {
				got = append(got, string(change.Group)+": "+change.Place+": "+change.What)
				assert.NotEmpty(t, change.Consequence)
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

func firstOperation(page map[string]any) string {
	for path, item := range page["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			return method + " " + path
		}
	}
	return ""
}

// Words, examples, extensions and order.
func TestWhatNeverCounts(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	page := v.pages[create]
	schemas := page["components"].(map[string]any)["schemas"].(map[string]any)
	lang := schemas["Lang"].(map[string]any)
	lang["description"], lang["example"], lang["title"], lang["x-new"] = "other words", "en", "A title", 1
	slices.Reverse(lang["enum"].([]any))
	operation := page["paths"].(map[string]any)["/user"].(map[string]any)["post"].(map[string]any)
	operation["summary"], operation["description"] = "other", "words"
	page["info"].(map[string]any)["description"] = "new"
	page["info"].(map[string]any)["title"] = "New title"
	slices.Reverse(page["servers"].([]any))
	v.edit(create, func(at map[string]any, key string) { slices.Reverse(at[key].([]any)) }, at(jsonBody, "required")...)

	code, report := drift(t, "partoo", v.save(create)...)

	assert.Equal(t, exitSame, code, "%+v", report)
}

func TestWholeDocumentsTellWhatIsGone(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	delete(v.pages, getUser)
	docs := make([]*document, 0, len(v.pages))
	for _, page := range keys(v.pages) {
		d, err := parsePage(page, v.text(page))
		require.NoError(t, err)
		docs = append(docs, d)
	}
	units, contradictions := merge(docs)
	require.Empty(t, contradictions)
	whole := write(t, t.TempDir(), "openapi.json", canonical(join(units)))

	code, report := drift(t, "partoo", "-from", whole)

	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1, "%+v", report)
	assert.Equal(t, Breaking, report.Changes[0].Group)
	assert.Equal(t, getUser, report.Changes[0].Place)
	assert.Equal(t, "operation removed", report.Changes[0].What)
	assert.Equal(t, "reference-page", report.Changes[0].Ours)
}

func TestSharedSchemaIsReportedOnceWithItsOperations(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	for _, page := range keys(v.pages) {
		if schemas, ok := v.pages[page]["components"].(map[string]any)["schemas"].(map[string]any); ok {
			if lang, ok := schemas["Lang"].(map[string]any); ok {
				lang["enum"] = append(slices.Clone(lang["enum"].([]any)), "tlh")
			}
		}
	}
	_, report := drift(t, "partoo", v.save()...)
	require.Len(t, report.Changes, 1, "%+v", report.Changes)
	assert.ElementsMatch(t, []string{"GET /user/me", search, getUser, create, "POST /user/{user_id}"}, report.Changes[0].Operations)
}
