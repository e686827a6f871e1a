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

// bodyLimit is the most bytes of an answer that are compared.
const bodyLimit = 16 << 20

// An Option changes what [Transport] reports.
type Option func(*transport)

// AllowStatus leaves answers with these statuses unchecked, documented or not:
// for faults that a test has its fake make.
func AllowStatus(statuses ...int) Option {
	return func(tr *transport) { tr.allowed = append(tr.allowed, statuses...) }
}

// Observe has f told of each exchange: the id of its operation, the status, and
// what the document as published has against the answer, without indexes.
func Observe(f func(operationID string, status int, published []string)) Option {
	return func(tr *transport) { tr.observe = f }
}

// Transport returns a RoundTripper that compares each request with the
// provider's document before it is sent through next, and each answer before it
// is handed on. Differences are reported with t.Errorf; requests and answers
// pass unchanged whatever is found, their bodies unread.
//
// Requests are also compared with the document as the vendor published it, without
// our corrections: none of those is there to let a request pass. (Nobody published
// a document for user.com.) What both documents refuse is reported once.
//
// Any https origin will do, and any origin on loopback; the path must begin as
// that of the document's servers does. A request must carry its key and Accept
// application/json, and hold no body field and no query parameter that the
// document lacks. Flags of a form may be 1 and 0 as well as true and false, and
// an empty part is null. There are no goroutines: it works in a synctest bubble.
func Transport(t testing.TB, provider string, next http.RoundTripper, options ...Option) http.RoundTripper {
	t.Helper()
	tr := &transport{t: t, provider: provider, next: next, router: routerOf(t, provider, false), published: routerOf(t, provider, true)}
	for _, option := range options {
		option(tr)
	}
	return tr
}

// loaded holds the router of each document. Loading takes longer than most tests,
// and a router is only read.
var loaded sync.Map

// document names one: as published, or as corrected.
type document struct {
	provider  string
	published bool
}

func routerOf(t testing.TB, provider string, published bool) routers.Router {
	t.Helper()
	key := document{provider, published}
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
		tr.t.Errorf("spectest: %s: %s %s: not in the document: %v", tr.provider, req.Method, req.URL.Path, err)
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
	tr.report(route, fmt.Sprintf("answer %d", resp.StatusCode), checkResponse(input, resp))
	if tr.observe != nil && published != nil {
		tr.observe(route.Operation.OperationID, resp.StatusCode, withoutIndexes(checkResponse(published, resp)))
	}
	return resp, nil
}

// asPublished is req as the vendor's own document sees it, or the problem that it
// is not in there.
func (tr *transport) asPublished(req *http.Request, body []byte) (*openapi3filter.RequestValidationInput, string) {
	route, params, err := tr.published.FindRoute(req)
	if err != nil {
		return nil, "not in the document: " + err.Error()
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

func (tr *transport) report(route *routers.Route, place string, problems []string) {
	tr.t.Helper()
	for _, problem := range problems {
		tr.t.Errorf("spectest: %s %s: %s: %s", tr.provider, route.Operation.OperationID, place, problem)
	}
}

// drain reads the body of req, which is closed as RoundTrippers must. It is nil
// if there is none.
func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer func() { _ = req.Body.Close() }()
	return io.ReadAll(req.Body)
}

// copyOf returns req with a body of its own: validating reads and replaces it.
func copyOf(req *http.Request, body []byte) *http.Request {
	c := req.Clone(req.Context())
	if body != nil {
		c.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c
}

// dropHosts keeps the paths of the servers and drops their hosts.
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

// forbidUnknownFields refuses fields that a request's schema does not name. A
// misspelt field is otherwise in order, for the document as for the vendor.
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
