package usersyncotel_test

import (
	"context"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usersyncotel"
)

// setup is the code of docs/observability.md.
func setup(ctx context.Context, out io.Writer, key string, options ...rest.Option) error {
	spans, err := stdouttrace.New(stdouttrace.WithWriter(out)) // or otlptracehttp.New
	if err != nil {
		return err
	}
	metrics, err := stdoutmetric.New(stdoutmetric.WithWriter(out)) // or otlpmetrichttp.New
	if err != nil {
		return err
	}
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithBatcher(spans)))
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metrics))))
	observer, err := usersyncotel.NewObserver()
	if err != nil {
		return err
	}
	options = append(options, rest.WithObserver(observer))
	client, err := partoo.New(key, options...)
	if err != nil {
		return err
	}
	_, err = client.Me(ctx)
	return err
}

func TestSetup(t *testing.T) {
	var out safeBuffer
	require.NoError(t, setup(t.Context(), &out, partootest.Key, partootest.NewServer().Options()...))
	for _, provider := range []any{otel.GetTracerProvider(), otel.GetMeterProvider()} {
		require.NoError(t, provider.(interface{ Shutdown(context.Context) error }).Shutdown(t.Context()))
	}
	assert.Contains(t, out.String(), `"Name":"partoo Me"`)
	assert.Contains(t, out.String(), "http.client.request.duration")
	assert.NotContains(t, out.String(), partootest.Key)
}

// docs/observability.md lists every metric and attribute.
func TestDocumentationIsComplete(t *testing.T) {
	page, err := os.ReadFile("../docs/observability.md")
	require.NoError(t, err)
	names := make(map[string]bool)
	for _, file := range []string{"observer.go", "metrics.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`"(usersync\.[a-z.]+)"`).FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
	}
	require.Len(t, names, 14)
	for _, name := range []string{
		"http.client.request.duration", "http.client.active_requests", "http.request.method", "http.request.resend_count",
		"http.response.status_code", "error.type", "server.address", "server.port", "url.full", "url.template",
	} {
		names[name] = true
	}
	for name := range names {
		assert.Contains(t, string(page), "`"+name+"`")
	}
}
