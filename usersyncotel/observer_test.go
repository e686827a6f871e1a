package usersyncotel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usersyncotel"
)

// telemetry is an observer and what the SDK's exporters got from it.
type telemetry struct {
	observer *usersyncotel.Observer
	spans    *tracetest.InMemoryExporter
	reader   *metric.ManualReader
}

func newTelemetry(t testing.TB) *telemetry {
	t.Helper()
	x := &telemetry{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	observer, err := usersyncotel.NewObserver(
		usersyncotel.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(x.spans))),
		usersyncotel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(x.reader))),
	)
	require.NoError(t, err)
	x.observer = observer
	return x
}

// spanLines returns a line for each span, in the order of their ends: depth by parent,
// name, kind, status, attributes and events.
func (x *telemetry) spanLines() []string {
	var lines []string
	for _, span := range x.spans.GetSpans() {
		line := span.Name
		if span.SpanKind == oteltrace.SpanKindClient {
			line = "  " + line + " (client)"
		}
		if span.Status.Code == codes.Error {
			line += " ERROR" + span.Status.Description
		}
		line += " " + attributesText(span.Attributes)
		for _, event := range span.Events {
			line += " [" + event.Name + " " + attributesText(event.Attributes) + "]"
		}
		lines = append(lines, line)
	}
	return lines
}

func attributesText(attributes []attribute.KeyValue) string {
	var texts []string
	for _, a := range attributes {
		texts = append(texts, string(a.Key)+"="+a.Value.String())
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// points returns "attributes: value" for the points of a metric: the sum of a counter
// or the number of recorded values of a histogram.
func (x *telemetry) points(t *testing.T, name string) []string {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, x.reader.Collect(t.Context(), &all))
	var points []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					points = append(points, fmt.Sprintf("%s: %d", attributesText(p.Attributes.ToSlice()), p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					points = append(points, fmt.Sprintf("%s: %d", attributesText(p.Attributes.ToSlice()), p.Count))
				}
			}
		}
	}
	slices.Sort(points)
	return points
}

const key = "secret-key-0001"

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string, headers ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	for i := 0; i < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	return resp
}

func newClient(t testing.TB, tr transport, options ...rest.Option) *rest.Client {
	t.Helper()
	provider := rest.Provider{Name: "acme", BaseURL: "https://api.acme.test:8443/v1", Header: "X-Api-Key"}
	client, err := rest.NewClient(provider, key, append(options, rest.WithHTTPClient(&http.Client{Transport: tr}))...)
	require.NoError(t, err)
	return client
}

func newRequest(t testing.TB, ctx context.Context, method, path string) *http.Request {
	t.Helper()
	ctx = rest.WithCall(ctx, rest.Call{Operation: "GetUser"})
	req, err := http.NewRequestWithContext(ctx, method, "https://api.acme.test:8443/v1"+path, nil)
	require.NoError(t, err)
	return req
}

func TestSpansAndMetricsOfRetriedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTelemetry(t)
		responses := []*http.Response{reply(429, "{}", "Retry-After", "7"), reply(503, "<html>", "Retry-After", "3"), nil, reply(200, `{"id":7}`)}
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			resp := responses[0]
			responses = responses[1:]
			if resp == nil {
				return nil, errors.New("connection reset for ada@example.com")
			}
			return resp, nil
		}, rest.WithObserver(x.observer))
		_, err := client.Do(newRequest(t, t.Context(), "GET", "/user/5309c3a2?email=ada@example.com"))
		require.NoError(t, err)

		const request = "http.request.method=GET"
		const server = "server.address=api.acme.test server.port=8443"
		const url = "url.full=https://api.acme.test:8443/v1/user/5309c3a2 url.template=/v1/user/{id}"
		lines := x.spanLines()
		require.Len(t, lines, 5)
		assert.Equal(t, "  GET /v1/user/{id} (client) ERROR error.type=429 "+request+" http.response.status_code=429 "+server+" "+url, lines[0])
		assert.Equal(t, "  GET /v1/user/{id} (client) ERROR error.type=503 "+request+" http.request.resend_count=1 http.response.status_code=503 "+server+" "+url, lines[1])
		assert.Equal(t, "  GET /v1/user/{id} (client) ERROR error.type=_OTHER "+request+" http.request.resend_count=2 "+server+" "+url, lines[2])
		assert.Equal(t, "  GET /v1/user/{id} (client) "+request+" http.request.resend_count=3 http.response.status_code=200 "+server+" "+url, lines[3])
		assert.Regexp(t, `^acme GetUser usersync.operation=GetUser usersync.outcome=success usersync.provider=acme `+
			`\[usersync.wait usersync.wait.duration=7.\d+ usersync.wait.reason=quota\] `+
			`\[usersync.wait usersync.wait.duration=3.\d+ usersync.wait.reason=retry-after\] `, lines[4])

		spans := x.spans.GetSpans()
		for _, span := range spans[:4] {
			assert.Equal(t, spans[4].SpanContext.SpanID(), span.Parent.SpanID(), "attempts are children of the operation")
		}

		call := "usersync.operation=GetUser usersync.provider=acme"
		assert.Equal(t, []string{call + ": 1"}, x.points(t, "usersync.rejections"))
		assert.Equal(t, []string{call + ": 0"}, x.points(t, "usersync.queue.length"))
		assert.Equal(t, []string{request + " " + server + " url.template=/v1/user/{id}: 0"}, x.points(t, "http.client.active_requests"))
		assert.Contains(t, x.points(t, "http.client.request.duration"), request+" http.response.status_code=200 "+server+" url.template=/v1/user/{id}: 1")
		assert.Contains(t, x.points(t, "http.client.request.duration"), "error.type=429 "+request+" http.response.status_code=429 "+server+" url.template=/v1/user/{id}: 1")
		assert.Equal(t, []string{"usersync.operation=GetUser usersync.outcome=success usersync.provider=acme: 1"}, x.points(t, "usersync.operation.duration"))
		assert.Contains(t, x.points(t, "usersync.wait.duration"), call+" usersync.wait.reason=retry-after: 1")
		assert.Empty(t, x.points(t, "usersync.users"), "GetUser is not an upsert")
	})
}

