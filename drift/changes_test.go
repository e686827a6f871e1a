package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	write1  = "POST /api/partner/user"
	mail    = "POST /api/partner/send_creation_email"
	create  = "POST /user"
	getUser = "GET /user/{user_id}"
	search  = "GET /user/search"
	upsert  = "POST /users/update_or_create/"
)

// Places of the specs, as keys separated by spaces.
const (
	form       = "paths /api/partner/user post requestBody content multipart/form-data schema"
	user       = "components schemas User properties"
	writeOp    = "paths /api/partner/user post"
	mailOp     = "paths /api/partner/send_creation_email post"
	createOp   = "paths /user post"
	createJSON = "paths /user post requestBody content application/json schema"
	searchOp   = "paths /user/search get"
	upsertOp   = "paths /users/update_or_create/ post"
	upsertBody = "components schemas UpdateOrCreateUserRequest properties"
)

type object = map[string]any

// change is one edit of a vendor's document.
type change struct {
	edit  func(map[string]any, string)
	place string
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func allOf(schemas ...any) object { return object{"allOf": schemas} }

var (
	textSchema = object{"type": "string"}
	newStatus  = object{"200": object{"description": "x"}}
	newOp      = object{"responses": newStatus}
)

// wrapRef gives a property that is a reference the form allOf, with more fields.
func wrapRef(more object) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		wrapped := object{"allOf": []any{at[key]}}
		maps.Copy(wrapped, more)
		at[key] = wrapped
	}
}

// rebase removes a prefix from all paths.
func rebase(prefix string) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		paths := make(object)
		for path, item := range at[key].(object) {
			paths[strings.TrimPrefix(path, prefix)] = item
		}
		at[key] = paths
	}
}

// toComponent replaces a value by a reference; hoist adds the component.
func toComponent(kind, name string) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		at[key] = object{"$ref": "#/components/" + kind + "/" + name, "moved": at[key], "kind": kind, "as": name}
	}
}

func hoist(value any, components object) {
	switch value := value.(type) {
	case []any:
		for _, inner := range value {
			hoist(inner, components)
		}
	case object:
		if moved := value["moved"]; moved != nil {
			kind := value["kind"].(string)
			if components[kind] == nil {
				components[kind] = make(object)
			}
			components[kind].(object)[value["as"].(string)] = moved
			delete(value, "moved")
			delete(value, "kind")
			delete(value, "as")
		}
		for _, inner := range value {
			hoist(inner, components)
		}
	}
}

func reversed(at map[string]any, key string) { slices.Reverse(at[key].([]any)) }

// withoutParameter removes the parameter of a name.
func withoutParameter(name string) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		at[key] = slices.DeleteFunc(at[key].([]any), func(p any) bool { return p.(object)["name"] == name })
	}
}

