package rest

import (
	"context"
	"net/http"
	"slices"
)

// Call is what a provider's package says of a request, through its context. A
// request without one, as made through API(), follows the rules of its method.
type Call struct {
	// Operation is named in errors and logs, for example "UpsertUser".
	Operation string
	// Idempotent marks a request that may be sent again although its method does
	// not say so.
	Idempotent bool
	// NoRetry marks a request that is never sent again, not even after a 429.
	NoRetry bool
	// Secrets are kept out of errors and logs, should the server repeat them:
	// in answers to this request or to others made with the same context.
	Secrets []Secret
}

type callKey struct{}

// WithCall attaches call to ctx for the requests made with it. It takes the place
// of a Call that ctx has, except that the Secrets of both are kept: a look-up on
// the way must not tell the password of the upsert.
func WithCall(ctx context.Context, call Call) context.Context {
	call.Secrets = slices.Concat(callFrom(ctx).Secrets, call.Secrets)
	return context.WithValue(ctx, callKey{}, call)
}

func callFrom(ctx context.Context) Call {
	call, _ := ctx.Value(callKey{}).(Call)
	return call
}

// isIdempotent reports whether req may be repeated when nobody knows whether it
// was executed.
func (c Call) isIdempotent(method string) bool {
	if c.Idempotent {
		return true
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
