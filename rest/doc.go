// Package rest is the HTTP stack under the generated clients of usersync:
// credential, retry, pacing, response limits and typed errors. A service uses its
// options for identifai.New, partoo.New and usercom.New, and its error, which
// every call returns:
//
//	client, err := partoo.New(key, rest.WithLogger(slog.Default()))
//	...
//	var e *rest.Error
//	if errors.As(err, &e) && errors.Is(err, rest.ErrRateLimited) {
//		requeue(e.RetryAfter)
//	}
//
// [NewClient], [WithCall], [Decode] and [IgnoreGone] are for provider packages.
package rest
