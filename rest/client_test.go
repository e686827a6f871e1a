package rest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
)

const testKey = "k-0123456789-secret"

var acme = rest.Provider{Name: "acme", BaseURL: "https://api.acme.test/v1", Header: "x-APIKey"}

// transport is a function in place of a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reply returns a response with a JSON body.
func reply(status int, body string) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// newClient returns a client of acme that sends through tr.
func newClient(t testing.TB, tr transport, options ...rest.Option) *rest.Client {
	t.Helper()
	client, err := rest.NewClient(acme, testKey, append([]rest.Option{rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, tr)})}, options...)...)
	require.NoError(t, err)
	return client
}

func newRequest(t testing.TB, ctx context.Context, method, path, body string) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, acme.BaseURL+path, reader)
	require.NoError(t, err)
	return req
}

func TestDoSendsHeadersAndHidesKeyFromResponse(t *testing.T) {
	var got http.Header
	client := newClient(t, func(r *http.Request) (*http.Response, error) {
		got = r.Header.Clone()
		return reply(200, `{}`), nil
	})
	req := newRequest(t, t.Context(), "POST", "/user", `{}`)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	require.NoError(t, err)
	assert.Equal(t, http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/json"},
		"User-Agent":   {"usersync-go/" + rest.Version()},
		"X-Apikey":     {testKey},
	}, got)
	assert.NotContains(t, resp.Request.Header, "X-Apikey")
	assert.NotContains(t, req.Header, "X-Apikey", "the caller's request is not changed")
}

func TestDoPutsSchemeBeforeKey(t *testing.T) {
	var got string
	client, err := rest.NewClient(rest.Provider{Name: "acme", BaseURL: acme.BaseURL, Header: "Authorization", Scheme: "Token"}, testKey,
		rest.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("Authorization")
			return reply(200, `{}`), nil
		})}))
	require.NoError(t, err)
	_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
	require.NoError(t, err)
	assert.Equal(t, "Token "+testKey, got)
}

func TestDoSendsCredentialToBaseURLOnly(t *testing.T) {
	for _, target := range []string{"https://evil.test/v1/user", "http://api.acme.test/v1/user", "https://api.acme.test:8443/v1/user"} {
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			t.Errorf("sent to %s", target)
			return reply(200, `{}`), nil
		})
		req, err := http.NewRequestWithContext(t.Context(), "GET", target, nil)
		require.NoError(t, err)
		_, err = client.Do(req)
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Zero(t, e.Attempts)
		assert.ErrorContains(t, err, "outside the base URL")
	}
}

func TestDoIgnoresHostOverride(t *testing.T) {
	client := newClient(t, func(r *http.Request) (*http.Response, error) {
		assert.Empty(t, r.Host)
		return reply(200, `{}`), nil
	})
	req := newRequest(t, t.Context(), "GET", "/user", "")
	req.Host = "evil.test"
	_, err := client.Do(req)
	require.NoError(t, err)
}

func TestNewClientNamesEveryProblem(t *testing.T) {
	_, err := rest.NewClient(acme, "", rest.WithBaseURL("http://api.acme.test"), rest.WithTimeout(0), rest.WithResponseLimit(-1),
		rest.WithHTTPClient(nil), rest.WithLogger(nil), rest.WithRetry(backoff.Policy{Cap: -1}), rest.ProviderOption("partoo", "WithX", true))
	require.Error(t, err)
	for _, problem := range []string{"acme: new client: ", "API key: is required", "must be https", "WithTimeout", "WithResponseLimit", "WithHTTPClient", "WithLogger", "Cap", "partoo.WithX: not an option of acme"} {
		assert.ErrorContains(t, err, problem)
	}
}

func TestNewClientRejectsInvalidKeys(t *testing.T) {
	for _, key := range []string{"abc\n", "abc def", "abc\x00", "schlüssel", "\tabc"} {
		_, err := rest.NewClient(acme, key)
		require.ErrorContains(t, err, "printable ASCII")
		assert.NotContains(t, err.Error(), strings.TrimSpace(key))
	}
}

func TestProviderOptionIsReadBack(t *testing.T) {
	client := newClient(t, nil, rest.ProviderOption("acme", "WithX", 7))
	assert.Equal(t, 7, client.Option("WithX"))
	assert.Nil(t, client.Option("WithY"))
	assert.Equal(t, "https://api.acme.test/v1", client.BaseURL())
}

func TestHTTPClientIsNotModified(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	hc := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		deadline, ok := r.Context().Deadline()
		assert.True(t, ok)
		assert.InDelta(t, 7, time.Until(deadline).Seconds(), 1, "its Timeout applies to each attempt")
		resp := reply(302, ``)
		resp.Header.Set("Location", "https://evil.test/")
		resp.Header.Set("Set-Cookie", "a=b")
		return resp, nil
	}), Jar: jar, Timeout: 7 * time.Second}
	client, err := rest.NewClient(acme, testKey, rest.WithHTTPClient(hc))
	require.NoError(t, err)
	req := newRequest(t, t.Context(), "GET", "/user", "")
	_, err = client.Do(req)
	require.ErrorIs(t, err, rest.ErrRedirect)
	assert.ErrorContains(t, err, "evil.test")
	assert.Nil(t, hc.CheckRedirect)
	assert.Equal(t, 7*time.Second, hc.Timeout)
	assert.Equal(t, http.CookieJar(jar), hc.Jar)
	assert.Empty(t, jar.Cookies(req.URL))
}

func TestLogsContainNoSecretsQueriesOrBodies(t *testing.T) {
	var text, jsonText bytes.Buffer
	for _, log := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})),
		slog.New(slog.NewJSONHandler(&jsonText, &slog.HandlerOptions{Level: slog.LevelDebug})),
	} {
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			return reply(400, `{"message":"`+testKey+` and Pa55word! are wrong"}`), nil
		}, rest.WithLogger(log))
		ctx := rest.WithCall(t.Context(), rest.Call{Operation: "CreateUser", Secrets: []rest.Secret{"Pa55word!"}})
		_, err := client.Do(newRequest(t, ctx, "POST", "/user?email=ada@example.com", `{"password":"Pa55word!"}`))
		require.ErrorIs(t, err, rest.ErrInvalid)
		log.Error("failed", "error", err)
	}
	for _, out := range []string{text.String(), jsonText.String()} {
		assert.Contains(t, out, "CreateUser")
		assert.Contains(t, out, "/v1/user")
		assert.Contains(t, out, "[redacted] and [redacted] are wrong")
		for _, leak := range []string{testKey, "Pa55word!", "ada@example.com"} {
			assert.NotContains(t, out, leak)
		}
	}
}

func TestInvalidTransportResultIsAnError(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return nil, nil })
	_, err := client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{NoRetry: true}), "GET", "/user", ""))
	require.ErrorContains(t, err, "neither a response nor an error")

	client = newClient(t, func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}}, nil
	})
	_, err = rest.Decode[user](client.Do(newRequest(t, t.Context(), "GET", "/user", "")))
	require.ErrorContains(t, err, "empty body")
}

func TestRedirectWithInvalidLocationKeepsStatus(t *testing.T) {
	for _, location := range []string{"", "%zz://", "/elsewhere"} {
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			resp := reply(302, "")
			resp.Header.Set("Location", location)
			return resp, nil
		})
		_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrRedirect)
	}
}