func TestUsersByOutcome(t *testing.T) {
	x, server := newTelemetry(t), partootest.NewServer()
	client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithObserver(x.observer))...)
	require.NoError(t, err)
	u := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleOrgAdmin}
	for range 2 {
		_, err = client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
	}
	server.Fail(resttest.Status(401))
	_, err = client.UpsertUser(t.Context(), u)
	require.ErrorIs(t, err, rest.ErrUnauthorized)
	assert.Equal(t, []string{
		"error.type=configuration usersync.failure.class=configuration usersync.operation=UpsertUser usersync.outcome=failed usersync.provider=partoo: 1",
		"usersync.operation=UpsertUser usersync.outcome=created usersync.provider=partoo: 1",
		"usersync.operation=UpsertUser usersync.outcome=unchanged usersync.provider=partoo: 1",
	}, x.points(t, "usersync.users"))
	var operations int
	for _, line := range x.spanLines() {
		if strings.HasPrefix(line, "partoo UpsertUser ") {
			operations++
		}
	}
	assert.Equal(t, 3, operations, "one span for each upsert")
	for _, line := range x.spanLines() {
		for _, leak := range []string{partootest.Key, "ada@", "Ada", "Lovelace", "ada%40"} {
			assert.NotContains(t, line, leak)
		}
	}
}

func TestUnknownNamesAreCounted(t *testing.T) {
	x := newTelemetry(t)
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		return reply(200, `{"id":7,"nickname":"Ada"}`, "Sunset", "Wed, 11 Nov 2026 23:59:59 GMT"), nil
	}, rest.WithObserver(x.observer))
	type user struct {
		ID int64 `json:"id"`
	}
	for range 2 {
		_, err := rest.Decode[user](client.Do(newRequest(t, t.Context(), "GET", "/user")))
		require.NoError(t, err)
	}
	assert.Equal(t, []string{
		"usersync.operation=GetUser usersync.provider=acme usersync.unknown.kind=field usersync.unknown.name=nickname: 1",
		"usersync.operation=GetUser usersync.provider=acme usersync.unknown.kind=header usersync.unknown.name=Sunset: 1",
	}, x.points(t, "usersync.unknown"))
}

func TestGlobalProvidersAreTheDefault(t *testing.T) {
	observer, err := usersyncotel.NewObserver()
	require.NoError(t, err)
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, `{}`), nil }, rest.WithObserver(observer))
	_, err = client.Do(newRequest(t, t.Context(), "GET", "/user"))
	require.NoError(t, err)
}

// discard is an exporter that costs nothing.
type discard struct{}

func (discard) ExportSpans(context.Context, []trace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                          { return nil }

func benchmarked(t testing.TB, options ...rest.Option) func() {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, `{"id":7}`), nil },
		append(options, rest.WithRetry(backoff.Policy{}), rest.WithQuotas())...)
	req := newRequest(t, t.Context(), "GET", "/user/7")
	return func() {
		_, err := rest.Decode[struct {
			ID int64 `json:"id"`
		}](client.Do(req))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func observed(t testing.TB) rest.Option {
	observer, err := usersyncotel.NewObserver(
		usersyncotel.WithTracerProvider(trace.NewTracerProvider(trace.WithBatcher(discard{}))),
		usersyncotel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))),
	)
	require.NoError(t, err)
	return rest.WithObserver(observer)
}

func TestAllocationsOfObserver(t *testing.T) {
	without := testing.AllocsPerRun(500, benchmarked(t))
	with := testing.AllocsPerRun(500, benchmarked(t, observed(t)))
	t.Logf("without %v, with %v", without, with)
	assert.LessOrEqual(t, with-without, maxAllocations)
}

func BenchmarkCall(b *testing.B) {
	for name, options := range map[string][]rest.Option{"without": nil, "with": {observed(b)}} {
		b.Run(name, func(b *testing.B) {
			call := benchmarked(b, options...)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

// safeBuffer is a buffer for two exporters.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
