package usercomtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/fields"
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
	throttles      []*throttle

	mu        sync.Mutex
	users     []*record // in order of creation
	lastID    int64
	idsByName map[string]int64 // ids of attributes and companies, by name
}

// record is a user with the times of its changes.
type record struct {
	User
	created, updated time.Time
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
			s.throttles = append(s.throttles, &throttle{window: w})
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
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("usercom", s.routes())
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
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, len(s.users))
	for _, r := range s.users {
		users = append(users, clone(r.User))
	}
	return users
}

// User returns the user with this UserID.
func (s *Server) User(userID string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byUserID(userID); r != nil {
		return clone(r.User), true
	}
	return User{}, false
}

// AddUser adds a user without validation and returns it as stored; without an ID it
// gets the next one. It may have no UserID, like a visitor of a web site. AddUser
// panics if the ID or the UserID is taken, or a custom attribute cannot be encoded.
func (s *Server) AddUser(user User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID(user.ID) != nil || s.byUserID(user.UserID) != nil {
		panic("usercomtest: AddUser: the ID or the UserID is taken")
	}
	return clone(s.add(clone(user)).User)
}

// add stores a user. The caller holds mu, as for the methods below.
func (s *Server) add(user User) *record {
	if user.ID == 0 {
		user.ID = s.lastID + 1
	}
	s.lastID = max(s.lastID, user.ID)
	now := time.Now()
	r := &record{User: user, created: now, updated: now}
	s.users = append(s.users, r)
	return r
}

func (s *Server) byID(id int64) *record {
	return s.find(func(r *record) bool { return r.ID == id })
}

// byUserID returns nil for an empty UserID: many users may have none.
func (s *Server) byUserID(userID string) *record {
	return s.find(func(r *record) bool { return userID != "" && r.UserID == userID })
}

func (s *Server) find(match func(*record) bool) *record {
	if i := slices.IndexFunc(s.users, match); i >= 0 {
		return s.users[i]
	}
	return nil
}

// idFor returns the id of an attribute or a company; a new name gets a new id.
func (s *Server) idFor(kind, name string) int64 {
	key := kind + " " + name
	if s.idsByName[key] == 0 {
		s.idsByName[key] = int64(len(s.idsByName) + 1)
	}
	return s.idsByName[key]
}

// clone copies a user and all values that it points to.
func clone(user User) User {
	data, err := json.Marshal(user.Attributes)
	if err != nil {
		panic(fmt.Sprintf("usercomtest: custom attributes: %v", err))
	}
	user.Attributes = nil
	if value, _ := decode(data); value != nil {
		user.Attributes, _ = convertNumbers(value).(map[string]any)
	}
	user.Tags = slices.Clone(user.Tags)
	fields.CopyPointers(inputFields, &user.UserInput)
	return user
}
