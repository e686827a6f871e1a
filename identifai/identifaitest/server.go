// Package identifaitest provides a fake identifAI server for the tests of services. It
// works in memory, also under testing/synctest, or over loopback after Start, and
// fails on demand (package resttest). It stores the users of one partner and behaves as
// the vendor's pages describe. Where they are silent, it behaves like the framework
// Laravel, which identifAI seems to use (inference): error bodies, trimming, booleans,
// paging, throttling.
package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// Key is the API key the fake accepts.
const Key = "identifaitest-key-0000000000000000"

const keyHeader = "X-Api-Key"

// Server is a fake identifAI with one partner's users. It is safe for concurrent use.
type Server struct {
	*resttest.Server

	reads, writes           *fake.Limiter
	textBooleans, unwrapped bool
	createdStatus           int
	invalidStatus           int

	users  *fake.Store[User]
	lastID int64
	mailed []int64
}

// User is a user as the fake stores it.
type User = identifai.UserInput

type (
	record   = fake.Record[User]
	handlers = map[string]func(form) *fake.Response
)

// Option changes how a Server behaves.
type Option func(*Server)

// WithQuotas enforces quotas for the key: the windows, for reads and writes separately,
// or without any those of vendor page "Rate limits": 2 reads a second and 60 a
// minute, 1 write a second and 30 a minute. A window starts with the first request
// counted in it, as in Laravel (inference).
func WithQuotas(windows ...resttest.Window) Option {
	reads, writes := windows, windows
	if len(windows) == 0 {
		reads = []resttest.Window{{Limit: 2, Every: time.Second}, {Limit: 60, Every: time.Minute}}
		writes = []resttest.Window{{Limit: 1, Every: time.Second}, {Limit: 30, Every: time.Minute}}
	}
	return func(s *Server) {
		s.reads, s.writes = &fake.Limiter{Windows: reads}, &fake.Limiter{Windows: writes}
	}
}

// WithTextBooleans accepts true and false as booleans instead of 1 and 0, which
// Laravel accepts. Which form the live service accepts is unknown.
func WithTextBooleans() Option { return func(s *Server) { s.textBooleans = true } }

// WithUnwrappedResponses returns users and pricing plans bare, as in the vendor's
// schema of users, and not in data, as in its examples.
func WithUnwrappedResponses() Option { return func(s *Server) { s.unwrapped = true } }

// WithCreatedStatus responds to a create with this status instead of 200. Laravel's
// default is 201.
func WithCreatedStatus(status int) Option { return func(s *Server) { s.createdStatus = status } }

// WithInvalidStatus rejects input with this status instead of 422, Laravel's
// default. The vendor documents 400 for one of its operations.
func WithInvalidStatus(status int) Option { return func(s *Server) { s.invalidStatus = status } }

// NewServer returns a fake without users, in memory. Start opens a listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{createdStatus: http.StatusOK, invalidStatus: http.StatusUnprocessableEntity}
	s.users = &fake.Store[User]{Normalize: s.setID, Keys: keys}
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("identifai", fake.NewMux(s.users, map[string]handlers{
		"/api/partner/user":                {"POST": s.createOrUpdateUser},
		"/api/partner/send_creation_email": {"POST": s.sendCreationEmail},
		"/api/partner/users":               {"GET": s.listUsers},
		"/api/partner/pricings":            {"GET": s.listPricings},
		"/api/user/credits":                {"GET": s.getCredits},
	}, s.serve), keyHeader)
	return s
}

// Options returns the options with which identifai.New uses the fake: its base URL,
// an HTTP client, and no quotas, so that tests do not wait.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in the order of their creation, with their ids.
func (s *Server) Users() []User { return s.users.Users() }

// User returns the user with this email, in any letter case.
func (s *Server) User(email string) (User, bool) { return s.users.User(emailKey(email)) }

