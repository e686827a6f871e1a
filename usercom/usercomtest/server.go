package usercomtest

import (
	"encoding/json"
	"fmt"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
)

// Key is the API key the fake accepts. Like a real one it has 64 characters.
const Key = "usercomtest-key-000000000000000000000000000000000000000000000000"

const basePath = "/api/public"

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

	createdStatus  int
	defaultVersion int
	throttles      []*fake.Limiter

	users     *fake.Store[User]
	lastID    int64
	idsByName map[string]int64 // ids of attributes and companies, by name
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithQuotas enforces quotas for the key, all of them together. The vendor
// publishes none, so there is no default. Each is a sliding log, like the
// framework's throttles: a request is accepted if fewer than Limit were accepted
// within the last Every. A rejected request does not count in the window that
// rejected it. Retry-After contains the seconds until the oldest request leaves the
// log, rounded up; of several windows the longest time. Without windows nothing is
// enforced.
func WithQuotas(windows ...resttest.Window) Option {
	return func(s *Server) {
		for _, w := range windows {
			s.throttles = append(s.throttles, fake.NewLimiter(true, w))
		}
	}
}

// WithCreatedStatus responds to an upsert that creates a user with this status instead
// of 201, the framework's convention. The vendor's status is not documented.
func WithCreatedStatus(status int) Option {
	return func(s *Server) { s.createdStatus = status }
}

// WithDefaultVersion sets the version of the API for requests whose Accept header
// has none: 1 (default) or 2. With 2, a client of version 1 creates every user again.
func WithDefaultVersion(version int) Option {
	return func(s *Server) { s.defaultVersion = version }
}

// NewServer returns a fake without users, ready for use in memory. Start opens a
// listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{createdStatus: 201, defaultVersion: 1, idsByName: make(map[string]int64)}
	s.users = &fake.Store[User]{Normalize: s.normalize, Keys: keys}
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("usercom", s.routes(), "Authorization")
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

// convertNumbers converts the numbers in a decoded value to int64 or else float64.
// Numbers that fit neither keep their text.
func convertNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		if f, err := value.Float64(); err == nil {
			return f
		}
	case []any:
		for i := range value {
			value[i] = convertNumbers(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = convertNumbers(value[name])
		}
	}
	return value
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
