package usersyncotel

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/usersync/usersync/rest"
)

const scope = "github.com/usersync/usersync/usersyncotel"

// The attributes that the semantic conventions do not contain.
const (
	providerKey     = attribute.Key("usersync.provider")
	operationKey    = attribute.Key("usersync.operation")
	outcomeKey      = attribute.Key("usersync.outcome")
	failureClassKey = attribute.Key("usersync.failure.class")
	waitReasonKey   = attribute.Key("usersync.wait.reason")
	waitDurationKey = attribute.Key("usersync.wait.duration")
	unknownKindKey  = attribute.Key("usersync.unknown.kind")
	unknownNameKey  = attribute.Key("usersync.unknown.name")
)

// Observer is a rest.Observer that creates spans and records metrics. It is safe for
// concurrent use.
type Observer struct {
	tracer  trace.Tracer
	metrics *metrics
	cache   cache
}

// Option configures an Observer.
type Option func(*config)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider sets the provider of spans. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// WithMeterProvider sets the provider of metrics. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// NewObserver returns an observer for rest.WithObserver. Its error is that of an
// instrument that cannot be created.
func NewObserver(options ...Option) (*Observer, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range options {
		option(&c)
	}
	m, err := newMetrics(c.meters.Meter(scope, metric.WithInstrumentationVersion(rest.Version()), metric.WithSchemaURL(semconv.SchemaURL)))
	if err != nil {
		return nil, fmt.Errorf("usersyncotel: new observer: %w", err)
	}
	tracer := c.tracers.Tracer(scope, trace.WithInstrumentationVersion(rest.Version()), trace.WithSchemaURL(semconv.SchemaURL))
	return &Observer{tracer: tracer, metrics: m}, nil
}

// Observe implements rest.Observer.
func (o *Observer) Observe(ctx context.Context, e rest.Event) context.Context {
	switch e.Kind {
	case rest.OperationStarted:
		ctx, _ = o.tracer.Start(ctx, o.cache.name(e.Provider, e.Operation))
		return ctx
	case rest.OperationEnded:
		o.endOperation(ctx, e)
	case rest.AttemptStarted:
		return o.startAttempt(ctx, e)
	case rest.AttemptEnded:
		o.endAttempt(ctx, e)
	case rest.WaitStarted:
		if e.Reason == rest.WaitQuota {
			o.metrics.queued.Add(ctx, 1, o.cache.attributes(callKey(e)).add...)
		}
	case rest.WaitEnded:
		o.endWait(ctx, e)
	case rest.UnknownField, rest.UnknownValue, rest.DeprecationHeader:
		o.unknown(ctx, e)
	}
	return ctx
}

func (o *Observer) endOperation(ctx context.Context, e rest.Event) {
	k := callKey(e)
	k.outcome, k.class, k.errorType = e.Outcome, e.Class, e.Class
	attributes := o.cache.attributes(k)
	o.metrics.operation.Record(ctx, e.Duration.Seconds(), attributes.record...)
	if isUpsert(e) {
		o.metrics.users.Add(ctx, 1, attributes.add...)
	}
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetAttributes(attributes.all...)
		if e.Err != nil {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

// isUpsert reports whether an operation is the upsert of a user, also if it failed.
func isUpsert(e rest.Event) bool { return e.Operation == "UpsertUser" }

func (o *Observer) startAttempt(ctx context.Context, e rest.Event) context.Context {
	attributes := o.cache.attributes(requestKey(e))
	ctx, _ = o.tracer.Start(ctx, o.cache.name(e.Method, e.Template), clientSpan...)
	o.metrics.active.Add(ctx, 1, attributes.add...)
	return ctx
}

func (o *Observer) endAttempt(ctx context.Context, e rest.Event) {
	k := requestKey(e)
	o.metrics.active.Add(ctx, -1, o.cache.attributes(k).add...)
	k.status, k.errorType = e.StatusCode, errorType(e)
	attributes := o.cache.attributes(k)
	o.metrics.request.Record(ctx, e.Duration.Seconds(), attributes.record...)
	if e.StatusCode == 429 {
		o.metrics.rejections.Add(ctx, 1, o.cache.attributes(callKey(e)).add...)
	}
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		setAttributes(span, attributes.all, e)
		if k.errorType != "" {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

var clientSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

// scratch contains slices for the attributes of one span. SetAttributes copies them.
var scratch = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}

// setAttributes sets the attributes of an attempt in one call, because each call
// allocates. They are set at the end of the span, so a sampler does not see them.
func setAttributes(span trace.Span, known []attribute.KeyValue, e rest.Event) {
	all := scratch.Get().(*[]attribute.KeyValue)
	*all = append(append((*all)[:0], known...), semconv.URLFull(e.Origin+e.Path))
	if e.Attempt > 1 {
		*all = append(*all, semconv.HTTPRequestResendCount(e.Attempt-1))
	}
	span.SetAttributes(*all...)
	scratch.Put(all)
}

func (o *Observer) endWait(ctx context.Context, e rest.Event) {
	k := callKey(e)
	if e.Reason == rest.WaitQuota {
		o.metrics.queued.Add(ctx, -1, o.cache.attributes(k).add...)
	}
	if e.Duration < time.Millisecond {
		return // the request was sent immediately
	}
	k.reason = e.Reason
	o.metrics.wait.Record(ctx, e.Duration.Seconds(), o.cache.attributes(k).record...)
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent("usersync.wait", trace.WithAttributes(waitReasonKey.String(e.Reason), waitDurationKey.Float64(e.Duration.Seconds())))
	}
}

func (o *Observer) unknown(ctx context.Context, e rest.Event) {
	kind := map[rest.EventKind]string{rest.UnknownField: "field", rest.UnknownValue: "value", rest.DeprecationHeader: "header"}[e.Kind]
	attributes := metric.WithAttributes(providerKey.String(e.Provider), operationKey.String(e.Operation), unknownKindKey.String(kind), unknownNameKey.String(e.Name))
	o.metrics.unknown.Add(ctx, 1, attributes)
}
