// Package backoff decides when to send. It holds the rules for waiting before a
// request is tried again, reads what a server asks for in its headers, and has a
// [Pacer] that keeps requests inside quotas, so that few are refused at all. It
// knows no HTTP client: package rest puts it to work.
//
// The defaults suit the three providers; change what you need:
//
//	client, err := partoo.New(key, rest.WithRetry(backoff.Policy{MaxWait: time.Minute}))
package backoff
