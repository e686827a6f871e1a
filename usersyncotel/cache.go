package usersyncotel

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/usersync/usersync/rest"
)

// key identifies a set of attributes. There are few: no field contains an id.
type key struct {
	provider, operation               string
	method, origin, template          string
	status                            int
	errorType, outcome, class, reason string
}

func callKey(e rest.Event) key { return key{provider: e.Provider, operation: e.Operation} }

func requestKey(e rest.Event) key {
	return key{method: e.Method, origin: e.Origin, template: e.Template}
}

// attributeSet is a set of attributes, prepared for the functions that take it.
type attributeSet struct {
	all    []attribute.KeyValue
	record []metric.RecordOption
	add    []metric.AddOption
}

// cache keeps attributes and span names, because preparing them allocates memory for
// every request.
type cache struct {
	mu    sync.RWMutex
	sets  map[key]*attributeSet
	names map[[2]string]string
}

func (c *cache) attributes(k key) *attributeSet {
	c.mu.RLock()
	set := c.sets[k]
	c.mu.RUnlock()
	if set != nil {
		return set
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil {
		c.sets = make(map[key]*attributeSet)
	}
	set = newAttributeSet(k)
	c.sets[k] = set
	return set
}

// name returns the name of a span, "a b".
func (c *cache) name(a, b string) string {
	c.mu.RLock()
	name, ok := c.names[[2]string{a, b}]
	c.mu.RUnlock()
	if ok {
		return name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names = make(map[[2]string]string)
	}
	name = a
	if b != "" {
		name += " " + b
	}
	c.names[[2]string{a, b}] = name
	return name
}

func newAttributeSet(k key) *attributeSet {
	var all []attribute.KeyValue
	if k.provider != "" {
		all = append(all, providerKey.String(k.provider), operationKey.String(k.operation))
	}
	if k.origin != "" {
		host, port := splitOrigin(k.origin)
		all = append(all, semconv.HTTPRequestMethodKey.String(k.method), semconv.URLTemplate(k.template), semconv.ServerAddress(host), semconv.ServerPort(port))
	}
	if k.status != 0 {
		all = append(all, semconv.HTTPResponseStatusCode(k.status))
	}
	for _, optional := range []attribute.KeyValue{
		semconv.ErrorTypeKey.String(k.errorType), outcomeKey.String(k.outcome), failureClassKey.String(k.class), waitReasonKey.String(k.reason),
	} {
		if optional.Value.AsString() != "" {
			all = append(all, optional)
		}
	}
	option := metric.WithAttributeSet(attribute.NewSet(all...))
	return &attributeSet{all: all, record: []metric.RecordOption{option}, add: []metric.AddOption{option}}
}

func splitOrigin(origin string) (host string, port int) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", 0
	}
	if port, err = strconv.Atoi(u.Port()); err == nil {
		return u.Hostname(), port
	}
	port = 443
	if u.Scheme == "http" {
		port = 80
	}
	return u.Hostname(), port
}

// errorType returns the attribute error.type of an attempt: the status if it is 300 or more,
// "timeout", or "_OTHER" for any other error. It is "" for a success.
func errorType(e rest.Event) string {
	if e.Err == nil {
		return ""
	}
	if e.StatusCode >= 300 {
		return strconv.Itoa(e.StatusCode)
	}
	if timeout, ok := errors.AsType[net.Error](e.Err); ok && timeout.Timeout() {
		return "timeout"
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
