package reliability

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// otherOrigin is another origin, which must get no requests.
func otherOrigin(t *testing.T) (server *httptest.Server, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = fmt.Fprint(w, "{}")
	}))
	t.Cleanup(server.Close)
	return server, requests
}

// eachCall makes every call to the server: through the transport of package rest, and
// through a client that would follow redirects and keep cookies.
func eachCall(t *testing.T, server *httptest.Server, check func(name string, err error)) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for _, call := range calls() {
		for client, options := range map[string][]rest.Option{"default": nil, "custom": {rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, server.Client().Transport), Jar: jar})}} {
			options = append(slices.Concat(options, withoutDelay(call.provider)), rest.WithBaseURL(server.URL))
			_, err := call.start(connection{t: t, key: key, options: noQuotas(options...)}).call(t.Context())
			check(call.provider+" "+call.name+", "+client+" client", err)
		}
	}
}

// Redirects are not followed, so the key is not sent to another origin.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, requests := otherOrigin(t)
	redirected := 0
	statuses := []int{301, 303, 307}
	if *report {
		statuses = []int{300, 301, 302, 303, 304, 305, 307, 308, 399}
	}
	for _, status := range statuses {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", other.URL+r.URL.Path)
			w.Header().Set("Set-Cookie", "k="+url.QueryEscape(r.Header.Get("X-Api-Key")))
			w.Header().Set("Refresh", "0; url="+other.URL)
			w.WriteHeader(status)
		}))
		eachCall(t, server, func(name string, err error) {
			redirected++
			assert.ErrorIs(t, err, rest.ErrRedirect, "%s after %d", name, status)
		})
		server.Close()
	}
	assert.Zero(t, requests.Load())
	figure(t, "requests sent to another origin after redirects", "%d of %d calls", requests.Load(), redirected)
}

// Links in responses are not followed: all pages are requested from the base URL.
func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, requests := otherOrigin(t)
	pages := map[string]string{
		"/api/partner/users": `{"current_page":%s,"last_page":2,"total":2,"data":[{"id":%[1]s,"email":"a@example.com"}],"next_page_url":"%[2]s","links":[{"url":"%[2]s"}],"path":"%[2]s"}`,
		"/user/search":       `{"page":%s,"max_page":2,"count":2,"users":[{"id":"u%[1]s","email":"a@example.com"}],"next":"%[2]s","next_page":"%[2]s"}`,
	}
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		w.Header().Set("Link", "<"+other.URL+`>; rel="next"`)
		w.Header().Set("Content-Location", other.URL)
		if page, ok := pages[r.URL.Path]; ok {
			_, _ = fmt.Fprintf(w, page, r.URL.Query().Get("page"), other.URL)
			return
		}
		_, _ = fmt.Fprintf(w, `{"id":7,"created":true,"status":"success","data":{"id":7,"name":"Ada","email":"ada@example.com"},"next":%q}`, other.URL)
	}))
	defer server.Close()
	eachCall(t, server, func(string, error) {})
	assert.Zero(t, requests.Load())

	sent.Store(0)
	one, err := identifai.New(key, rest.WithBaseURL(server.URL), rest.WithQuotas())
	require.NoError(t, err)
	users, err := listResult(one.ListUsers(t.Context(), identifai.ListUsersParams{}), func(u identifai.User) int64 { return u.ID })
	require.NoError(t, err)
	assert.Equal(t, "1 2", users.text)
	two, err := partoo.New(key, rest.WithBaseURL(server.URL), rest.WithQuotas())
	require.NoError(t, err)
	found, err := listResult(two.SearchUsers(t.Context(), partoo.SearchUsersParams{}), func(u partoo.User) string { return u.ID })
	require.NoError(t, err)
	assert.Equal(t, "u1 u2", found.text)
	assert.EqualValues(t, 4, sent.Load(), "two pages each, from the base URL")
}

// A request editor cannot change the origin.
func TestRequestsForAnotherOriginAreNotSent(t *testing.T) {
	t.Parallel()
	other, requests := otherOrigin(t)
	elsewhere, err := url.Parse(other.URL)
	require.NoError(t, err)
	redirect := func(_ context.Context, r *http.Request) error {
		r.URL.Host, r.URL.User = elsewhere.Host, url.UserPassword("ada", password)
		return nil
	}
	base := rest.WithBaseURL("http://127.0.0.1:1")
	one, err := identifai.New(key, base)
	require.NoError(t, err)
	_, err = one.API().GetCreditsWithResponse(t.Context(), redirect)
	assert.ErrorContains(t, err, "outside the base URL")
	two, err := partoo.New(key, base)
	require.NoError(t, err)
	_, err = two.API().GetUserWithResponse(t.Context(), "u1", nil, redirect)
	assert.ErrorContains(t, err, "outside the base URL")
	three, err := usercom.New("", key, base)
	require.NoError(t, err)
	_, err = three.API().GetUserWithResponse(t.Context(), 7, redirect)
	assert.ErrorContains(t, err, "outside the base URL")
	assert.Zero(t, requests.Load())
}

// net/http would send the user info of a base URL as a second credential, and print it. The
// base URL is rejected and not repeated.
func TestBaseURLWithUserInfoIsRejected(t *testing.T) {
	t.Parallel()
	other, requests := otherOrigin(t)
	host := strings.TrimPrefix(other.URL, "http://")
	for _, base := range []string{
		"http://" + keyMark + ":" + passwordMark + "@" + host, "http://" + keyMark + "@" + host,
		"http://@" + host, "http://" + host + "?key=" + keyMark, "http://" + host + "#" + keyMark,
		"http://" + keyMark + "%zz@" + host, keyMark + "://" + host,
	} {
		_, errIdentifai := identifai.New(key, rest.WithBaseURL(base))
		_, errPartoo := partoo.New(key, rest.WithBaseURL(base))
		_, errUsercom := usercom.New("", key, rest.WithBaseURL(base))
		for _, err := range []error{errIdentifai, errPartoo, errUsercom} {
			require.Error(t, err, base)
			(&search{t: t, name: base, password: true}).inValue(err)
		}
	}
	assert.Zero(t, requests.Load())
}
