// Package resttest is what the fake providers of usersync share, in the manner of
// net/http/httptest. A fake is an http.Handler; [Server] makes it reachable in
// memory or over loopback, records what it receives and has it fail on demand:
//
//	server := resttest.NewServer("acme", fake)
//	server.Fail(resttest.Throttle("60"), resttest.LostResponse().On("POST /user"))
//	client, err := rest.NewClient(acme, key, rest.WithBaseURL(server.URL), rest.WithHTTPClient(server.Client()))
//
// Tests of services use the fakes themselves, packages identifaitest, partootest
// and usercomtest; each has the methods of a Server.
package resttest
