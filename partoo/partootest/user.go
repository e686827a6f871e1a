package partootest

import (
	"cmp"
	"fmt"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/partoo"
)

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

type record = fake.Record[User]

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
