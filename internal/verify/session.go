package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// Exchange is a request and its response without values.
type Exchange struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Status    int    `json:"status"` // 0: no response
	// ContentType and Headers are those of the response; of the headers only names.
	ContentType string   `json:"content_type,omitempty"`
	Headers     []string `json:"headers,omitempty"`
	// Shape contains the names and types of the fields of the response.
	Shape any `json:"shape,omitempty"`

	body any // decoded JSON; nil if it is not JSON
	err  error
}

// session sends the requests of a run.
type session struct {
	next     http.RoundTripper
	interval time.Duration
	options  []rest.Option

	mu         sync.Mutex
	operation  string
	last       time.Time
	allowed    int // number of requests
	exchanges  []Exchange
	leftBehind []string
}

func newSession(c Config) *session {
	s := &session{next: http.DefaultTransport, interval: cmp.Or(c.Interval, defaultInterval), allowed: MaxRequests - reserved}
	if c.HTTPClient != nil && c.HTTPClient.Transport != nil {
		s.next = c.HTTPClient.Transport
	}
	s.options = append(slices.Clone(c.Options), rest.WithHTTPClient(&http.Client{Transport: s}),
		rest.WithRetry(backoff.Policy{MaxAttempts: 1, MaxWait: 1}), rest.WithQuotas())
	return s
}

// errBudget means that a run has sent its maximum number of requests.
var errBudget = fmt.Errorf("the limit of %d requests is reached", MaxRequests)

// call makes one request and returns its exchange. The error statuses are exchanges
// too; err of the exchange is set only if there was no response.
func (s *session) call(ctx context.Context, operation string, send func(context.Context) (*http.Response, error)) Exchange {
	s.mu.Lock()
	s.operation = operation
	before := len(s.exchanges)
	s.mu.Unlock()
	resp, err := send(rest.WithCall(ctx, rest.Call{Operation: operation}))
	if err == nil {
		_ = resp.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.exchanges) == before { // not sent
		return Exchange{Operation: operation, err: cmp.Or(err, errNotStarted)}
	}
	return s.exchanges[len(s.exchanges)-1]
}

// RoundTrip sends a request, at most one per interval, and records its exchange.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := s.wait(r.Context()); err != nil {
		return nil, err
	}
	x := Exchange{Method: r.Method}
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		resp.Body, err = x.read(resp)
	}
	x.err = err
	s.mu.Lock()
	defer s.mu.Unlock()
	x.Operation = s.operation
	s.exchanges = append(s.exchanges, x)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// wait waits for the interval.
func (s *session) wait(ctx context.Context) error {
	s.mu.Lock()
	if len(s.exchanges) >= s.allowed {
		s.mu.Unlock()
		return errBudget
	}
	delay := time.Until(s.last.Add(s.interval))
	s.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	s.last = time.Now()
	s.mu.Unlock()
	return nil
}

// cleanUp calls undo even if ctx has ended, with the requests that are reserved.
func (s *session) cleanUp(ctx context.Context, undo func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	s.mu.Lock()
	s.allowed = MaxRequests
	s.mu.Unlock()
	undo(ctx)
}

const maxBody = 1 << 20

// read records the response and returns its body again.
func (x *Exchange) read(resp *http.Response) (io.ReadCloser, error) {
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, err
	}
	x.Status = resp.StatusCode
	x.ContentType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	x.Headers = slices.Sorted(maps.Keys(resp.Header))
	if json.Unmarshal(body, &x.body) == nil {
		x.Shape = shapeOf(x.body)
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// shapeOf returns the names and types in a JSON value, of a list those of its first
// element.
func shapeOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		shape := make(map[string]any, len(value))
		for name, member := range value {
			shape[name] = shapeOf(member)
		}
		return shape
	case []any:
		if len(value) == 0 {
			return []any{}
		}
		return []any{shapeOf(value[0])}
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func (x Exchange) ok() bool { return x.Status >= 200 && x.Status < 300 }

// field returns a value of the response by its path, or nil.
func (x Exchange) field(path ...string) any { return fieldOf(x.body, path...) }

func fieldOf(value any, path ...string) any {
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// names reports whether an error response names the field, in any of the known
// formats.
func (x Exchange) names(field string) bool {
	for _, path := range [][]string{{"errors", field}, {field}, {"errors", "json", field}} {
		if x.field(path...) != nil {
			return true
		}
	}
	return false
}

// outcome describes the exchange for a detail.
func (x Exchange) outcome() string {
	switch {
	case errors.Is(x.err, errBudget):
		return errBudget.Error()
	case errors.Is(x.err, context.Canceled), errors.Is(x.err, context.DeadlineExceeded):
		return "interrupted"
	case x.Operation == "":
		return "not sent"
	case x.Status == 0:
		return "no response to " + x.Operation
	}
	return fmt.Sprintf("%s returned %d", x.Operation, x.Status)
}

// startError returns an error if the first exchange shows that a run is impossible.
func startError(x Exchange) error {
	switch {
	case x.Status == 0:
		return fmt.Errorf("verify: %w: no response from the server: %w", errNotStarted, cmp.Or(x.err, errNotStarted))
	case x.Status == http.StatusUnauthorized:
		return fmt.Errorf("verify: %w: API key rejected (401)", errNotStarted)
	case x.Status == http.StatusForbidden:
		return fmt.Errorf("verify: %w: API key has no permission (403)", errNotStarted)
	}
	return nil
}
