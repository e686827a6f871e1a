package everycall

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
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
)

const (
	// text stands in seeds where a vendor has words of its own. Of an answer that
	// should have held a result, an error repeats none.
	text = "Marked-Text"
	// password is Password as JSON has it.
	password = PasswordMark + `\"w\\ord<&>`

	maxRequests = 16
	maxTime     = 10 * time.Second
)

// seeds are answers of all kinds, good for every provider.
var seeds = []struct {
	status            uint16
	contentType, body string
}{
	{200, "application/json", `{"data":{"id":7,"name":"Ada","email":"ada@example.com","readonly":true,"pricing":{"id":2},"partner":null}}`},
	{200, "application/json", `{"current_page":1,"last_page":1,"per_page":"100","total":1,"data":[{"id":7,"name":"Ada","email":"ada@example.com"},null]}`},
	{200, "application/json", `[{"id":1,"name":"` + text + `"},{"id":2}]`},
	{200, "application/json", `{"available_credits":3,"total_spent":"1.5"}`},
	{200, "application/json", `{"page":1,"max_page":1,"count":1,"users":[{"id":"a","email":"ada@example.com","role":"` + text + `","created_at":1615299414}]}`},
	{200, "application/json", `{"page":2,"max_page":3,"count":-1,"users":[]}`},
	{200, "application/json", `{"id":"5309c3a237bbc544d8e26737","status":"success"}`},
	{201, "application/json; version=2", `{"created":true,"id":5577,"email":"ada@example.com"}`},
	{200, "application/json", `[{"id":1,"email":"ada@example.com"},{"id":2,"email":"ada@example.com"}]`},
	{200, "application/json", `{"id":7,"gender":"Male","attributes":[{"name":"plan","value":{"` + text + `":[1]}}],"date_attributes":"` + text + `"}`},
	{200, "application/json", `{"id":1e400,"data":"` + text + `","users":{"` + text + `":1},"created":"` + Key + `"}`},
	{200, "application/json", `{"id":-1,"data":{"id":"` + text + `"},"created_at":"` + password + `"}`},
	{200, "text/html", "<html>" + text + Key + "</html>"},
	{200, "", ""},
	{200, "application/json", "null"},
	{204, "", ""},
	{206, "application/json", `{"id":` + text},
	{307, "text/html", "<a href=https://example.com/" + Key + ">"},
	{400, "application/json", `{"message":"` + Key + `","errors":{"email":["taken by ` + password + `"],"` + password + `":{"x":[1,null]}}}`},
	{400, "application/json", `{"errors":{"json":{"email":"` + Key + `"}}}`},
	{404, "application/json", `{"detail":"no ` + Key + `"}`},
	{409, "application/problem+json", `["` + password + `"]`},
	{422, "application/json", `{"email":["` + Key + `\n` + password + `"]}`},
	{429, "application/json", `{"error":"` + Key + `"}`},
	{500, "application/json", `{"error":{"json":"` + Key + `"}}`},
	{503, "text/plain", Key},
}

// Fuzz fuzzes answers. Every request is answered with the status (taken into 200
// to 599), type and body that the fuzzer makes up. No operation may panic, send
// requests or wait without end, succeed without a result, or fail with anything
// but a *rest.Error, in whose text there is neither key nor password.
func Fuzz(f *testing.F, operations Operations) {
	all, err := operations()
	require.NoError(f, err)
	for _, operation := range all {
		for _, seed := range seeds {
			f.Add(operation.Name, seed.status, seed.contentType, []byte(seed.body))
		}
	}
	f.Fuzz(func(t *testing.T, name string, status uint16, contentType string, body []byte) {
		server := &server{status: 200 + (int(status)+200)%400, contentType: contentType, body: body}
		ctx, cancel := context.WithTimeout(t.Context(), maxTime)
		defer cancel()
		all, err := operations(
			rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, server)}), rest.WithRetry(backoff.Policy{MaxWait: 1}), rest.WithQuotas())
		require.NoError(t, err)
		operation := named(all, name)

		problem, err := operation.Call(ctx)

		name = fmt.Sprintf("%s after %d", operation.Name, server.status)
		require.NoError(t, ctx.Err(), "%s takes too long", name)
		assert.LessOrEqual(t, server.requests, maxRequests, name)
		if err == nil {
			assert.Empty(t, problem, name)
			return
		}
		server.check(t, name, operation, err)
	})
}

// named returns the operation of that name, or one for each name that the fuzzer
// makes up.
func named(all []Operation, name string) Operation {
	i := slices.IndexFunc(all, func(operation Operation) bool { return operation.Name == name })
	if i < 0 {
		i = int(crc32.ChecksumIEEE([]byte(name)) % uint32(len(all)))
	}
	return all[i]
}

// check holds an error to what package rest promises.
func (s *server) check(t *testing.T, name string, operation Operation, err error) {
	t.Helper()
	success := s.status < 300
	if operation.generated && success {
		return
	}
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok, "%s: %T: %v", name, err, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		message := fmt.Sprintf(verb, err)
		assert.NotContains(t, message, Key, name)
		if operation.UsesPassword {
			assert.NotContains(t, message, Password, name)
			assert.NotContains(t, message, password, name)
		}
		assert.NotContains(t, message, "\n", name)
		if success {
			assert.NotContains(t, message, text, name)
		}
	}
	if e.StatusCode != 0 {
		assert.Equal(t, s.status, e.StatusCode, name)
	}
}

// server is a transport that gives one answer to everything.
type server struct {
	status      int
	contentType string
	body        []byte

	requests int
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
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
