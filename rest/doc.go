// Package rest is the one HTTP stack under the generated clients of usersync:
// credential, retry, bounded answers, typed errors. Services meet it as the
// options they pass to identifai.New, partoo.New and usercom.New, and as the
// error every call returns:
//
//	client, err := partoo.New(key, rest.WithLogger(slog.Default()))
//	...
//	var e *rest.Error
//	if errors.As(err, &e) && errors.Is(err, rest.ErrRateLimited) {
//		requeue(e.RetryAfter)
//	}
//
// [NewClient], [WithCall], [Decode] and the like are for the providers'
// packages.
package rest
