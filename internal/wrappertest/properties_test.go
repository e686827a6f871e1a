package wrappertest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// call is a method of a wrapper, given everything it takes.
type call struct {
	method string
	send   func(t *testing.T, options ...rest.Option) error
	// unset lists the properties that the method does not set, with the reason.
	unset map[string]string
}

// calls holds the operations that take a body, and the methods that send it.
var calls = map[string][]call{
	"identifai.createOrUpdateUser": {{method: "UpsertUser", send: upsertIdentifai}},
	"identifai.sendCreationEmail": {{method: "SendCreationEmail", send: func(t *testing.T, options ...rest.Option) error {
		_, err := must(identifai.New("key", options...)).SendCreationEmail(t.Context(), 7)
		return err
	}}},
	"partoo.createUser": {
		{method: "UpsertUser", send: upsertPartoo},
		{method: "CreateUser", send: func(t *testing.T, options ...rest.Option) error {
			_, err := must(partoo.New("key", options...)).CreateUser(t.Context(), sample[partoo.CreateUserRequest](t, "partoo", "createUser"))
			return err
		}},
	},
	"partoo.updateUser": {{method: "UpdateUser", send: func(t *testing.T, options ...rest.Option) error {
		return must(partoo.New("key", options...)).UpdateUser(t.Context(), "x", sample[partoo.UpdateUserRequest](t, "partoo", "updateUser"))
	}}},
	"usercom.updateOrCreateUser": {{method: "UpsertUser", send: upsertUserCom}},
	"usercom.updateUser": {{method: "UpdateUser", send: func(t *testing.T, options ...rest.Option) error {
		_, err := must(usercom.New("app", "key", options...)).UpdateUser(t.Context(), 7, sample[usercom.UpdateUserRequest](t, "usercom", "updateUser"))
		return err
	}}},
	"usercom.setAttribute": {{method: "SetAttribute", send: func(t *testing.T, options ...rest.Option) error {
		return must(usercom.New("app", "key", options...)).SetAttribute(t.Context(), 7, "plan", "gold")
	}}},
	// Its properties are the caller's own.
	"usercom.setMultipleAttributes": {{method: "SetAttributes", send: func(t *testing.T, options ...rest.Option) error {
		return must(usercom.New("app", "key", options...)).SetAttributes(t.Context(), 7, map[string]any{})
	}}},
}

func TestEveryPropertyCanBeSet(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, provider := range spectest.Providers(t) {
		for _, item := range spectest.Load(t, provider).Paths.Map() {
			for _, operation := range item.Operations() {
				if operation.RequestBody == nil {
					continue
				}
				name := provider + "." + operation.OperationID
				seen[name] = true
				want := properties(bodyOf(operation))
				for _, c := range calls[name] {
					got := sent(t, c)
					for property := range want {
						_, excused := c.unset[property]
						assert.NotEqual(t, excused, slices.Contains(got, property), "%s does not set %s of %s: give its input a field, or a reason in calls", c.method, property, name)
					}
				}
			}
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(calls)), slices.Collect(maps.Keys(seen)), "operations with a body, and calls that send one")
}

// Proof that a field which nobody sends is found.
func TestPropertyThatIsNotSentIsDetected(t *testing.T) {
	t.Parallel()
	got := sent(t, call{send: func(t *testing.T, options ...rest.Option) error {
		_, err := must(usercom.New("app", "key", options...)).UpsertUser(t.Context(), usercom.UserInput{UserID: "u"})
		return err
	}})
	assert.Equal(t, []string{"user_id"}, got)
}

func upsertIdentifai(t *testing.T, options ...rest.Option) error {
	u := identifai.UserInput{
		ID: new(int64(7)), Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1, Password: "Sup3r-secret",
		Readonly: new(true), Newsletter: new(true), SaveFiles: new(true),
	}
	full(t, u)
	_, err := must(identifai.New("key", options...)).UpsertUser(t.Context(), u)
	return err
}

func upsertPartoo(t *testing.T, options ...rest.Option) error {
	var u partoo.UserInput
	fieldstest.Fill(t, &u)
	_, err := must(partoo.New("key", options...)).UpsertUser(t.Context(), u)
	return err
}

