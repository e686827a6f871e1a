package spectest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

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
// Any host is allowed. The path must start with that of a server of the spec. A request
// must contain its key and Accept application/json, and no body field or query parameter
// that is not in the spec. Booleans of a form may be 1 and 0 as well as true and false, and
// an empty part is null. Transport starts no goroutines, so it works in a synctest bubble.
func Transport(t testing.TB, provider string, next http.RoundTripper, options ...Option) http.RoundTripper {
	t.Helper()
	tr := &transport{t: t, provider: provider, next: next, specs: specsOf(t, provider)}
	for _, option := range options {
		option(tr)
	}
	return tr
}

type transport struct {
	t        testing.TB
	provider string
	next     http.RoundTripper
	specs
	allowed []int
	observe func(operationID string, status int, published []string)
}

// specs finds operations in the spec of a provider, with and without its overlay.
type specs struct{ corrected, published routers.Router }

// loaded contains the specs of each provider. Loading takes longer than most tests.
var loaded sync.Map

func specsOf(t testing.TB, provider string) specs {
	t.Helper()
	if known, ok := loaded.Load(provider); ok {
		return known.(specs)
	}
	published, err := openapi3.NewLoader().LoadFromFile(filepath.Join(Dir(t), provider+".yaml"))
	require.NoError(t, err, "spectest: load %s", provider)
	both := specs{newRouter(t, Load(t, provider)), newRouter(t, published)}
	loaded.Store(provider, both)
	return both
}

// newRouter finds operations by their paths, on any host. Fields that are not in the schema
// of a request are rejected: a misspelt field would be valid otherwise.
func newRouter(t testing.TB, doc *openapi3.T) routers.Router {
	t.Helper()
	for _, server := range doc.Servers {
		base, err := server.BasePath()
		require.NoError(t, err, "spectest: server of %s", doc.Info.Title)
		*server = openapi3.Server{URL: base}
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody != nil {
				for _, media := range operation.RequestBody.Value.Content {
					forbidUnknownFields(media.Schema.Value)
				}
			}
		}
	}
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err, "spectest: %s", doc.Info.Title)
	return router
}

func forbidUnknownFields(schema *openapi3.Schema) {
	for _, member := range slices.Concat(schema.AllOf, schema.AnyOf) {
		forbidUnknownFields(member.Value)
	}
	extra := &schema.AdditionalProperties
	if len(schema.Properties) > 0 && extra.Has == nil && extra.Schema == nil {
		extra.Has = new(false)
	}
}

func (tr *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	tr.t.Helper()
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	input, err := find(tr.corrected, req, body)
	if err != nil {
		tr.t.Errorf("spectest: %s: %s %s: not in the spec: %v", tr.provider, req.Method, req.URL.Path, err)
		return tr.next.RoundTrip(copyOf(req, body))
	}
	operation := input.Route.Operation.OperationID
	problems := checkRequest(input)
	tr.report(operation, "request", problems)
	published, err := find(tr.published, req, body)
	if err != nil {
		tr.report(operation, "request, as published", []string{"not in the spec: " + err.Error()})
	} else if len(problems) == 0 {
		tr.report(operation, "request, as published", checkRequest(published))
	}

	resp, err := tr.next.RoundTrip(copyOf(req, body))
	if err != nil || slices.Contains(tr.allowed, resp.StatusCode) {
		return resp, err
	}
	tr.report(operation, fmt.Sprintf("response %d", resp.StatusCode), checkResponse(input, resp))
	if tr.observe != nil && published != nil {
		problems := checkResponse(published, resp)
		for i, problem := range problems {
			problems[i] = index.ReplaceAllString(problem, "/*$1")
		}
		tr.observe(operation, resp.StatusCode, problems)
	}
	return resp, nil
}

// index is an index of a list in the place of a problem.
var index = regexp.MustCompile(`/\d+(/|:)`)

// find returns req for validation against a spec, or an error if the operation is not in it.
func find(spec routers.Router, req *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := spec.FindRoute(req)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{Request: copyOf(req, body), Route: route, PathParams: params, Options: options}, nil
}

// copyOf returns req with its own body, because validation reads and replaces the body.
func copyOf(req *http.Request, body []byte) *http.Request {
	c := req.Clone(req.Context())
	if body != nil {
		c.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c
}

// reported contains the problems that a test of this process has printed. A missing
// field fails most tests of a provider, and is printed by one of them.
var reported sync.Map

func (tr *transport) report(operation, place string, problems []string) {
	tr.t.Helper()
	for _, problem := range problems {
		text := fmt.Sprintf("spectest: %s %s: %s: %s", tr.provider, operation, place, problem)
		if _, isTest := tr.t.(*testing.T); isTest {
			if _, known := reported.LoadOrStore(text, true); known {
				tr.t.Fail()
				continue
			}
		}
		tr.t.Errorf("%s", text)
	}
}
