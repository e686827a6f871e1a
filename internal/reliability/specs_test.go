package reliability

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// differences are the differences between responses of the fakes and the specs as
// published, and why the fakes are right. Our overlays correct each of them. Requests
// match the published specs.
var differences = map[string]string{
	"identifai createOrUpdateUser 422: status not in the spec":                       "Laravel rejects invalid input with 422; the page lists no such error",
	"identifai listUsers 200: body: /data/*/balance: Value is not nullable":          nullInExample,
	"identifai listUsers 200: body: /data/*/readonly: Value is not nullable":         nullInExample,
	"identifai listUsers 200: body: /data/*/partner/balance: Value is not nullable":  nullInExample,
	"identifai listUsers 200: body: /data/*/partner/readonly: Value is not nullable": nullInExample,
	"identifai listUsers 200: body: /data/*/partner/partner: Value is not nullable":  nullInExample,
	"identifai listUsers 200: body: /data/*/partner/pricing: Value is not nullable":  "a partner may have no plan (inference)",
	"identifai listUsers 200: body: /per_page: value must be an integer":             "Laravel returns per_page as the text that was sent",
	"identifai listUsers 200: body: /from: Value is not nullable":                    emptyPage,
	"identifai listUsers 200: body: /to: Value is not nullable":                      emptyPage,
}

const (
	nullInExample = "the vendor's examples contain null, its schema does not allow it"
	emptyPage     = "Laravel's paginator returns null on an empty page"
)

// unwrapped are the operations of the specs that only API() can call, with the reason.
var unwrapped = map[string]string{}

// unsent are the properties that a method does not send, with the reason.
var unsent = map[string]string{
	"partoo UpsertUser updateUser email":                               "the user was found by its email",
	"partoo UpsertUser updateUser password":                            onlyNewUsers,
	"partoo UpsertUser updateUser status":                              onlyNewUsers,
	"partoo UpsertUser updateUser disabled":                            notInCreate,
	"partoo UpsertUser updateUser receive_reviews_email_notifications": notInCreate,
}

const (
	onlyNewUsers = "an upsert sets it for new users only"
	notInCreate  = "a create cannot set it; UpdateUser can"
)

// TestEveryMethodHasAnEntry fails if a method of a wrapper, or a provider, has no entry
// with requests in operations_*_test.go.
func TestEveryMethodHasAnEntry(t *testing.T) {
	t.Parallel()
	var names, methods []string
	for _, p := range providers {
		names = append(names, p.operations()[0].provider)
		methods = append(methods, p.methods()...)
	}
	entries := make(map[string]bool)
	for _, op := range operations() {
		if method, _, _ := strings.Cut(op.entry, " "); len(op.requests) > 0 {
			entries[op.provider+" "+method] = true
		}
	}
	assert.ElementsMatch(t, spectest.Providers(t), names, "specs, and providers with entries")
	assert.ElementsMatch(t, methods, slices.Collect(maps.Keys(entries)), "methods of the wrappers, and entries")
}

// TestEveryOperationMatchesTheSpecs makes every call with an independent validator between
// client and fake. Requests must match the specs as published and as corrected, responses
// the corrected specs. Each operation of the specs must be sent, with all its properties.
func TestEveryOperationMatchesTheSpecs(t *testing.T) {
	t.Parallel()
	published, sent := map[string]bool{}, map[string]map[string]bool{} // sent: properties by provider, method and operation
	called, exchanges := map[string]bool{}, 0
	for _, op := range operations() {
		tap := &bodyTap{t: t}
		observe := spectest.Observe(func(id string, status int, problems []string) {
			exchanges++
			called[op.provider+" "+id] = true
			for _, problem := range problems {
				published[fmt.Sprintf("%s %s %d: %s", op.provider, id, status, problem)] = true
			}
			if tap.names != nil {
				key := strings.Join([]string{op.provider, op.method, id}, " ")
				if sent[key] == nil {
					sent[key] = map[string]bool{}
				}
				maps.Copy(sent[key], tap.names)
			}
		})
		s := op.start(connection{t: t, options: noQuotas(withoutDelay(op.provider)...), transport: func(server *resttest.Server) http.RoundTripper {
			tap.next = server.Client().Transport
			return spectest.Transport(t, op.provider, tap, observe)
		}})
		r, err := s.call(t.Context())
		require.NoError(t, err, "%s %s", op.provider, op.name)
		require.Empty(t, s.check(r, err), "%s %s", op.provider, op.name)
	}
	var all, notCalled []string
	for _, provider := range spectest.Providers(t) {
		for _, item := range spectest.Load(t, provider).Paths.Map() {
			for _, operation := range item.Operations() {
				name := provider + " " + operation.OperationID
				all = append(all, name)
				if !called[name] {
					notCalled = append(notCalled, name)
				}
				checkProperties(t, provider, operation, sent)
			}
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(unwrapped)), notCalled, "operations that no wrapper calls: add a method and an entry, or a reason to unwrapped")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(differences)), slices.Collect(maps.Keys(published)), strings.Join(slices.Sorted(maps.Keys(published)), "\n"))
	figure(t, "operations that pass validation against the specs", "%d of %d, in %d exchanges", len(called), len(all), exchanges)
}

