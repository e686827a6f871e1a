package spectest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// bodyLimit is the maximum size of a response body that is validated.
const bodyLimit = 16 << 20

// An Option changes what [Transport] reports.
type Option func(*transport)

// AllowStatus does not validate responses with these statuses: for the faults of a test.
func AllowStatus(statuses ...int) Option {
	return func(tr *transport) { tr.allowed = append(tr.allowed, statuses...) }
}

// Observe calls f for each exchange, with the id of its operation, the status, and the
// differences between the response and the spec as published, without indexes of lists.
func Observe(f func(operationID string, status int, published []string)) Option {
	return func(tr *transport) { tr.observe = f }
}

// Transport returns a RoundTripper that validates each request before it is sent through
// next, and each response before it is returned. It reports differences with t.Errorf and
// changes neither requests nor responses.
//
// Requests are also validated against the spec as the vendor published it, without our
// corrections. (user.com publishes no spec.) A difference from both specs is reported once.
//
// Any https origin is allowed, and any origin on loopback. The path must start with that of
// a server of the spec. A request must contain its key and Accept application/json, and no
// body field or query parameter that is not in the spec. Booleans of a form may be 1 and 0
// as well as true and false, and an empty part is null. Transport starts no goroutines, so
// it works in a synctest bubble.
func Transport(t testing.TB, provider string, next http.RoundTripper, options ...Option) http.RoundTripper {
	t.Helper()
	tr := &transport{t: t, provider: provider, next: next, router: routerOf(t, provider, false), published: routerOf(t, provider, true)}
	for _, option := range options {
		option(tr)
	}
	return tr
}

// loaded contains the router of each spec, which is only read. Loading takes longer than
// most tests.
var loaded sync.Map

// specKey identifies a spec: as published, or with its overlay.
type specKey struct {
	provider  string
	published bool
}

func routerOf(t testing.TB, provider string, published bool) routers.Router {
	t.Helper()
	key := specKey{provider, published}
	if router, ok := loaded.Load(key); ok {
		return router.(routers.Router)
	}
	load := Load
	if published {
		load = loadPublished
	}
	doc := load(t, provider)
	if err := dropHosts(doc); err != nil {
		t.Fatalf("spectest: %s: %v", provider, err)
	}
	forbidUnknownFields(doc)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("spectest: %s: %v", provider, err)
	}
	loaded.Store(key, router)
	return router
}

type transport struct {
	t        testing.TB
	provider string
	next     http.RoundTripper
	router   routers.Router
	allowed  []int

	published routers.Router
	observe   func(operationID string, status int, published []string)
}

func (tr *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	tr.t.Helper()
	body, err := drain(req)
	if err != nil {
		return nil, err
	}
	route, params, err := tr.router.FindRoute(req)
	if err != nil {
		tr.t.Errorf("spectest: %s: %s %s: not in the spec: %v", tr.provider, req.Method, req.URL.Path, err)
		return tr.next.RoundTrip(copyOf(req, body))
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copyOf(req, body), Route: route, PathParams: params, Options: options,
	}
	problems := checkRequest(input)
	tr.report(route, "request", problems)
	published, problem := tr.asPublished(req, body)
	switch {
	case problem != "":
		tr.report(route, "request, as published", []string{problem})
	case len(problems) == 0:
		tr.report(route, "request, as published", checkRequest(published))
	}

	resp, err := tr.next.RoundTrip(copyOf(req, body))
	if err != nil || slices.Contains(tr.allowed, resp.StatusCode) {
		return resp, err
	}
	tr.report(route, fmt.Sprintf("response %d", resp.StatusCode), checkResponse(input, resp))
	if tr.observe != nil && published != nil {
		tr.observe(route.Operation.OperationID, resp.StatusCode, withoutIndexes(checkResponse(published, resp)))
	}
	return resp, nil
}

// asPublished returns req for validation against the spec as published, or a problem if
// the operation is not in it.
func (tr *transport) asPublished(req *http.Request, body []byte) (*openapi3filter.RequestValidationInput, string) {
	route, params, err := tr.published.FindRoute(req)
	if err != nil {
		return nil, "not in the spec: " + err.Error()
	}
	return &openapi3filter.RequestValidationInput{
		Request: copyOf(req, body), Route: route, PathParams: params, Options: options,
	}, ""
}

var index = regexp.MustCompile(`/\d+(/|:)`)

func withoutIndexes(problems []string) []string {
	for i, problem := range problems {
		problems[i] = index.ReplaceAllString(problem, "/*$1")
	}
	return problems
}

// reported contains the problems that a test of this process has printed. A missing
// field fails most tests of a provider, and is printed by one of them.
var reported sync.Map

func (tr *transport) report(route *routers.Route, place string, problems []string) {
	tr.t.Helper()
	for _, problem := range problems {
		text := fmt.Sprintf("spectest: %s %s: %s: %s", tr.provider, route.Operation.OperationID, place, problem)
		if _, isTest := tr.t.(*testing.T); isTest {
			if _, known := reported.LoadOrStore(text, true); known {
				tr.t.Fail()
				continue
			}
		}
		tr.t.Errorf("%s", text)
	}
}

// drain reads and closes the body of req, as a RoundTripper must. It returns nil if there
// is none.
func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer func() { _ = req.Body.Close() }()
	return io.ReadAll(req.Body)
}

// copyOf returns req with its own body, because validation reads and replaces the body.
func copyOf(req *http.Request, body []byte) *http.Request {
	c := req.Clone(req.Context())
	if body != nil {
		c.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c
}

// dropHosts removes the hosts of the servers and keeps their paths.
func dropHosts(doc *openapi3.T) error {
	var bases []string
	for _, server := range doc.Servers {
		base, err := server.BasePath()
		if err != nil {
			return err
		}
		if !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	doc.Servers = nil
	for _, base := range bases {
		doc.Servers = append(doc.Servers, &openapi3.Server{URL: base})
	}
	return nil
}

// forbidUnknownFields rejects fields that are not in the schema of a request. Otherwise a
// misspelt field would be valid.
func forbidUnknownFields(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			for _, media := range operation.RequestBody.Value.Content {
				forbidExtraFields(media.Schema.Value)
			}
		}
	}
}

func forbidExtraFields(schema *openapi3.Schema) {
	for _, member := range slices.Concat(schema.AllOf, schema.AnyOf) {
		forbidExtraFields(member.Value)
	}
	extra := &schema.AdditionalProperties
	if len(schema.Properties) > 0 && extra.Has == nil && extra.Schema == nil {
		extra.Has = new(false)
	}
}
