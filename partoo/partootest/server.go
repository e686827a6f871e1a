// Package partootest provides a fake Partoo for tests, in memory or on loopback. It
// stores users, checks the API key and all input, and follows the spec. Behaviour that
// the vendor does not document is marked as inference. The quota is only enforced with
// [WithQuotas].
package partootest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const (
	// Key is the API key that the fake accepts.
	Key = "partootest-key"
	// OrgID is the organisation of the key.
	OrgID int64 = 42

	basePath  = "/v2"
	keyHeader = "X-Apikey"
)

// Server is a fake Partoo. It is safe for concurrent use.
type Server struct {
	*resttest.Server

	limiter     fake.Limiter
	users       *fake.Store[User] // the first is the owner of the key
	keyOwner    *record
	lastID      int
	invited     map[string]time.Time // by id
	invitations []string
}

// User is a user as the fake stores it. OnCreate.Status is the present status; the
// password and SendInvitation are not stored.
type User struct {
	ID string `json:"id"`
	partoo.UserInput
	Disabled bool `json:"disabled"`
}

// Format prints all fields; the method of UserInput would print its own only.
func (u User) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), struct {
		ID        string
		UserInput partoo.UserInput
		Disabled  bool
	}{u.ID, u.UserInput, u.Disabled})
}

type (
	record   = fake.Record[User]
	handlers = map[string]func(*http.Request) *fake.Response
)

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
	return func(s *Server) { s.limiter.Windows = windows }
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
func WithRole(role partoo.Role) Option { return func(s *Server) { s.keyOwner.User.Role = role } }

// NewServer returns a fake without users, in memory. Start opens a listener on loopback.
func NewServer(options ...Option) *Server {
	s := &Server{invited: make(map[string]time.Time)}
	s.users = &fake.Store[User]{Normalize: s.normalize, Keys: keys}
	s.keyOwner = s.users.Add(User{ID: "5309c3a237bbc54400000000", UserInput: partoo.UserInput{
		Email: "key@partootest.example", FirstName: "Key", LastName: "Owner",
	}})
	for _, option := range options {
		option(s)
	}
	s.Server = resttest.NewServer("partoo", fake.NewMux(s.users, map[string]handlers{
		basePath + "/user":             {"POST": s.createUser},
		basePath + "/user/search":      {"GET": s.searchUsers},
		basePath + "/user/me":          {"GET": s.getMyUser},
		basePath + "/user/{id}":        {"GET": s.getUser, "POST": s.ofTarget(s.updateUser), "DELETE": s.ofTarget(s.deleteUser)},
		basePath + "/user/{id}/invite": {"POST": s.ofTarget(s.inviteUser)},
	}, s.serve), keyHeader)
	return s
}

// Options returns the options of partoo.New for the fake: its base URL, its HTTP
// client, and no quotas, so that tests do not wait.
func (s *Server) Options() []rest.Option {
	return []rest.Option{rest.WithBaseURL(s.URL + basePath), rest.WithHTTPClient(s.Client()), rest.WithQuotas()}
}

// Users returns the users in order of creation. The owner of the key is not among
// them, although searches find it.
func (s *Server) Users() []User { return s.users.Users()[1:] }

// User returns the user with this email, in any letter case.
func (s *Server) User(email string) (User, bool) { return s.users.User(emailKey(email)) }

// AddUser adds a user, unchecked, and returns it as stored. Without an ID it gets the
// next one; other fields that are not set get the values they would have after a
// create. The key does not see a user of another organisation than OrgID, unless
// its role is PROVIDER, but the email of that user is taken. AddUser panics if
// the email or the ID is taken.
func (s *Server) AddUser(user User) User { return s.users.AddUser(user) }

// Invitations returns the emails of users who were sent an invitation, in order.
func (s *Server) Invitations() []string {
	s.users.Lock()
	defer s.users.Unlock()
	return slices.Clone(s.invitations)
}

func keys(user User) (unique, shared []string) {
	return []string{idKey(user.ID), emailKey(user.Email)}, nil
}

func idKey(id string) string { return "id " + id }

// emailKey finds a user of any organisation. That Partoo ignores letter case here, as its
// search does, is inference.
func emailKey(text string) string { return "email " + email.Key(text) }

// normalize sets the fields that have no value.
func (s *Server) normalize(user *User) {
	for user.ID == "" {
		s.lastID++
		if id := fmt.Sprintf("5309c3a237bbc544%08x", s.lastID); s.users.Find(idKey(id)) == nil {
			user.ID = id
		}
	}
	setDefaults(user)
}

// setDefaults sets the fields other than the id. The role ORG_ADMIN is that of the vendor's
// guide to users; the language is inference. A list that only applies to another role
// is emptied: responses show it empty (vendor page "User information").
func setDefaults(user *User) {
	user.Role = cmp.Or(user.Role, gen.RoleOrgAdmin)
	user.OnCreate.Status = cmp.Or(user.OnCreate.Status, gen.UserStatusActive)
	user.Lang = cmp.Or(user.Lang, gen.LangEn)
	user.OrgID = cmp.Or(user.OrgID, new(OrgID))
	user.SSOOnly = cmp.Or(user.SSOOnly, new(false))
	if user.SidebarPages == nil {
		for _, page := range userFields["sidebar_pages"].Enum {
			user.SidebarPages = append(user.SidebarPages, gen.SidebarPage(page.Text))
		}
	}
	if user.BusinessIDs == nil || user.Role != gen.RoleBusinessManager {
		user.BusinessIDs = []string{}
	}
	if user.Accesses == nil || user.Role != gen.RoleGroupManager {
		user.Accesses = [][]int64{}
	}
	user.OnCreate.Password, user.OnCreate.SendInvitation = "", nil
}

var (
	toResponse = fields.NewMapping[User, gen.User]()
	features   = []gen.AvailableFeature{
		gen.AvailableFeatureDiffusion, gen.AvailableFeatureFeedbackManagement, gen.AvailableFeatureMessages,
		gen.AvailableFeaturePosts, gen.AvailableFeatureReviewInvite, gen.AvailableFeatureReviewManagement,
	}
)

// toJSON returns the user as a response contains it.
func toJSON(r *record, businessIDs bool) gen.User {
	user := gen.User{CreatedAt: new(float64(r.Created.Unix())), Disabled: new(r.User.Disabled), AvailableFeatures: features}
	toResponse.Copy(&r.User, &user)
	if !businessIDs {
		user.BusinessIDs = nil
	}
	return user
}
