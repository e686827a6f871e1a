// Package backoff decides when to send requests. It contains the rules for waiting before a
// retry ([Policy]), reads Retry-After and similar headers ([RetryAfter]), and has a [Pacer]
// that keeps requests within quotas, so that few receive a 429. It contains no HTTP
// client: package rest uses it.
//
// A class is the set of requests that share quotas, for example all writes. A gate closes for
// a class after a 429. A probe is the first request sent after that. See docs/rate-limits.md
// for how a pacer learns limits that are not documented.
//
// The defaults suit the three providers. To change a policy:
//
//	client, err := partoo.New(key, rest.WithRetry(backoff.Policy{MaxWait: time.Minute}))
package backoff
