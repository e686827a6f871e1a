package reliability

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// otherOrigin is another origin, which should hear nothing.
func otherOrigin(t *testing.T) (server *httptest.Server, heard *atomic.Int64) {
	t.Helper()
	heard = new(atomic.Int64)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		heard.Add(1)
		_, _ = fmt.Fprintf(w, friendly, "7", "")
	}))
	t.Cleanup(server.Close)
	return server, heard
}

// eachCall makes every call to the server, whose handler may answer what it likes,
// through a transport of our own and through a client of the caller's that would
// follow redirects and keep cookies.
func eachCall(t *testing.T, server *httptest.Server, check func(name string, err error)) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for provider, operations := range callsOf {
		for through, options := range map[string][]rest.Option{"own": nil, "caller's": {rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, server.Client().Transport), Jar: jar})}} {
			options = append(options, rest.WithBaseURL(server.URL), rest.WithQuotas())
			all, err := operations(options...)
			require.NoError(t, err)
			for _, operation := range all {
				_, err := operation.Call(t.Context())
				check(provider+" "+operation.Name+" through the transport "+through, err)
			}
		}
	}
}

// A redirect takes no key along, because none is followed.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, heard := otherOrigin(t)
	redirected := 0
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", other.URL+r.URL.Path)
			w.Header().Set("Set-Cookie", "k="+url.QueryEscape(r.Header.Get("X-Api-Key")))
			w.Header().Set("Refresh", "0; url="+other.URL)
			w.WriteHeader(status)
		}))
		eachCall(t, server, func(name string, err error) {
			if strings.Contains(name, "Bulk.") { // whose list is refused already
				return
			}
			redirected++
			assert.ErrorIs(t, err, rest.ErrRedirect, "%s after %d", name, status)
		})
		server.Close()
	}
	assert.Zero(t, heard.Load())
	figure(t, "requests of another origin after redirects", "%d of %d calls", heard.Load(), redirected)
}

// Links in answers are data: the next page is asked for where the first was.
func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, heard := otherOrigin(t)
	pages := map[string]string{
		"/api/partner/users": `{"current_page":%s,"last_page":2,"total":2,"data":[{"id":%[1]s,"email":"a@example.com"}],"next_page_url":"%[2]s","links":[{"url":"%[2]s"}],"path":"%[2]s"}`,
		"/user/search":       `{"page":%s,"max_page":2,"count":2,"users":[{"id":"u%[1]s","email":"a@example.com"}],"next":"%[2]s","next_page":"%[2]s"}`,
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Link", "<"+other.URL+`>; rel="next"`)
		w.Header().Set("Content-Location", other.URL)
		if page, ok := pages[r.URL.Path]; ok {
			_, _ = fmt.Fprintf(w, page, r.URL.Query().Get("page"), other.URL)
			return
		}
		_, _ = fmt.Fprintf(w, friendly, `7,"next":"`+other.URL+`"`, "")
	}))
	defer server.Close()
	eachCall(t, server, func(string, error) {})
	assert.Zero(t, heard.Load())

	asked.Store(0)
	first, err := identifai.New(everycall.Key, rest.WithBaseURL(server.URL), rest.WithQuotas())
	require.NoError(t, err)
	users, err := collect(first.Users(t.Context(), identifai.ListUsersParams{}))
	require.NoError(t, err)
	assert.Len(t, users, 2)
	second, err := partoo.New(everycall.Key, rest.WithBaseURL(server.URL), rest.WithQuotas())
	require.NoError(t, err)
	found, err := collect(second.SearchUsers(t.Context(), partoo.SearchUsersParams{}))
	require.NoError(t, err)
	assert.Len(t, found, 2)
	assert.EqualValues(t, 4, asked.Load(), "the next pages were read where the first stood")
}

// What a request editor points elsewhere stays here.
func TestRequestsForAnotherOriginAreNotSent(t *testing.T) {
	t.Parallel()
	other, heard := otherOrigin(t)
	elsewhere, err := url.Parse(other.URL)
	require.NoError(t, err)
	point := func(_ context.Context, r *http.Request) error {
		r.URL.Host, r.URL.User = elsewhere.Host, url.UserPassword("ada", everycall.Password)
		return nil
	}
	base := rest.WithBaseURL("http://127.0.0.1:1")
	one, err := identifai.New(everycall.Key, base)
	require.NoError(t, err)
	_, err = one.API().GetCreditsWithResponse(t.Context(), point)
	assert.ErrorContains(t, err, "outside the base URL")
	two, err := partoo.New(everycall.Key, base)
	require.NoError(t, err)
	_, err = two.API().GetUserWithResponse(t.Context(), "u1", point)
	assert.ErrorContains(t, err, "outside the base URL")
	three, err := usercom.New("", everycall.Key, base)
	require.NoError(t, err)
	_, err = three.API().GetUserWithResponse(t.Context(), 7, point)
	assert.ErrorContains(t, err, "outside the base URL")
	assert.Zero(t, heard.Load())
}

// A base URL with user info would have net/http send it as a second credential, and
// print it. It is refused, and not repeated.
func TestBaseURLWithUserInfoIsRejected(t *testing.T) {
	t.Parallel()
	other, heard := otherOrigin(t)
	host := strings.TrimPrefix(other.URL, "http://")
	for _, base := range []string{
		"http://" + everycall.KeyMark + ":" + everycall.PasswordMark + "@" + host, "http://" + everycall.KeyMark + "@" + host,
		"http://@" + host, "http://" + host + "?key=" + everycall.KeyMark, "http://" + host + "#" + everycall.KeyMark,
		"http://" + everycall.KeyMark + "%zz@" + host, everycall.KeyMark + "://" + host,
	} {
		for provider, operations := range callsOf {
			_, err := operations(rest.WithBaseURL(base))
			if assert.Error(t, err, "%s at %s", provider, base) {
				s := &search{t: t, name: provider + " at " + base, password: true}
				s.inValue(err)
			}
		}
	}
	assert.Zero(t, heard.Load())
}
