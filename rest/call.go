package rest

import (
	"context"
	"slices"

	"github.com/usersync/usersync/backoff"
)

// Call describes the requests made with a context. A request without one, as made
// through API(), is treated by the rules of its method.
type Call struct {
	// Operation is the name in errors and logs, for example "UpsertUser".
	Operation string
	// Idempotent marks requests that may be sent twice although their method does
	// not say so.
	Idempotent bool
	// NoRetry marks requests that are never sent again, not even after a 429.
	NoRetry bool
	// Create marks requests that do not name an existing user, so that a 404 can
	// only mean that the URL is wrong.
	Create bool
	// Secrets are removed from errors and logs if the server repeats them, in
	// responses to all requests made with the context.
	Secrets []Secret

	nilContext bool
	started    bool // by StartOperation
}

type (
	callKey   struct{}
	policyKey struct{}
)

// WithRetryPolicy replaces the retry policy of the client for the calls with the
// returned context. Calls with an invalid policy fail. Their time is limited by the
// deadline of ctx.
func WithRetryPolicy(ctx context.Context, policy backoff.Policy) context.Context {
	return context.WithValue(ctx, policyKey{}, policy)
}

// WithCall attaches call to ctx. It replaces an earlier Call of ctx, but keeps its
// Secrets: an error of a lookup must not contain the password of the upsert. If
// ctx is nil, requests with the returned context fail.
func WithCall(ctx context.Context, call Call) context.Context {
	if ctx == nil {
		ctx, call.nilContext = context.Background(), true
	}
	outer := callFrom(ctx)
	call.Secrets = slices.Concat(outer.Secrets, call.Secrets)
	call.nilContext = call.nilContext || outer.nilContext
	call.started = call.started || outer.started
	return context.WithValue(ctx, callKey{}, call)
}

func callFrom(ctx context.Context) Call {
	call, _ := ctx.Value(callKey{}).(Call)
	return call
}