func upsertUserCom(t *testing.T, options ...rest.Option) error {
	u := usercom.UserInput{
		UserID: "u", Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", PhoneNumber: "+390612345678",
		Gender: usercom.GenderFemale, Status: usercom.UserStatusUser, City: "Rome", Region: "Lazio", Country: "Italy", Timezone: "Europe/Rome",
		CompanyID: "c", AssignedTo: 1, Score: new(int64(1)), Notifications: new(true), Unsubscribed: new(true),
		FacebookURL: "https://example.com", GoogleURL: "https://example.com", GravatarURL: "https://example.com",
		LinkedInURL: "https://example.com", TwitterURL: "https://example.com", Attributes: map[string]any{},
		Tags: []string{"vip"},
	}
	full(t, u)
	u.Tags = nil // version 2 only
	_, err := must(usercom.New("app", "key", options...)).UpsertUser(t.Context(), u)
	return err
}

// full fails when a field of an input is not set.
func full(t *testing.T, input any) {
	t.Helper()
	for v, i := reflect.ValueOf(input), 0; i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), "%s.%s is not set in this test", v.Type(), v.Type().Field(i).Name)
	}
}

func must[T any](client T, err error) T {
	if err != nil {
		panic(err)
	}
	return client
}

// sample is a request with everything in it that the document allows.
func sample[T any](t *testing.T, provider, operationID string) (request T) {
	t.Helper()
	for _, item := range spectest.Load(t, provider).Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == operationID {
				values := make(map[string]any)
				for name, schema := range properties(bodyOf(operation)) {
					values[name] = value(schema)
				}
				text, err := json.Marshal(values)
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(text, &request))
			}
		}
	}
	return request
}

func bodyOf(operation *openapi3.Operation) *openapi3.Schema {
	for _, media := range operation.RequestBody.Value.Content {
		if forms := media.Schema.Value.AnyOf; len(forms) > 0 {
			return forms[0].Value // package usercom tests the other form
		}
		return media.Schema.Value
	}
	return nil
}

func properties(schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := make(map[string]*openapi3.Schema)
	for _, part := range schema.AllOf {
		maps.Copy(all, properties(part.Value))
	}
	for name, property := range schema.Properties {
		all[name] = property.Value
	}
	return all
}

func value(schema *openapi3.Schema) any {
	for _, part := range schema.AllOf {
		return value(part.Value)
	}
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("array"):
		return []any{value(schema.Items.Value)}
	case schema.Type.Is("boolean"):
		return true
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 7
	case schema.Format == "email":
		return "ada@example.com"
	case schema.Format == "password":
		return "Sup3r-secret"
	}
	return "+390612345678" // a text that telephone numbers may be
}

// sent makes a call and returns the names in the body of the last write.
func sent(t *testing.T, c call) []string {
	t.Helper()
	server := &recorder{t: t}
	require.NoError(t, c.send(t, rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, server)})), c.method)
	return server.names
}

// recorder answers every request with something all clients can read.
type recorder struct {
	t     *testing.T
	names []string
}

const answer = `{"id": %, "created": true, "status": "success", "data": {"id": 7, "name": "Ada", "email": "ada@example.com"},
	"page": 1, "max_page": 1, "count": 0, "users": []}`

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		r.names = namesIn(r.t, req)
	}
	id := "7"
	if strings.Contains(req.URL.Host, "partoo") {
		id = `"x"`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(strings.Replace(answer, "%", id, 1))),
	}, nil
}

func namesIn(t *testing.T, req *http.Request) (names []string) {
	body, err := io.ReadAll(req.Body)
	assert.NoError(t, err)
	kind, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	assert.NoError(t, err)
	if kind == "application/json" {
		var fields map[string]any
		assert.NoError(t, json.Unmarshal(body, &fields))
		return slices.Sorted(maps.Keys(fields))
	}
	form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(1 << 20)
	if assert.NoError(t, err) {
		names = slices.Sorted(maps.Keys(form.Value))
	}
	return names
}