// preparedChanges are edits of a whole document of the vendor's.
var preparedChanges = []struct {
	name, provider string
	changes        []change
	want           []string // group, place and change
}{
	// Documents that describe the same requests and responses.
	{"allOf around a reference", "partoo", []change{{wrapRef(nil), createJSON + " properties lang"}}, nil},
	{"description next to a reference", "partoo", []change{{set(object{"$ref": "#/components/schemas/Lang", "description": "x"}), createJSON + " properties lang"}}, nil},
	{"anyOf with one alternative", "partoo", []change{{set(object{"anyOf": []any{ref("Lang")}}), createJSON + " properties lang"}}, nil},
	{"allOf of a base and an extension", "identifai", []change{{set(allOf(object{"type": "object", "required": []any{"id"}, "properties": object{"id": object{"type": "integer"}}})), mailOp + " requestBody content multipart/form-data schema"}}, nil},
	{"inline in place of a reference", "partoo", []change{{set(object{"type": "string", "minLength": 8, "format": "password"}), createJSON + " properties password"}}, nil},
	{"renamed component", "partoo", []change{{rename("Locale"), "components schemas Lang"}, {set(ref("Locale")), createJSON + " properties lang"}, {set(ref("Locale")), "components schemas UpdateUserRequest properties lang"}, {set(ref("Locale")), user + " lang"}}, nil},
	{"body as a component", "partoo", []change{{toComponent("requestBodies", "Create"), createOp + " requestBody"}}, nil},
	{"schema as a component", "partoo", []change{{toComponent("schemas", "Create"), createJSON}}, nil},
	{"parameter as a component", "identifai", []change{{toComponent("schemas", "Search"), "paths /api/partner/users get parameters 0 schema"}}, nil},
	{"nullable as a type list", "usercom", []change{{set([]any{"string", "null"}), user + " key type"}, {drop, user + " key nullable"}}, nil},
	{"nullable as oneOf", "usercom", []change{{set(object{"oneOf": []any{object{"type": "string"}, object{"type": "null"}}}), user + " key"}}, nil},
	{"nullable reference as anyOf", "usercom", []change{{set(object{"anyOf": []any{ref("UserStatusName"), object{"type": "null"}}}), user + " status"}}, nil},
	{"nullable next to a reference", "usercom", []change{{set(object{"$ref": "#/components/schemas/UserStatusName", "nullable": true}), user + " status"}}, nil},
	{"enum with null", "usercom", []change{{set(object{"type": []any{"string", "null"}, "enum": []any{"visitor", "user", nil}}), user + " status"}}, nil},
	{"OpenAPI 3.1", "identifai", []change{{set("3.1.0"), "openapi"}, {set([]any{"integer", "null"}), form + " properties id type"}, {drop, form + " properties id nullable"}}, nil},
	{"const in place of enum", "partoo", []change{{set(object{"const": "success"}), "components schemas RequestStatus"}}, nil},
	{"enum without a type", "partoo", []change{{drop, "components schemas Lang type"}}, nil},
	{"oneOf of constants", "usercom", []change{{set(object{"oneOf": []any{object{"const": "user"}, object{"const": "visitor"}}}), "components schemas UserStatusName"}}, nil},
	{"type that was implied", "partoo", []change{{set("object"), "components responses 400 content application/json schema type"}}, nil},
	{"additionalProperties allowed", "partoo", []change{{set(true), createJSON + " additionalProperties"}}, nil},
	{"range 2XX", "partoo", []change{{rename("2XX"), createOp + " responses 200"}}, nil},
	{"range 4XX", "usercom", []change{{rename("4XX"), "paths /users/{id}/ get responses 401"}, {drop, "paths /users/{id}/ get responses 403"}, {drop, "paths /users/{id}/ get responses 404"}}, nil},
	{"default response", "identifai", []change{{rename("default"), writeOp + " responses 200"}}, nil},
	{"parameters of the operation", "partoo", []change{
		{with(object{"name": "user_id", "in": "path", "required": true, "schema": ref("UserId")}), "paths /user/{user_id} get parameters"},
		{with(object{"name": "user_id", "in": "path", "required": true, "schema": ref("UserId")}), "paths /user/{user_id} post parameters"},
		{with(object{"name": "user_id", "in": "path", "required": true, "schema": ref("UserId")}), "paths /user/{user_id} delete parameters"},
		{drop, "paths /user/{user_id} parameters"}}, nil},
	{"names of path parameters", "partoo", []change{{rename("/user/{id}"), "paths /user/{user_id}"}, {set("id"), "paths /user/{id} parameters 0 name"}}, nil},
	{"style that is the default", "partoo", []change{{set("form"), searchOp + " parameters 0 style"}, {set(true), searchOp + " parameters 0 explode"}}, nil},
	{"explode of a plain value", "partoo", []change{{set(false), searchOp + " parameters 0 explode"}}, nil},
	{"required false", "identifai", []change{{set(false), "paths /api/partner/users get parameters 0 required"}}, nil},
	{"server with a trailing slash", "partoo", []change{{set("https://api.partoo.co/v2/"), "servers 0 url"}}, nil},
	{"server in capitals and with a port", "identifai", []change{{set("https://BACKEND.identifai.net:443"), "servers 0 url"}}, nil},
	{"server with a variable", "partoo", []change{{set(object{"url": "https://api.partoo.co/{version}", "variables": object{"version": object{"default": "v2"}}}), "servers 0"}}, nil},
	{"other name of a server variable", "usercom", []change{{set([]any{object{"url": "https://{app}.user.com/api/public", "variables": object{"app": object{"default": "acme"}}}}), "servers"}}, nil},
	{"base path in the paths", "identifai", []change{{set("https://backend.identifai.net/api"), "servers 0 url"}, {rebase("/api"), "paths"}}, nil},
	{"servers of the operation are the same", "identifai", []change{{set([]any{object{"url": "https://backend.identifai.net"}}), mailOp + " servers"}}, nil},
	{"security of the operation is the same", "partoo", []change{{set([]any{object{"ApiKeyAuth": []any{}}}), createOp + " security"}}, nil},
	{"security as a mapping", "identifai", []change{{set(object{}), "security"}}, nil},
	{"no security as an empty alternative", "identifai", []change{{set([]any{object{}}), "security"}}, nil},
	{"name of the security scheme", "identifai", []change{{rename("Key"), "components securitySchemes ApiKeyAuth"}, {set([]any{object{"Key": []any{}}}), mailOp + " security"}, {set([]any{object{"Key": []any{}}}), "paths /api/partner/users get security"}, {set([]any{object{"Key": []any{}}}), "paths /api/partner/pricings get security"}, {set([]any{object{"Key": []any{}}}), "paths /api/user/credits get security"}}, nil},
	{"header of the key in capitals", "identifai", []change{{set("X-API-KEY"), "components securitySchemes ApiKeyAuth name"}}, nil},
	{"format int64", "identifai", []change{{set("int64"), user + " id format"}}, nil},
	{"format password", "identifai", []change{{drop, form + " properties password format"}}, nil},
	{"readOnly in a response", "partoo", []change{{set(true), user + " created_at readOnly"}}, nil},
	{"writeOnly in a request", "partoo", []change{{set(object{"type": "boolean", "default": false, "writeOnly": true}), createJSON + " properties send_invitation"}}, nil},
	{"limits that allow anything", "usercom", []change{{set(0), upsertBody + " city minLength"}}, nil},
	{"media type with a parameter", "partoo", []change{{rename("Application/JSON; charset=utf-8"), createOp + " requestBody content application/json"}}, nil},
	{"encoding that is the default", "identifai", []change{{set(object{"name": object{"contentType": "text/plain"}}), "paths /api/partner/user post requestBody content multipart/form-data encoding"}}, nil},
	{"header name in capitals", "usercom", []change{{rename("RETRY-AFTER"), "components responses TooManyRequests headers Retry-After"}}, nil},
	{"ignored header parameter", "partoo", []change{{with(object{"name": "Accept", "in": "header", "schema": textSchema}), searchOp + " parameters"}}, nil},
	{"descriptions, examples and order", "partoo", []change{{set("x"), "components schemas Lang description"}, {set("en"), "components schemas Lang example"}, {set("x"), "components schemas Lang title"}, {reversed, "components schemas Lang enum"}, {reversed, createJSON + " required"}, {reversed, "servers"}, {reversed, searchOp + " parameters"}, {set(1), "components schemas Lang x-new"}, {set("x"), "info title"}, {set("x"), createOp + " summary"}}, nil},
	{"example value", "identifai", []change{{set(7), writeOp + " responses 200 content application/json example data id"}}, nil},
	{"unused component", "partoo", []change{{set(textSchema), "components schemas Unused"}}, nil},
	{"list envelope as allOf", "partoo", []change{{set(allOf(ref("ListResult"), object{"type": "object", "properties": object{"users": object{"type": "array", "items": ref("User")}}})), "components schemas UserPage"}, {set(object{"type": "object", "properties": object{"page": object{"type": "integer"}, "max_page": object{"type": "integer"}, "count": object{"type": "integer"}}}), "components schemas ListResult"}}, nil},
	{"extended component", "partoo", []change{{set(allOf(ref("User"))), "components schemas UserWithFeatures"}, {set(ref("UserWithFeatures")), "paths /user/{user_id} get responses 200 content application/json schema"}}, nil},
	{"circular allOf", "partoo", []change{{set(allOf(object{"$ref": "#/components/schemas/UserId"}, object{"$ref": "#/components/schemas/Loop"})), "components schemas Loop"}, {set(ref("Loop")), user + " id"}}, nil},
	{"reference into a path", "partoo", []change{{set(object{"$ref": "#/paths/~1user~1{user_id}/post/responses/200/content/application~1json/schema"}), createOp + " responses 200 content application/json schema"}}, nil},
	{"response as a component", "identifai", []change{{toComponent("responses", "Unauthorized"), writeOp + " responses 401"}}, nil},
	{"nullable enum with null in the list", "usercom", []change{{set(object{"type": "string", "nullable": true, "enum": []any{"visitor", "user", nil}}), user + " status"}}, nil},
	{"null alternative of 3.0", "usercom", []change{{set(object{"anyOf": []any{object{"type": "string"}, object{"enum": []any{nil}, "nullable": true}}}), user + " key"}}, nil},
	{"required that is empty", "usercom", []change{{set([]any{}), "components schemas UpdateOrCreateUserRequest required"}}, nil},
	{"additionalProperties of any kind", "usercom", []change{{set(object{}), "components schemas UpdateOrCreateUserRequest additionalProperties"}}, nil},
	{"exclusive minimum of 3.1", "partoo", []change{{set(object{"type": "integer", "minimum": 1, "exclusiveMinimum": false}), searchOp + " parameters 7 schema"}}, nil},
	{"license and contact", "partoo", []change{{set(object{"name": "x"}), "info contact"}, {drop, "info license"}}, nil},
	{"extensions and links to documentation", "partoo", []change{{set(object{"url": "https://example.com"}), createOp + " externalDocs"}, {set(true), createOp + " x-beta"}}, nil},
	// Operations, servers and security.
	{"operation removed", "partoo", []change{{drop, "paths /user/{user_id} get"}}, []string{
		"breaking: GET /user/{user_id}: operation removed"}},
	{"operation deprecated", "partoo", []change{{set(true), createOp + " deprecated"}}, []string{
		"documentation: POST /user: deprecated"}},
	{"operation added in scope", "partoo", []change{{set(newOp), "paths /user/{user_id} put"}}, []string{
		"additive: PUT /user/{user_id}: new operation"}},
	{"known operation", "partoo", []change{{set(object{"get": newOp, "post": newOp}), "paths /user/{user_id}/preferences"}}, nil},
	{"operation added out of scope", "partoo", []change{{set(object{"get": newOp}), "paths /business"}}, nil},
	{"upsert of users out of scope", "partoo", []change{{set(object{"put": newOp}), "paths /v3/users"}}, []string{
		"additive: PUT /v3/users: new operation that upserts or deletes users"}},
	{"deletion of users out of scope", "identifai", []change{{set(object{"delete": newOp}), "paths /v2/partners/{id}/users/{user}"}}, []string{
		"additive: DELETE /v2/partners/{id}/users/{user}: new operation that upserts or deletes users"}},
	{"path", "identifai", []change{{rename("/api/v2/partner/user"), "paths /api/partner/user"}}, []string{
		"breaking: POST /api/partner/user: is now POST /api/v2/partner/user"}},
	{"path and a field", "identifai", []change{{set(textSchema), form + " properties nickname"}, {rename("/api/v2/partner/user"), "paths /api/partner/user"}}, []string{
		"additive: POST /api/partner/user, request multipart/form-data: field nickname added",
		"breaking: POST /api/partner/user: is now POST /api/v2/partner/user"}},
	{"path, by operation id", "partoo", []change{{rename("/members"), "paths /user"}}, []string{
		"breaking: POST /user: is now POST /members"}},
	{"method, by operation id", "partoo", []change{{rename("put"), createOp}}, []string{
		"breaking: POST /user: is now PUT /user"}},
	{"method without operation id", "identifai", []change{{rename("put"), mailOp}}, []string{
		"breaking: POST /api/partner/send_creation_email: is now PUT /api/partner/send_creation_email"}},
	{"trailing slash of a path", "usercom", []change{{rename("/users/update_or_create"), "paths /users/update_or_create/"}}, []string{
		"breaking: POST /users/update_or_create/: is now POST /users/update_or_create"}},
	{"operation id", "partoo", []change{{set("makeUser"), createOp + " operationId"}}, []string{
		`documentation: POST /user: operationId changed from "createUser" to "makeUser"`}},
	{"server", "identifai", []change{{set([]any{object{"url": "https://api.identifai.net"}}), "servers"}}, []string{
		"additive: document: server https://api.identifai.net added",
		"breaking: document: server https://backend.identifai.net removed"}},
	{"server added", "identifai", []change{{with(object{"url": "https://api.identifai.net"}), "servers"}}, []string{
		"additive: document: server https://api.identifai.net added"}},
	{"server of an operation", "identifai", []change{{set([]any{object{"url": "https://write.identifai.net"}}), writeOp + " servers"}}, []string{
		"breaking: POST /api/partner/user, servers: server changed from https://backend.identifai.net to https://write.identifai.net"}},
	{"server of a path", "partoo", []change{{set([]any{object{"url": "https://users.partoo.co/v2"}}), "paths /user/{user_id} servers"}}, []string{
		"breaking: path /user/{user_id}, servers: server changed from https://api.partoo.co/v2, https://api.sandbox.partoo.co/v2 to https://users.partoo.co/v2"}},
	{"version of the server", "partoo", []change{{set("https://api.partoo.co/v3"), "servers 0 url"}}, []string{
		"additive: document: server https://api.partoo.co/v3 added",
		"breaking: document: server https://api.partoo.co/v2 removed"}},
	{"security of an operation", "identifai", []change{{drop, mailOp + " security"}}, []string{
		"check by hand: POST /api/partner/send_creation_email: security changed from ApiKeyAuth to none"}},
	{"security optional", "partoo", []change{{with(object{}), "security"}}, []string{
		"documentation: document: security changed from ApiKeyAuth to none or ApiKeyAuth"}},
	{"other scheme", "partoo", []change{{set([]any{object{"Bearer": []any{}}}), "security"}, {set(object{"type": "http", "scheme": "bearer"}), "components securitySchemes Bearer"}}, []string{
		"additive: document: scheme Bearer added",
		"breaking: document: security changed from ApiKeyAuth to new scheme Bearer"}},
	{"further scheme", "partoo", []change{{with(object{"Bearer": []any{}}), "security"}, {set(object{"type": "http", "scheme": "bearer"}), "components securitySchemes Bearer"}}, []string{
		"additive: document: scheme Bearer added",
		"documentation: document: security changed from ApiKeyAuth to ApiKeyAuth or new scheme Bearer"}},
	{"two schemes together", "partoo", []change{{set([]any{object{"ApiKeyAuth": []any{}, "Tenant": []any{}}}), "security"}, {set(object{"type": "apiKey", "in": "header", "name": "X-Tenant"}), "components securitySchemes Tenant"}}, []string{
		"additive: document: scheme Tenant added",
		"breaking: document: security changed from ApiKeyAuth to ApiKeyAuth and new scheme Tenant"}},
	{"header of the key", "identifai", []change{{set("X-Key"), "components securitySchemes ApiKeyAuth name"}}, []string{
		"breaking: security scheme ApiKeyAuth: changed from apiKey header x-api-key to apiKey header x-key"}},
	{"key in the query", "partoo", []change{{set("query"), "components securitySchemes ApiKeyAuth in"}}, []string{
		"breaking: security scheme ApiKeyAuth: changed from apiKey header x-apikey to apiKey query x-APIKey"}},
	{"version", "identifai", []change{{set("1.1.0"), "info version"}}, []string{
		`documentation: document: version changed from "1.0.0" to "1.1.0"`}},
	// Requests.
	{"type of a field", "identifai", []change{{set("string"), form + " properties pricing_id type"}}, []string{
		"breaking: POST /api/partner/user, request multipart/form-data pricing_id: type changed from integer to string"}},
	{"wider type", "identifai", []change{{set("number"), form + " properties pricing_id type"}}, []string{
		"additive: POST /api/partner/user, request multipart/form-data pricing_id: type changed from integer to number"}},
	{"format", "identifai", []change{{drop, form + " properties email format"}}, []string{
		`breaking: POST /api/partner/user, request multipart/form-data email: format changed from "email" to none`}},
	{"required now", "identifai", []change{{with("readonly"), form + " required"}}, []string{
		"breaking: POST /api/partner/user, request multipart/form-data: readonly became required"}},
	{"optional now", "identifai", []change{{without("heuristic"), form + " required"}}, []string{
		"additive: POST /api/partner/user, request multipart/form-data: heuristic became optional"}},
	{"null no more", "identifai", []change{{drop, form + " properties id nullable"}}, []string{
		"breaking: POST /api/partner/user, request multipart/form-data id: must not be null"}},
	{"null now", "identifai", []change{{set(true), form + " properties name nullable"}}, []string{
		"additive: POST /api/partner/user, request multipart/form-data name: may be null"}},
	{"null now, 3.1", "partoo", []change{{set([]any{"string", "null"}), "components schemas CustomRoleApiId type"}}, []string{
		"breaking: schema CustomRoleApiId: may be null"}},
	{"field", "identifai", []change{{set(textSchema), form + " properties nickname"}}, []string{
		"additive: POST /api/partner/user, request multipart/form-data: field nickname added"}},
	{"required field", "partoo", []change{{set(textSchema), createJSON + " properties nickname"}, {with("nickname"), createJSON + " required"}}, []string{
		"breaking: POST /user, request application/json: required field nickname added"}},
	{"field removed", "identifai", []change{{drop, form + " properties newsletter"}}, []string{
		"breaking: POST /api/partner/user, request multipart/form-data: field newsletter removed"}},
	{"field that is read only", "partoo", []change{{set(true), createJSON + " properties business_ids readOnly"}}, []string{
		"breaking: POST /user, request application/json: field business_ids became readOnly"}},
	{"reference deprecated", "partoo", []change{{wrapRef(object{"deprecated": true}), createJSON + " properties role"}}, []string{
		"documentation: POST /user, request application/json role: deprecated"}},
	{"reference deprecated, 3.1", "partoo", []change{{set(object{"$ref": "#/components/schemas/RoleWithoutProvider", "deprecated": true}), createJSON + " properties role"}}, []string{
		"documentation: POST /user, request application/json role: deprecated"}},
	{"field deprecated", "partoo", []change{{set(true), createJSON + " properties business_ids deprecated"}}, []string{
		"documentation: POST /user, request application/json business_ids: deprecated"}},
	{"several values of an enum", "partoo", []change{{set([]any{"en", "fr", "tlh"}), "components schemas Lang enum"}}, []string{
		`breaking: schema Lang: values "es", "it", "pt-br", "de", "ar", "nl", "pl", "cs", "ca", "sk", "pt", "lv", "ro", "bg", "hu" removed, value "tlh" added`}},
	{"value of an enum removed", "partoo", []change{{without("fr"), "components schemas Lang enum"}}, []string{
		`breaking: schema Lang: value "fr" removed`}},
	{"value of an enum added", "partoo", []change{{with("tlh"), "components schemas Lang enum"}}, []string{
		`additive: schema Lang: value "tlh" added`}},
	{"value removed and the enum inlined", "partoo", []change{{set(object{"type": "string", "enum": []any{"active"}}), createJSON + " properties status"}}, []string{
		`breaking: POST /user, request application/json status: value "invited" removed`}},
	{"enum", "usercom", []change{{set([]any{"Berlin", "Paris"}), upsertBody + " city enum"}}, []string{
		`breaking: schema UpdateOrCreateUserRequest city: only listed values are allowed: values "Berlin", "Paris"`}},
	{"longer minimum", "partoo", []change{{set(12), "components schemas Password minLength"}}, []string{
		"breaking: schema Password: minLength changed from 8 to 12"}},
	{"minimum removed", "partoo", []change{{drop, "components schemas Password minLength"}}, []string{
		"additive: schema Password: minLength changed from 8 to none"}},
	{"shorter maximum", "usercom", []change{{set(30), "components schemas UpdateOrCreateUserV2Request properties last_name maxLength"}}, []string{
		"breaking: schema UpdateOrCreateUserV2Request last_name: maxLength changed from 40 to 30"}},
	{"pattern", "usercom", []change{{set("^[A-Z]"), upsertBody + " city pattern"}}, []string{
		`breaking: schema UpdateOrCreateUserRequest city: pattern changed from none to "^[A-Z]"`}},
	{"items", "partoo", []change{{set("string"), "components schemas accesses items items type"}}, []string{
		"breaking: schema accesses [][]: type changed from integer to string"}},
	{"default", "partoo", []change{{set(true), "components schemas SsoOnly default"}}, []string{
		"breaking: schema SsoOnly: default changed from false to true"}},
	{"anyOf on the body", "usercom", []change{{set([]any{object{"required": []any{"user_id"}}, object{"required": []any{"email"}}}), "components schemas UpdateOrCreateUserRequest anyOf"}}, []string{
		"breaking: schema UpdateOrCreateUserRequest: alternative with user_id, with email added"}},
	{"oneOf on a field", "partoo", []change{{set(object{"oneOf": []any{object{"type": "string", "maxLength": 5}, object{"type": "object"}}}), createJSON + " properties email"}}, []string{
		"breaking: POST /user, request application/json email: alternative string, object added"}},
	{"no further fields", "usercom", []change{{set(false), "components schemas UpdateOrCreateUserRequest additionalProperties"}}, []string{
		"breaking: schema UpdateOrCreateUserRequest: additionalProperties are not allowed"}},
	{"body optional", "identifai", []change{{drop, "paths /api/partner/user post requestBody required"}}, []string{
		"additive: POST /api/partner/user, request: became optional"}},
	{"body of another type", "identifai", []change{{rename("application/json"), "paths /api/partner/user post requestBody content multipart/form-data"}}, []string{
		"breaking: POST /api/partner/user, request: content type changed from multipart/form-data to application/json"}},
	{"body of a further type", "identifai", []change{{set(object{"schema": object{"type": "object"}}), "paths /api/partner/user post requestBody content application/json"}}, []string{
		"additive: POST /api/partner/user, request: content type application/json added"}},
	{"body removed", "identifai", []change{{drop, mailOp + " requestBody"}}, []string{
		"breaking: POST /api/partner/send_creation_email, request: body removed"}},
	{"body added", "partoo", []change{{set(object{"content": object{"application/json": object{"schema": textSchema}}}), "paths /user/{user_id}/invite post requestBody"}}, []string{
		"additive: POST /user/{user_id}/invite, request: body added"}},
	{"encoding of a part", "identifai", []change{{set(object{"name": object{"contentType": "application/json"}}), "paths /api/partner/user post requestBody content multipart/form-data encoding"}}, []string{
		`breaking: POST /api/partner/user, request multipart/form-data name: encoding changed from the default to {"contentType":"application/json"}`}},
	{"parameter", "partoo", []change{{with(object{"name": "last_name", "in": "query", "schema": textSchema}), searchOp + " parameters"}}, []string{
		"additive: GET /user/search, parameter query: parameter last_name added"}},
	{"required parameter", "partoo", []change{{with(object{"name": "org", "in": "query", "required": true, "schema": textSchema}), searchOp + " parameters"}}, []string{
		"breaking: GET /user/search, parameter query: required parameter org added"}},
	{"parameter removed that no wrapper sends", "partoo", []change{{drop, "paths /user/{user_id} get parameters"}}, nil},
	{"parameter removed", "identifai", []change{{withoutParameter("pricing_id"), "paths /api/partner/users get parameters"}}, []string{
		"breaking: GET /api/partner/users, parameter query: parameter pricing_id removed"}},
	{"parameter moved", "partoo", []change{{set("header"), searchOp + " parameters 1 in"}}, []string{
		"breaking: GET /user/search: parameter org_id moved from query to header"}},
	{"parameter with another style", "partoo", []change{{set(true), searchOp + " parameters 5 explode"}}, []string{
		"breaking: GET /user/search, parameter query role: style changed from form to form, explode"}},
	{"limit of a parameter", "partoo", []change{{set(50), searchOp + " parameters 8 schema maximum"}}, []string{
		"breaking: GET /user/search, parameter query per_page: maximum changed from 100 to 50"}},
	{"new alternatives of plain types", "partoo", []change{{set(object{"oneOf": []any{object{"type": "string", "format": "email"}, object{"type": "integer"}}}), createJSON + " properties email"}}, []string{
		"breaking: POST /user, request application/json email: alternative string, integer added"}},
	{"type list", "partoo", []change{{set([]any{"integer", "string"}), "components schemas UserCreateUpdateOrgId type"}}, []string{
		"breaking: schema UserCreateUpdateOrgId: type changed from integer to integer or string"}},
	{"field renamed", "partoo", []change{{rename("language"), createJSON + " properties lang"}}, []string{
		"additive: POST /user, request application/json: field language added",
		"breaking: POST /user, request application/json: field lang removed"}},
	{"limit and default of a parameter", "partoo", []change{{set(20), searchOp + " parameters 8 schema default"}}, []string{
		"breaking: GET /user/search, parameter query per_page: default changed from none to 20"}},
	{"parameter deprecated", "partoo", []change{{set(true), searchOp + " parameters 2 deprecated"}}, []string{
		"documentation: GET /user/search, parameter query query: deprecated"}},
	// Responses.
	{"field in responses", "identifai", []change{{set(textSchema), "components schemas Pricing properties currency"}}, []string{
		"additive: schema Pricing: field currency added"}},
	{"field removed from responses", "identifai", []change{{drop, "components schemas Pricing properties sku"}}, []string{
		"breaking: schema Pricing: field sku removed"}},
	{"field removed from one response", "partoo", []change{{set(object{"type": "object", "properties": object{"id": ref("UserId")}}), createOp + " responses 200 content application/json schema"}}, []string{
		"breaking: POST /user, response 200 application/json: field status removed"}},
	{"null in responses", "identifai", []change{{set(true), user + " name nullable"}}, []string{
		"breaking: schema User name: may be null"}},
	{"null in responses, 3.1", "partoo", []change{{set([]any{"string", "null"}), user + " provider type"}}, []string{
		"breaking: schema User provider: may be null"}},
	{"no null in responses", "identifai", []change{{drop, user + " zip nullable"}}, []string{
		"additive: schema User zip: is never null"}},
	{"type in responses", "partoo", []change{{set("string"), user + " created_at type"}}, []string{
		"breaking: schema User created_at: type changed from number to string"}},
	{"field may be missing", "usercom", []change{{without("created"), "components schemas UpdateOrCreateUserResult required"}}, []string{
		"breaking: schema UpdateOrCreateUserResult: created may be missing"}},
	{"field is always present", "usercom", []change{{with("email"), "components schemas User required"}}, []string{
		"additive: schema User: email is always present"}},
	{"value removed from responses", "partoo", []change{{without("posts"), "components schemas AvailableFeature enum"}}, []string{
		`documentation: schema AvailableFeature: value "posts" removed`}},
	{"value added in responses", "usercom", []change{{with("lead"), "components schemas UserStatusName enum"}}, []string{
		`additive: schema UserStatusName: value "lead" added`}},
	{"another component", "identifai", []change{{set(ref("Pricing")), mailOp + " responses 200 content application/json schema"}}, []string{
		"breaking: POST /api/partner/send_creation_email, response 200 application/json: schema Pricing instead of User: field address removed; field balance removed; field city removed; field contact removed; 13 more"}},
	{"list in place of an object", "partoo", []change{{set(object{"type": "array", "items": ref("User")}), "paths /user/{user_id} get responses 200 content application/json schema"}}, []string{
		"breaking: GET /user/{user_id}, response 200 application/json: type changed from object to array"}},
	{"envelope", "partoo", []change{{set(object{"type": "object", "properties": object{"data": ref("User")}}), "paths /user/{user_id} get responses 200 content application/json schema"}}, []string{
		"breaking: GET /user/{user_id}, response 200 application/json: now inside the field data"}},
	{"schema removed", "usercom", []change{{drop, upsertOp + " responses 200 content application/json schema"}}, []string{
		"breaking: POST /users/update_or_create/, response 200 application/json: schema removed"}},
	{"body removed", "usercom", []change{{drop, upsertOp + " responses 200 content"}}, []string{
		"breaking: POST /users/update_or_create/, response 200: content type application/json removed"}},
	{"content type", "partoo", []change{{rename("text/html"), "paths /user/{user_id} get responses 200 content application/json"}}, []string{
		"breaking: GET /user/{user_id}, response 200: content type changed from application/json to text/html"}},
	{"success removed", "usercom", []change{{drop, upsertOp + " responses 200"}}, []string{
		"breaking: POST /users/update_or_create/: status 200 removed"}},
	{"success with another status", "identifai", []change{{rename("202"), writeOp + " responses 200"}}, []string{
		"additive: POST /api/partner/user: status 202 added",
		"breaking: POST /api/partner/user: status 200 removed"}},
	{"error status", "usercom", []change{{set(object{"description": "x"}), upsertOp + " responses 409"}}, []string{
		"additive: POST /users/update_or_create/: status 409 added"}},
	{"error status removed", "identifai", []change{{drop, mailOp + " responses 404"}}, []string{
		"documentation: POST /api/partner/send_creation_email: status 404 removed"}},
	{"field of errors", "usercom", []change{{rename("message"), "components schemas Error properties detail"}}, []string{
		"check by hand: schema Error: fields detail replaced by message"}},
	{"header removed", "usercom", []change{{drop, "components responses TooManyRequests headers Retry-After"}}, []string{
		"breaking: response TooManyRequests: header retry-after removed"}},
	{"header added", "usercom", []change{{set(object{"schema": textSchema}), "components responses TooManyRequests headers X-Limit"}}, []string{
		"additive: response TooManyRequests: header x-limit added"}},
	{"type of a header", "usercom", []change{{set("integer"), "components responses TooManyRequests headers Retry-After schema type"}}, []string{
		"documentation: response TooManyRequests header retry-after: type changed from string to integer"}},
	{"callback and webhook", "usercom", []change{{set(object{"done": object{}}), upsertOp + " callbacks"}, {set(object{"user": object{}}), "webhooks"}}, []string{
		"additive: POST /users/update_or_create/: callback done added",
		"additive: document: webhook user added"}},
	// Examples and corrections of the overlay.
	{"example without its envelope", "identifai", []change{{set(object{"id": 1, "name": "x"}), mailOp + " responses 200 content application/json example"}}, []string{
		"check by hand: POST /api/partner/send_creation_email, response 200 application/json: the example is now without an envelope, it was in the envelope data"}},
	{"example with an envelope", "partoo", []change{{set(object{"data": object{"id": "x"}}), createOp + " responses 200 content application/json example"}}, []string{
		"check by hand: POST /user, response 200 application/json: the example is now in the envelope data, it was without an envelope"}},
	{"error example of another shape", "identifai", []change{{set(object{"error": object{"code": 429}}), writeOp + " responses 429 content application/json example"}}, []string{
		"check by hand: POST /api/partner/user, response 429 application/json: the example has another shape: error object instead of message string"}},
	{"error example with other values", "identifai", []change{{set(object{"message": "Slow down."}), writeOp + " responses 429 content application/json example"}}, nil},
	{"correction adopted: null", "identifai", []change{{set(true), user + " balance nullable"}, {set(true), user + " readonly nullable"}, {set(true), user + " email_verified_at nullable"}}, []string{
		"documentation: schema User balance: may be null",
		"documentation: schema User email_verified_at: may be null",
		"documentation: schema User readonly: may be null"}},
	{"correction adopted in part", "identifai", []change{{set(true), user + " balance nullable"}}, []string{
		"documentation: schema User balance: may be null"}},
	{"correction adopted: envelope", "identifai", []change{{set(object{"type": "object", "required": []any{"data"}, "properties": object{"data": ref("User")}}), writeOp + " responses 200 content application/json schema"}, {set(object{"type": "object", "required": []any{"data"}, "properties": object{"data": ref("User")}}), mailOp + " responses 200 content application/json schema"}}, []string{
		"documentation: POST /api/partner/send_creation_email, response 200 application/json: now inside the field data",
		"documentation: POST /api/partner/user, response 200 application/json: now inside the field data"}},
	{"correction adopted: status", "identifai", []change{{set(object{"description": "x", "content": object{"application/json": object{"schema": object{"type": "object", "properties": object{"message": textSchema, "errors": object{"type": "object", "additionalProperties": object{"type": "array", "items": textSchema}}}}}}}), writeOp + " responses 422"}}, []string{
		"documentation: POST /api/partner/user: status 422 added"}},
	{"correction adopted: operation id", "partoo", []change{{set("inviteUser"), "paths /user/{user_id}/invite post operationId"}}, []string{
		`documentation: POST /user/{user_id}/invite: operationId changed from "reinviteUser" to "inviteUser"`}},
}

// editedDocument is the vendor's document after the edits.
func editedDocument(t *testing.T, provider string, changes []change) string {
	t.Helper()
	document := specDocument(t, provider)
	for _, change := range changes {
		edit(t, document, change.edit, strings.Fields(change.place)...)
	}
	hoist(document["paths"], document["components"].(object))
	return write(t, t.TempDir(), "openapi.json", canonical(document))
}

// TestChanges expects the listed changes of each document and no others. Nothing
// is expected of documents that describe the same requests and responses in
// another form.
func TestChanges(t *testing.T) {
	t.Parallel()
	for _, c := range preparedChanges {
		t.Run(c.provider+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			code, report := drift(t, c.provider, "--from", editedDocument(t, c.provider, c.changes))

			var got []string
			for _, change := range report.Changes {
				got = append(got, string(change.Group)+": "+change.Place+": "+change.What)
				assert.NotEmpty(t, change.Impact)
			}
			assert.Empty(t, report.Problems)
			assert.ElementsMatch(t, c.want, got)
			assert.Equal(t, min(len(c.want), 1), code)
		})
	}
}
