package partootest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const (
	// Key is the API key the fake accepts.
	Key = "partootest-key"
	// OrgID is the organisation of the key.
	OrgID int64 = 42

	basePath = "/v2"
)

// Server is a fake Partoo. It is safe for concurrent use.
type Server struct {
	*resttest.Server

	keyOwner gen.User // whom the key belongs to
	limiter  *resttest.Limiter

	mu          sync.Mutex
	users       []gen.User // in order of creation
	created     int        // ids given so far
	invited     map[string]time.Time
	invitations []string
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithQuotas enforces the documented quota, 300 requests a minute for the
// organisation (vendor page "Rate Limiting"). What is over it gets a 429 with
// Retry-After: 60, the page's example. That it is counted in fixed windows from
// the first request on is inference.
func WithQuotas() Option {
	return func(s *Server) {
		s.limiter = resttest.NewLimiter(resttest.Window{Limit: 300, Every: time.Minute})
	}
}

// WithRole sets the role of the user the key belongs to, ORG_ADMIN by default.
// It decides what the key may do:
//
//	PROVIDER                everything, in every organisation
//	ORG_ADMIN, ORG_MANAGER  everything in its own (ORG_MANAGER: inference)
//	GROUP_MANAGER           write BUSINESS_MANAGERs in its own
//	BUSINESS_MANAGER        write nobody
//	PUBLISHER               write nobody, not even itself
//
// All others may update the user the key belongs to (BUSINESS_MANAGER apart, that
// is inference).
func WithRole(role gen.Role) Option {
	return func(s *Server) { s.keyOwner.Role = &role }
}

// NewServer returns a fake without users, ready for use in memory. Start opens a
// listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{limiter: resttest.NewLimiter(), invited: make(map[string]time.Time)}
	s.keyOwner = withDefaults(gen.User{
		ID: "5309c3a237bbc54400000000", Email: "key@partootest.example", FirstName: new("Key"), LastName: new("Owner"),
		OrgID: new(OrgID), Role: new(gen.RoleOrgAdmin),
	})
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("partoo", s.routes())
	return s
}

// Options returns what partoo.New needs to reach the fake: its base URL, a
// client for it, and no quotas, so that no test waits for its turn.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL + basePath), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in the order of their creation. The user the key
// belongs to is not among them, although searches find it.
func (s *Server) Users() []gen.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]gen.User, 0, len(s.users))
	for _, user := range s.users {
		users = append(users, clone(user))
	}
	return users
}

// User returns the user with this address, in any case.
func (s *Server) User(email string) (gen.User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := s.byEmail(email); user != nil {
		return clone(*user), true
	}
	return gen.User{}, false
}

// AddUser adds a user and returns it as stored. Without an ID it gets one, and
// what else is not set becomes what a create without it would make of it. A user
// of another organisation than OrgID is out of sight of the key, unless it is a
// PROVIDER's, and takes its address all the same. AddUser panics when the address
// or the ID is taken.
func (s *Server) AddUser(user gen.User) gen.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEmail(user.Email) != nil || s.byID(user.ID) != nil {
		panic("partootest: AddUser: the address or the id is taken")
	}
	return clone(s.add(user))
}

// Invitations returns the addresses that an invitation was mailed to, in order.
func (s *Server) Invitations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.invitations...)
}

// add stores a user. The caller holds mu.
func (s *Server) add(user gen.User) gen.User {
	for user.ID == "" || s.byID(user.ID) != nil {
		s.created++
		user.ID = fmt.Sprintf("5309c3a237bbc544%08x", s.created)
	}
	user = withDefaults(clone(user))
	s.users = append(s.users, user)
	return user
}

// byEmail returns the user with this address in any organisation. That Partoo
// ignores case here, as its search does, is inference. The caller holds mu.
func (s *Server) byEmail(email string) *gen.User {
	return s.find(func(user *gen.User) bool { return strings.EqualFold(user.Email, email) })
}

func (s *Server) byID(id string) *gen.User {
	return s.find(func(user *gen.User) bool { return user.ID == id })
}

func (s *Server) find(match func(*gen.User) bool) *gen.User {
	if match(&s.keyOwner) {
		return &s.keyOwner
	}
	for i := range s.users {
		if match(&s.users[i]) {
			return &s.users[i]
		}
	}
	return nil
}