// AddUser adds a user without validation and returns it with its id; without an ID
// it gets the next one. So two users may share an email. AddUser panics if the id
// is taken.
func (s *Server) AddUser(user User) User { return s.users.AddUser(user) }

// EmailsSent returns the ids of the users that got a creation email, in order.
func (s *Server) EmailsSent() []int64 {
	s.users.Lock()
	defer s.users.Unlock()
	return slices.Clone(s.mailed)
}

func (s *Server) setID(user *User) {
	if user.ID == nil {
		user.ID = new(s.lastID + 1)
	}
	s.lastID = max(s.lastID, *user.ID)
}

func keys(user User) (unique, shared []string) {
	return []string{idKey(*user.ID)}, []string{emailKey(user.Email)}
}

func idKey(id int64) string { return fmt.Sprint("id ", id) }

func emailKey(text string) string { return "email " + email.Key(text) }

// serve returns HTML errors to a client that does not accept JSON, as Laravel does:
// invalid input is a redirect to the referring page. A missing key is a 500, because
// there is no login page.
func (s *Server) serve(r *http.Request, methods handlers) *fake.Response {
	header := http.Header{}
	resp := s.respond(r, methods, header)
	resp.Header = header
	accepted, _, _ := strings.Cut(r.Header.Get("Accept"), ",") // the framework checks only the first type
	if resp.Status < 400 || strings.Contains(accepted, "/json") || strings.Contains(accepted, "+json") {
		return resp
	}
	switch resp.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		resp.Status = http.StatusFound
		header.Set("Location", cmp.Or(r.Referer(), "/"))
	case http.StatusUnauthorized:
		resp.Status = http.StatusInternalServerError
	}
	header.Set("Content-Type", "text/html; charset=UTF-8")
	resp.Body = fmt.Sprintf("<!DOCTYPE html>\n<html lang=\"en\"><body><h1>%s</h1></body></html>\n", http.StatusText(resp.Status))
	return resp
}

// respond passes a request on if the route exists, it has the key and fits the quotas.
// Only a request with the key is counted.
func (s *Server) respond(r *http.Request, methods handlers, header http.Header) *fake.Response {
	limiter, method, supported := s.writes, r.Method, "POST"
	if method == http.MethodGet || method == http.MethodHead {
		limiter, method = s.reads, http.MethodGet
	}
	if methods[http.MethodGet] != nil {
		supported = "GET, HEAD"
	}
	switch {
	case methods == nil:
		return message(http.StatusNotFound, "") // Laravel's text for an unknown route is empty
	case methods[method] == nil:
		header.Set("Allow", supported)
		return message(http.StatusMethodNotAllowed, "The "+r.Method+" method is not supported for this route. Supported methods: "+supported+".")
	case r.Header.Get(keyHeader) != Key:
		return message(http.StatusUnauthorized, "Unauthenticated.")
	case limiter != nil && !throttle(limiter, header):
		return message(http.StatusTooManyRequests, "Too Many Attempts.")
	case method == http.MethodPost && (fake.MediaType(r) != "multipart/form-data" || r.ParseMultipartForm(1<<20) != nil):
		return message(http.StatusUnsupportedMediaType, "Unsupported Media Type") // the vendor documents no other type
	case method == http.MethodPost:
		return methods[method](form{r.MultipartForm.Value, fake.Problems{}})
	}
	return methods[method](form{r.URL.Query(), fake.Problems{}})
}

// throttle counts or rejects a request. Its headers are Laravel's.
func throttle(limiter *fake.Limiter, header http.Header) (allowed bool) {
	limit, remaining, wait := limiter.Allow()
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	if wait > 0 {
		seconds := int64((wait + time.Second - 1) / time.Second)
		header.Set("Retry-After", strconv.FormatInt(seconds, 10))
		header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+seconds, 10))
	}
	return wait == 0
}

// message returns an error response as most of them are.
func message(status int, text string) *fake.Response {
	return &fake.Response{Status: status, Body: map[string]string{"message": text}}
}
