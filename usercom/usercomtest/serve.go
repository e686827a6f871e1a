package usercomtest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/fake"
)

func (s *Server) routes() http.Handler {
	const users = basePath + "/users/"
	routes := map[string]fake.Methods{
		users + "update_or_create/{$}":             {"POST": s.handle(s.upsertUser)},
		users + "search/{$}":                       {"GET": s.handle(s.searchUsers)},
		users + "{id}/{$}":                         {"GET": s.handle(s.getUser), "PUT": s.handle(s.updateUser), "DELETE": s.handle(s.deleteUser)},
		users + "{id}/set_attribute/{$}":           {"POST": s.handle(s.setAttribute)},
		users + "{id}/set_multiple_attributes/{$}": {"POST": s.handle(s.setAttributes)},
	}
	mux := fake.NewMux(s.users, routes, s.serve)
	for path := range routes {
		mux.HandleFunc(strings.TrimSuffix(path, "/{$}"), addSlash)
	}
	return mux
}

// addSlash redirects to the same URL with a slash at its end. The client of net/http
// follows such a redirect of a POST with a GET.
func addSlash(w http.ResponseWriter, r *http.Request) {
	slashed := url.URL{Path: r.URL.Path + "/", RawQuery: r.URL.RawQuery}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Location", slashed.String())
	w.WriteHeader(http.StatusMovedPermanently)
}

// serve makes the framework's checks in its order.
func (s *Server) serve(r *http.Request, methods fake.Methods) *fake.Response {
	if methods == nil { // an HTML page, as the framework's router returns it
		return &fake.Response{
			Status: http.StatusNotFound,
			Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			Body: "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1>" +
				"<p>The requested resource was not found on this server.</p></body></html>\n",
		}
	}
	version, acceptsJSON := s.accepted(r)
	keyProblem := keyProblem(r.Header.Get("Authorization"))
	switch {
	case !acceptsJSON:
		return detailError(http.StatusNotAcceptable, "Could not satisfy the request Accept header.", nil)
	case version == 0:
		return detailError(http.StatusNotAcceptable, `Invalid version in "Accept" header.`, nil)
	case keyProblem != "":
		return detailError(http.StatusUnauthorized, keyProblem, http.Header{"Www-Authenticate": {"Token"}})
	}
	if throttled := s.throttle(); throttled != nil {
		return throttled
	}
	if methods[r.Method] == nil {
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
		return detailError(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`, http.Header{"Allow": {allowed}})
	}
	return methods[r.Method](r)
}

// detailError is the framework's error response to a request as a whole.
func detailError(status int, text string, header http.Header) *fake.Response {
	return &fake.Response{Status: status, Header: header, Body: map[string]string{"detail": text}}
}

func notFound() *fake.Response { return detailError(http.StatusNotFound, "Not found.", nil) }

// accepted returns the version in the Accept header (vendor page "Basic API usage"), or the
// default version, 0 if it is unknown, and whether the client accepts JSON.
func (s *Server) accepted(r *http.Request) (version int, json bool) {
	accept, text := r.Header.Values("Accept"), ""
	json = len(accept) == 0
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if media, params, err := mime.ParseMediaType(item); err == nil {
			json = json || slices.Contains([]string{"application/json", "application/*", "*/*"}, media)
			text = cmp.Or(text, params["version"])
		}
	}
	return map[string]int{"": s.defaultVersion, "1": 1, "2": 2}[text], json
}

func keyProblem(authorization string) string {
	words := strings.Fields(authorization)
	switch {
	case len(words) == 0 || !strings.EqualFold(words[0], "Token"):
		return "Authentication credentials were not provided."
	case len(words) == 1:
		return "Invalid token header. No credentials provided."
	case len(words) > 2:
		return "Invalid token header. Token string should not contain spaces."
	case words[1] != Key:
		return "Invalid token."
	}
	return ""
}

// throttle checks every throttle, as the framework does: one that accepts a request counts
// it, even if another one rejects it.
func (s *Server) throttle() *fake.Response {
	var wait time.Duration
	for _, t := range s.throttles {
		wait = max(wait, t.Allow().RetryAfter)
	}
	if wait == 0 {
		return nil
	}
	seconds, unit := int(math.Ceil(wait.Seconds())), "seconds"
	if seconds == 1 {
		unit = "second"
	}
	text := fmt.Sprintf("Request was throttled. Expected available in %d %s.", seconds, unit)
	return detailError(http.StatusTooManyRequests, text, http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}