// checkProperties compares what each method sends with the properties of an operation.
func checkProperties(t *testing.T, provider string, operation *openapi3.Operation, sent map[string]map[string]bool) {
	t.Helper()
	if operation.RequestBody == nil {
		return
	}
	for key, names := range sent {
		method, ok := strings.CutSuffix(key, " "+operation.OperationID)
		if !ok || !strings.HasPrefix(key, provider+" ") {
			continue
		}
		for property := range properties(bodyOf(operation)) {
			name := method + " " + operation.OperationID + " " + property
			if _, excused := unsent[name]; excused == names[property] {
				t.Errorf("%s: sent: %v, in unsent: %v: give the input a field and the entry a value, or add a reason to unsent", name, names[property], excused)
			}
		}
	}
}

// bodyTap records the names in the body of the last request.
type bodyTap struct {
	t     *testing.T
	next  http.RoundTripper
	names map[string]bool
}

func (tap *bodyTap) RoundTrip(r *http.Request) (*http.Response, error) {
	tap.names = nil
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(r.Body)
		require.NoError(tap.t, err)
		tap.names = namesIn(tap.t, r.Header.Get("Content-Type"), string(body))
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return tap.next.RoundTrip(r)
}

// namesIn returns the names of the fields of a JSON object or a form.
func namesIn(t *testing.T, contentType, body string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	kind, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	if kind == "application/json" {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &fields))
		for name := range fields {
			names[name] = true
		}
		return names
	}
	form, err := multipart.NewReader(strings.NewReader(body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	for name := range form.Value {
		names[name] = true
	}
	return names
}

func TestNamesIn(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]bool{"a": true, "b": true}, namesIn(t, "application/json", `{"a":1,"b":null}`))
	assert.Equal(t, map[string]bool{"a": true}, namesIn(t, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"))
}

// sample returns a request with every property of an operation.
func sample[T any](provider, operationID string) (request T) {
	doc, err := spectest.LoadFrom("../../specs", provider)
	if err != nil {
		panic(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == operationID {
				values := make(map[string]any)
				for name, schema := range properties(bodyOf(operation)) {
					values[name] = sampleValue(schema)
				}
				text, err := json.Marshal(values)
				if err != nil || json.Unmarshal(text, &request) != nil {
					panic(fmt.Sprintf("the spec of %s does not fit %T", operationID, request))
				}
			}
		}
	}
	return request
}

func bodyOf(operation *openapi3.Operation) *openapi3.Schema {
	for _, media := range operation.RequestBody.Value.Content {
		return media.Schema.Value
	}
	return nil
}

func properties(schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := make(map[string]*openapi3.Schema)
	for _, part := range slices.Concat(schema.AllOf, schema.AnyOf) {
		maps.Copy(all, properties(part.Value))
	}
	for name, property := range schema.Properties {
		all[name] = property.Value
	}
	return all
}

func sampleValue(schema *openapi3.Schema) any {
	for _, part := range schema.AllOf {
		return sampleValue(part.Value)
	}
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("array"):
		return []any{sampleValue(schema.Items.Value)}
	case schema.Type.Is("boolean"):
		return true
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 7
	case schema.Format == "email":
		return adaEmail
	case schema.Format == "password":
		return rest.Secret(password)
	}
	return "+390612345678" // a text that is also a valid phone number
}
