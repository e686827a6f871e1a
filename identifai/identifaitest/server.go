package identifaitest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/identifai"
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

// record is a user with what the fake alone knows of it.
type record struct {
	identifai.UserInput
	created, updated time.Time
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithQuotas enforces the quotas of vendor page "Rate limits": 2 reads a second
// and 60 a minute, 1 write a second and 30 a minute. Windows open with the first
// request counted in them, as Laravel's do (inference).
func WithQuotas() Option {
	return func(s *Server) {
		s.reads = resttest.NewLimiter(resttest.Window{Limit: 2, Every: time.Second}, resttest.Window{Limit: 60, Every: time.Minute})
		s.writes = resttest.NewLimiter(resttest.Window{Limit: 1, Every: time.Second}, resttest.Window{Limit: 30, Every: time.Minute})
	}
}

// WithTextBooleans takes the words true and false for booleans and refuses 1 and
// 0. By default it is the other way round, as Laravel's rule has it; which of
// them the live service takes is not known.
func WithTextBooleans() Option {
	return func(s *Server) { s.textBooleans = true }
}

// WithUnwrappedResponses answers users and pricing plans bare, as the vendor's schema
// shows users, and not in data, as its examples do.
func WithUnwrappedResponses() Option {
	return func(s *Server) { s.unwrapped = true }
}

// WithCreatedStatus answers a create with this status instead of 200. Laravel
// says 201 by itself.
func WithCreatedStatus(status int) Option {
	return func(s *Server) { s.createdStatus = status }
}

// WithInvalidStatus refuses input with this status instead of 422, Laravel's. The
// vendor documents 400 for one of its operations.
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

// Options returns what identifai.New needs to reach the fake: its base URL, a
// client for it, and no quotas, so that no test waits for its turn.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in the order of their creation, with their ids.
func (s *Server) Users() []identifai.UserInput {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]identifai.UserInput, 0, len(s.users))
	for _, r := range s.users {
		users = append(users, clone(r.UserInput))
	}
	return users
}

// User returns the user with this address, in any case.
func (s *Server) User(email string) (identifai.UserInput, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byEmail(email); r != nil {
		return clone(r.UserInput), true
	}
	return identifai.UserInput{}, false
}

// AddUser adds a user, unchecked, and returns it with its id; without one it gets
// the next. Two users may thus come to share an address. AddUser panics when the
// id is taken.
func (s *Server) AddUser(user identifai.UserInput) identifai.UserInput {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user.ID != nil && s.byID(*user.ID) != nil {
		panic("identifaitest: AddUser: the id is taken")
	}
	return clone(s.add(clone(user)).UserInput)
}

// EmailsSent returns the ids of the users who were sent a creation mail, in the
// order of the mails.
func (s *Server) EmailsSent() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mailed)
}

// add stores a user under its id or the next one.
func (s *Server) add(user identifai.UserInput) *record {
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

func (s *Server) byEmail(email string) *record {
	return s.first(func(r *record) bool { return strings.EqualFold(r.Email, email) })
}

func (s *Server) first(match func(*record) bool) *record {
	if i := slices.IndexFunc(s.users, match); i >= 0 {
		return s.users[i]
	}
	return nil
}

// clone has pointers of its own.
func clone(u identifai.UserInput) identifai.UserInput {
	u.ID, u.Readonly, u.Newsletter, u.SaveFiles = copyOf(u.ID), copyOf(u.Readonly), copyOf(u.Newsletter), copyOf(u.SaveFiles)
	return u
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// mergeInput is have with what given holds beside.
func mergeInput(have, given identifai.UserInput) identifai.UserInput {
	given.Password = cmp.Or(given.Password, have.Password)
	given.Readonly = cmp.Or(given.Readonly, have.Readonly)
	given.Newsletter = cmp.Or(given.Newsletter, have.Newsletter)
	given.SaveFiles = cmp.Or(given.SaveFiles, have.SaveFiles)
	return given
}
