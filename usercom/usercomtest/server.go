// Package usercomtest provides a fake user.com server for the tests of services, in
// memory or over loopback. It stores users, checks the key and every input, and responds
// like Django REST framework. That user.com uses this framework is inference, and so is
// every behaviour that is not on the vendor's pages: error bodies, the status of a
// create, the effect of null, and more that is marked in the code.
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
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
)

// Key is the API key the fake accepts. Like a real one it has 64 characters.
const Key = "usercomtest-key-000000000000000000000000000000000000000000000000"

const (
	basePath  = "/api/public"
	keyHeader = "Authorization"
)

type record = fake.Record[User]

// User is a user as the fake stores it, in the form of requests: they contain more
// than responses, such as separate first and last names. A field that was never set,
// or was cleared, has its zero value.
type User struct {
	// ID is the vendor's id.
	ID int64 `json:"id"`
	usercom.UserInput
}

// Server is a fake user.com application. It is safe for concurrent use.
type Server struct {
	*resttest.Server

	createdStatus, defaultVersion int

	throttles []*fake.Limiter
	users     *fake.Store[User]
	lastID    int64
	idsByName map[string]int64 // ids of attributes and companies, by name
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithQuotas enforces quotas for the key, all of them together. The vendor
// publishes none, so there is no default. Each is a sliding log, like the
// framework's throttles: a request is accepted if fewer than Limit were accepted
// within the last Every. Retry-After contains the seconds until the oldest request
// leaves the log, rounded up; of several windows the longest time.
func WithQuotas(windows ...resttest.Window) Option {
	return func(s *Server) {
		for _, w := range windows {
			s.throttles = append(s.throttles, &fake.Limiter{Windows: []resttest.Window{w}, Sliding: true})
		}
	}
}

// WithCreatedStatus responds to an upsert that creates a user with this status instead
// of 201, the framework's convention. The vendor's status is not documented.
func WithCreatedStatus(status int) Option { return func(s *Server) { s.createdStatus = status } }

// WithDefaultVersion sets the version of the API for requests whose Accept header
// has none: 1 (default) or 2. With 2, a client of version 1 creates every user again.
func WithDefaultVersion(version int) Option { return func(s *Server) { s.defaultVersion = version } }

// NewServer returns a fake without users, in memory. Start opens a listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{createdStatus: 201, defaultVersion: 1, idsByName: make(map[string]int64)}
	s.users = &fake.Store[User]{Normalize: s.normalize, Keys: keys}
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("usercom", s.routes(), keyHeader)
	return s
}

// Options returns the options with which usercom.New uses the fake, together with
// an empty subdomain: its base URL, an HTTP client, and no quotas, so that tests do
// not wait.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL + basePath), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in the order of their creation. Custom attributes are
// as decoded from JSON, with int64 for integers and float64 for other numbers.
func (s *Server) Users() []User { return s.users.Users() }

// User returns the user with this UserID.
func (s *Server) User(userID string) (User, bool) { return s.users.User(userIDKey(userID)) }

// AddUser adds a user without validation and returns it as stored; without an ID it
// gets the next one. It may have no UserID, like a visitor of a web site. AddUser
// panics if the ID or the UserID is taken, or a custom attribute cannot be encoded.
func (s *Server) AddUser(user User) User { return s.users.AddUser(user) }

// normalize sets a missing id.
func (s *Server) normalize(user *User) {
	if user.ID == 0 {
		user.ID = s.lastID + 1
	}
	s.lastID = max(s.lastID, user.ID)
	convertNumbers(user.Attributes)
}

// keys returns no key for an empty UserID: many users may have none.
func keys(user User) (unique, shared []string) {
	unique = []string{idKey(user.ID)}
	if user.UserID != "" {
		unique = append(unique, userIDKey(user.UserID))
	}
	return unique, nil
}

func idKey(id int64) string { return fmt.Sprint("id ", id) }

func userIDKey(userID string) string { return "user_id " + userID }

// request is a request with the version of the API, the user in its path and its body.
type request struct {
	*http.Request
	version int
	user    *record
	sent    map[string]any
}

type handlers = map[string]func(request) *fake.Response

func (s *Server) routes() http.Handler {
	const users = basePath + "/users/"
	paths := map[string]handlers{
		users + "update_or_create/{$}":             {"POST": s.upsertUser},
		users + "search/{$}":                       {"GET": s.searchUsers},
		users + "{id}/{$}":                         {"GET": s.getUser, "PUT": s.updateUser, "DELETE": s.deleteUser},
		users + "{id}/set_attribute/{$}":           {"POST": s.setAttribute},
		users + "{id}/set_multiple_attributes/{$}": {"POST": s.setAttributes},
	}
	mux := fake.NewMux(s.users, paths, s.serve)
	for path := range paths {
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

// serve makes the framework's checks in its order. The framework accepts forms too, but
// omitted booleans become false in them; so the fake rejects forms.
func (s *Server) serve(r *http.Request, methods handlers) *fake.Response {
	if methods == nil { // an HTML page, as the framework's router returns it
		return &fake.Response{
			Status: http.StatusNotFound,
			Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			Body: "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1>" +
				"<p>The requested resource was not found on this server.</p></body></html>\n",
		}
	}
	version, acceptsJSON := s.accepted(r)
	keyProblem := keyProblem(r.Header.Get(keyHeader))
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
	handle, id := methods[r.Method], r.PathValue("id")
	number, _ := strconv.ParseInt(id, 10, 64)
	req := request{Request: r, version: version, user: s.users.Find(idKey(number))}
	switch {
	case handle == nil:
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
		return detailError(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`, http.Header{"Allow": {allowed}})
	case id != "" && req.user == nil:
		return notFound()
	case r.Method == http.MethodGet, r.Method == http.MethodDelete:
		return handle(req)
	case fake.MediaType(r) != "application/json":
		return detailError(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type %q in request.", r.Header.Get("Content-Type")), nil)
	}
	var body any
	if err := fake.Decode(r.Body, &body); err != nil {
		return detailError(http.StatusBadRequest, "JSON parse error - "+err.Error(), nil)
	}
	var isObject bool
	if req.sent, isObject = body.(map[string]any); !isObject {
		return invalid(fake.Problems{"non_field_errors": "Invalid data. Expected a dictionary."})
	}
	return handle(req)
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

// keyProblem returns why the framework rejects the value of the key's header.
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
		_, _, retryAfter := t.Allow()
		wait = max(wait, retryAfter)
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
