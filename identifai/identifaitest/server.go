package identifaitest

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// Key is the API key the fake accepts.
const Key = "identifaitest-key-0000000000000000"

// Server is a fake identifAI with the users of one partner. It is safe for
// concurrent use.
type Server struct {
	*resttest.Server

	reads, writes *resttest.Limiter
	textBooleans  bool
	unwrapped     bool
	createdStatus int
	invalidStatus int

	mu     sync.Mutex
	users  []*record // in order of creation
	lastID int64
	mailed []int64
}

// User is a user as the fake stores it.
type User = identifai.UserInput

// record is a user with the times of its changes.
type record struct {
	User
	created, updated time.Time
}

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
	return func(s *Server) { s.reads, s.writes = resttest.NewLimiter(reads...), resttest.NewLimiter(writes...) }
}

// WithTextBooleans accepts true and false as booleans and rejects 1 and 0. The
// default is the reverse, as in Laravel; which form the live service accepts is
// unknown.
func WithTextBooleans() Option {
	return func(s *Server) { s.textBooleans = true }
}

// WithUnwrappedResponses returns users and pricing plans bare, as in the vendor's
// schema of users, and not in data, as in its examples.
func WithUnwrappedResponses() Option {
	return func(s *Server) { s.unwrapped = true }
}

// WithCreatedStatus responds to a create with this status instead of 200. Laravel's
// default is 201.
func WithCreatedStatus(status int) Option {
	return func(s *Server) { s.createdStatus = status }
}

// WithInvalidStatus rejects input with this status instead of 422, Laravel's
// default. The vendor documents 400 for one of its operations.
func WithInvalidStatus(status int) Option {
	return func(s *Server) { s.invalidStatus = status }
}

// NewServer returns a fake without users, ready for use in memory. Start opens a
// listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{createdStatus: http.StatusOK, invalidStatus: http.StatusUnprocessableEntity}
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("identifai", s.routes())
	return s
}

// Options returns the options with which identifai.New uses the fake: its base URL,
// an HTTP client, and no quotas, so that tests do not wait.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in the order of their creation, with their ids.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, len(s.users))
	for _, r := range s.users {
		users = append(users, clone(r.User))
	}
	return users
}

// User returns the user with this email, in any letter case.
func (s *Server) User(email string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byEmail(email); r != nil {
		return clone(r.User), true
	}
	return User{}, false
}

// AddUser adds a user without validation and returns it with its id; without an ID
// it gets the next one. So two users may share an email. AddUser panics if the id
// is taken.
func (s *Server) AddUser(user User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user.ID != nil && s.byID(*user.ID) != nil {
		panic("identifaitest: AddUser: the id is taken")
	}
	return clone(s.add(clone(user)).User)
}

// EmailsSent returns the ids of the users that got a creation email, in order of the
// emails.
func (s *Server) EmailsSent() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mailed)
}

// add stores a user under its id or the next one.
func (s *Server) add(user User) *record {
	if user.ID == nil {
		user.ID = new(s.lastID + 1)
	}
	s.lastID = max(s.lastID, *user.ID)
	now := time.Now()
	r := &record{user, now, now}
	s.users = append(s.users, r)
	return r
}

func (s *Server) byID(id int64) *record {
	return s.first(func(r *record) bool { return *r.ID == id })
}

func (s *Server) byEmail(wanted string) *record {
	return s.first(func(r *record) bool { return email.Equal(r.Email, wanted) })
}

func (s *Server) first(match func(*record) bool) *record {
	if i := slices.IndexFunc(s.users, match); i >= 0 {
		return s.users[i]
	}
	return nil
}

// clone copies a user and all values that it points to.
func clone(u User) User {
	fields.CopyPointers(inputFields, &u)
	return u
}

// merge returns the input of an update; fields that it omits keep their values.
func merge(current, input User) User {
	for _, f := range inputFields {
		if f.Of(&input).IsZero() {
			f.Of(&input).Set(f.Of(&current))
		}
	}
	return input
}
