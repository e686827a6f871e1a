package partootest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const (
	// Key is the API key that the fake accepts.
	Key = "partootest-key"
	// OrgID is the organisation of the key.
	OrgID int64 = 42

	basePath = "/v2"
)

// Server is a fake Partoo. It is safe for concurrent use.
type Server struct {
	*resttest.Server

	keyOwner *record
	limiter  *resttest.Limiter

	mu          sync.Mutex
	users       []*record // in order of creation
	lastID      int
	invitations []string
}

// Option changes the behaviour of a Server.
type Option func(*Server)

// WithQuotas enforces quotas for the organisation: the windows, or without any the
// documented one, 300 requests per minute (vendor page "Rate Limiting"). A request
// that exceeds a quota gets a 429 with Retry-After: 60, as in the page's example.
// Windows are fixed and start with their first request (inference).
func WithQuotas(windows ...resttest.Window) Option {
	if len(windows) == 0 {
		windows = []resttest.Window{{Limit: 300, Every: time.Minute}}
	}
	return func(s *Server) { s.limiter = resttest.NewLimiter(windows...) }
}

// WithRole sets the role of the user that owns the key. The default is ORG_ADMIN. The
// role decides what the key may do:
//
//	PROVIDER                everything, in every organisation
//	ORG_ADMIN, ORG_MANAGER  everything in its own organisation (ORG_MANAGER: inference)
//	GROUP_MANAGER           write BUSINESS_MANAGERs of its own organisation
//	BUSINESS_MANAGER        write no users
//	PUBLISHER               write no users, not even itself
//
// All but the last may update the owner of the key (inference, except for
// BUSINESS_MANAGER).
func WithRole(role partoo.Role) Option {
	return func(s *Server) { s.keyOwner.Role = role }
}

// NewServer returns a fake without users, for use in memory. Start opens a listener
// on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{limiter: resttest.NewLimiter()}
	s.keyOwner = newRecord(User{ID: "5309c3a237bbc54400000000", UserInput: partoo.UserInput{
		Email: "key@partootest.example", FirstName: "Key", LastName: "Owner",
	}})
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("partoo", s.routes())
	return s
}

// Options returns the options of partoo.New for the fake: its base URL, its HTTP
// client, and no quotas, so that tests do not wait.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL + basePath), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in order of creation. The owner of the key is not among
// them, although searches find it.
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

// AddUser adds a user, unchecked, and returns it as stored. Without an ID it gets the
// next one; other fields that are not set get the values they would have after a
// create. The key does not see a user of another organisation than OrgID, unless
// its role is PROVIDER, but the email of that user is taken. AddUser panics if
// the email or the ID is taken.
func (s *Server) AddUser(user User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEmail(user.Email) != nil || s.byID(user.ID) != nil {
		panic("partootest: AddUser: the email or the ID is taken")
	}
	return clone(s.add(clone(user)).User)
}

// Invitations returns the emails of users who were sent an invitation, in order.
func (s *Server) Invitations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.invitations)
}

// add stores a user. The caller holds mu, as for the methods below.
func (s *Server) add(user User) *record {
	for user.ID == "" || s.byID(user.ID) != nil {
		s.lastID++
		user.ID = fmt.Sprintf("5309c3a237bbc544%08x", s.lastID)
	}
	r := newRecord(user)
	s.users = append(s.users, r)
	return r
}

// byEmail returns the user with this email in any organisation. That Partoo ignores
// letter case here, as its search does, is inference.
func (s *Server) byEmail(wanted string) *record {
	return s.find(func(r *record) bool { return email.Equal(r.Email, wanted) })
}

func (s *Server) byID(id string) *record {
	return s.find(func(r *record) bool { return r.ID == id })
}

func (s *Server) find(match func(*record) bool) *record {
	if match(s.keyOwner) {
		return s.keyOwner
	}
	if i := slices.IndexFunc(s.users, match); i >= 0 {
		return s.users[i]
	}
	return nil
}
