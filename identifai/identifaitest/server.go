package identifaitest

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// Key is the API key the fake accepts.
const Key = "identifaitest-key-0000000000000000"

// Server is a fake identifAI with the users of one partner. It is safe for
// concurrent use.
type Server struct {
	*resttest.Server

	reads, writes *fake.Limiter
	textBooleans  bool
	unwrapped     bool
	createdStatus int
	invalidStatus int

	users  *fake.Store[User]
	lastID int64
	mailed []int64
}

// User is a user as the fake stores it.
type User = identifai.UserInput

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
		s.reads, s.writes = fake.NewLimiter(false, reads...), fake.NewLimiter(false, writes...)
	}
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
	s.users = &fake.Store[User]{
		Normalize: s.setID,
		Keys:      func(u User) (unique, shared []string) { return []string{idKey(*u.ID)}, []string{emailKey(u.Email)} },
	}
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("identifai", s.routes(), keyHeader)
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

// EmailsSent returns the ids of the users that got a creation email, in order of the
// emails.
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

func idKey(id int64) string { return fmt.Sprint("id ", id) }

func emailKey(text string) string { return "email " + email.Key(text) }
