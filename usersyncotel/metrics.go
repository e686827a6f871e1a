package usersyncotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
)

// metrics are the instruments. docs/observability.md describes them.
type metrics struct {
	request    metric.Float64Histogram
	active     metric.Int64UpDownCounter
	operation  metric.Float64Histogram
	wait       metric.Float64Histogram
	queued     metric.Int64UpDownCounter
	rejections metric.Int64Counter
	users      metric.Int64Counter
	unknown    metric.Int64Counter
}

// The bucket boundaries in seconds. Waits for a quota take up to an hour.
var (
	operationBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900}
	waitBuckets      = []float64{.01, .1, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}
)

func newMetrics(meter metric.Meter) (*metrics, error) {
	var problems []error
	check := func(err error) { problems = append(problems, err) }
	histogram := func(name, description string, buckets []float64) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(buckets...))
		check(err)
		return h
	}
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		check(err)
		return c
	}
	request, err := httpconv.NewClientRequestDuration(meter)
	check(err)
	active, err := httpconv.NewClientActiveRequests(meter)
	check(err)
	queued, err := meter.Int64UpDownCounter("usersync.queue.length", metric.WithUnit("{call}"), metric.WithDescription("Calls that wait for the quota."))
	check(err)
	return &metrics{
		request:    request.Inst(),
		active:     active.Inst(),
		queued:     queued,
		operation:  histogram("usersync.operation.duration", "Duration of operations, waits and retries included.", operationBuckets),
		wait:       histogram("usersync.wait.duration", "Duration of waits before requests, by reason.", waitBuckets),
		rejections: counter("usersync.rejections", "{request}", "Requests that were rejected with 429."),
		users:      counter("usersync.users", "{user}", "Upserts, by outcome."),
		unknown:    counter("usersync.unknown", "{name}", "Fields, enum values and deprecation headers that the specs do not contain."),
	}, errors.Join(problems...)
}
