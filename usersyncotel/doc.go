// Package usersyncotel reports the calls of usersync's clients to OpenTelemetry, as
// traces and metrics:
//
//	observer, err := usersyncotel.NewObserver()
//	...
//	client, err := partoo.New(key, rest.WithObserver(observer))
//
// One observer serves all clients of a process. The names and attributes are those of
// the semantic conventions for HTTP clients, version 1.43.0, and for what they do not
// cover, names that start with "usersync.". No attribute contains a key, an email or a
// body. docs/observability.md lists all of them.
//
// It is a module of its own, so that programs without OpenTelemetry do not depend on it.
package usersyncotel
