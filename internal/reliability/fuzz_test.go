package reliability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const (
	// untrusted is a text in responses. Errors after a 2xx must not contain it.
	untrusted = "Marked-Text"
	// encodedPassword is password in JSON.
	encodedPassword = passwordMark + `\"w\\ord<&>`

	maxRequests = 16
	maxTime     = 10 * time.Second
)

// seeds are responses of all kinds for every provider.
var seeds = []struct {
	status            uint16
	contentType, body string
}{
	{200, "application/json", `{"data":{"id":7,"name":"Ada","email":"ada@example.com","readonly":true,"pricing":{"id":2},"partner":null}}`},
	{200, "application/json", `{"current_page":1,"last_page":1,"per_page":"100","total":1,"data":[{"id":7,"name":"Ada","email":"ada@example.com"},null]}`},
	{200, "application/json", `[{"id":1,"name":"` + untrusted + `"},{"id":2}]`},
	{200, "application/json", `{"available_credits":3,"total_spent":"1.5"}`},
	{200, "application/json", `{"page":1,"max_page":1,"count":1,"users":[{"id":"a","email":"ada@example.com","role":"` + untrusted + `","created_at":1615299414}]}`},
	{200, "application/json", `{"page":2,"max_page":3,"count":-1,"users":[]}`},
	{200, "application/json", `{"id":"5309c3a237bbc544d8e26737","status":"success"}`},
	{201, "application/json; version=2", `{"created":true,"id":5577,"email":"ada@example.com"}`},
	{200, "application/json", `[{"id":1,"email":"ada@example.com"},{"id":2,"email":"ada@example.com"}]`},
	{200, "application/json", `{"id":7,"gender":"Male","attributes":[{"name":"plan","value":{"` + untrusted + `":[1]}}],"date_attributes":"` + untrusted + `"}`},
	{200, "application/json", `{"id":1e400,"data":"` + untrusted + `","users":{"` + untrusted + `":1},"created":"` + key + `"}`},
	{200, "application/json", `{"id":-1,"data":{"id":"` + untrusted + `"},"created_at":"` + encodedPassword + `"}`},
	{200, "text/html", "<html>" + untrusted + key + "</html>"},
	{200, "", ""},
	{200, "application/json", "null"},
	{204, "", ""},
	{206, "application/json", `{"id":` + untrusted},
	{307, "text/html", "<a href=https://example.com/" + key + ">"},
	{400, "application/json", `{"message":"` + key + `","errors":{"email":["taken by ` + encodedPassword + `"],"` + encodedPassword + `":{"x":[1,null]}}}`},
	{400, "application/json", `{"errors":{"json":{"email":"` + key + `"}}}`},
	{404, "application/json", `{"detail":"no ` + key + `"}`},
	{409, "application/problem+json", `["` + encodedPassword + `"]`},
	{422, "application/json", `{"email":["` + key + `\n` + encodedPassword + `"]}`},
	{429, "application/json", `{"error":"` + key + `"}`},
	{500, "application/json", `{"error":{"json":"` + key + `"}}`},
	{503, "text/plain", key},
}

// FuzzResponses returns the same fuzzed response to every request of a call; its status is
// mapped to 200 to 599. No call may panic, send requests or wait without end, succeed
// without a result, or fail with anything but a *rest.Error. The error must contain
// neither key nor password.
func FuzzResponses(f *testing.F) {
	all := calls()
	for _, call := range all {
		for _, seed := range seeds {
			f.Add(call.provider+" "+call.entry, seed.status, seed.contentType, []byte(seed.body))
		}
	}
	f.Fuzz(func(t *testing.T, name string, status uint16, contentType string, body []byte) {
		server := &fixedServer{status: 200 + (int(status)+200)%400, contentType: contentType, body: body}
		ctx, cancel := context.WithTimeout(t.Context(), maxTime)
		defer cancel()
		i := slices.IndexFunc(all, func(call operation) bool { return call.provider+" "+call.entry == name })
		if i < 0 {
			i = int(crc32.ChecksumIEEE([]byte(name)) % uint32(len(all)))
		}
		call := all[i]
		s := call.start(connection{t: t, key: key, options: noQuotas(rest.WithRetry(backoff.Policy{MaxWait: 1})),
			transport: func(*resttest.Server) http.RoundTripper { return server }})

		r, err := s.call(ctx)

		name = fmt.Sprintf("%s %s after %d", call.provider, call.name, server.status)
		require.NoError(t, ctx.Err(), "%s takes too long", name)
		assert.LessOrEqual(t, server.requests, maxRequests, name)
		if err == nil {
			assert.Empty(t, r.problem, name)
		} else if call.isWrapperCall() || server.status >= 300 { // errors of the generated decoder are its own
			server.checkError(t, name, call, err)
		}
	})
}

// checkError compares an error with what package rest promises.
func (s *fixedServer) checkError(t *testing.T, name string, call operation, err error) {
	t.Helper()
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok, "%s: %T: %v", name, err, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		message := fmt.Sprintf(verb, err)
		assert.NotContains(t, message, key, name)
		if call.sendsPassword && !isListError(err) {
			assert.NotContains(t, message, password, name)
			assert.NotContains(t, message, encodedPassword, name)
		}
		assert.NotContains(t, message, "\n", name)
		if s.status < 300 {
			assert.NotContains(t, message, untrusted, name)
		}
	}
	if e.StatusCode != 0 {
		assert.Equal(t, s.status, e.StatusCode, name)
	}
}

// fixedServer is a transport that returns the same response to every request.
type fixedServer struct {
	status      int
	contentType string
	body        []byte

	requests int
}

func (s *fixedServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests++
	if s.requests > 2*maxRequests {
		return nil, errors.New("too many requests for one call")
	}
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	header := http.Header{"Content-Type": {s.contentType}}
	if location := strings.ToValidUTF8(string(s.body), ""); s.status < 400 && s.status >= 300 {
		header.Set("Location", location)
	}
	return &http.Response{
		StatusCode: s.status, Header: header, Request: r,
		ContentLength: int64(len(s.body)), Body: io.NopCloser(bytes.NewReader(s.body)),
	}, nil
}
