// Package resttest contains what the fake providers of usersync share, similar to
// net/http/httptest. A fake is an http.Handler. [Server] serves it in memory or over
// loopback, records the requests and fails on demand:
//
//	server := resttest.NewServer("acme", fake)
//	server.Fail(resttest.Throttle("60"), resttest.LostResponse().On("POST /user"))
//	client, err := rest.NewClient(acme, key, rest.WithBaseURL(server.URL), rest.WithHTTPClient(server.Client()))
//
// Tests of services use the fakes: packages identifaitest, partootest and
// usercomtest. Each has the methods of a Server.
package resttest
