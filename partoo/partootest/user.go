package partootest

import (
	"encoding/json"
	"fmt"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
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

// record is a user with the data that only the fake needs.
type record struct {
	User
	created, invited time.Time
}

var (
	fromRequest = fields.NewMapping[input, User]()
	toResponse  = fields.NewMapping[User, gen.User]()
)

func newRecord(user User) *record {
	return &record{User: withDefaults(user), created: time.Now()}
}

// withDefaults sets the fields that have no value. The role ORG_ADMIN is that of the
// vendor's guide to users; the language is inference. A list that only applies to
// another role is emptied: responses show it empty (vendor page "User information").
func withDefaults(user User) User {
	setDefault(&user.Role, gen.RoleOrgAdmin)
	setDefault(&user.OnCreate.Status, gen.UserStatusActive)
	setDefault(&user.Lang, gen.LangEn)
	setDefault(&user.OrgID, new(OrgID))
	setDefault(&user.SSOOnly, new(false))
	if user.SidebarPages == nil {
		user.SidebarPages = everyPage()
	}
	if user.BusinessIDs == nil || user.Role != gen.RoleBusinessManager {
		user.BusinessIDs = []string{}
	}
	if user.Accesses == nil || user.Role != gen.RoleGroupManager {
		user.Accesses = [][]int64{}
	}
	user.OnCreate.Password, user.OnCreate.SendInvitation = "", nil
	return user
}

func setDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

func everyPage() []gen.SidebarPage {
	return []gen.SidebarPage{
		gen.SidebarPageBulkModification, gen.SidebarPageDiffusion, gen.SidebarPageFeedbackManagement,
		gen.SidebarPageMessages, gen.SidebarPagePosts, gen.SidebarPagePresenceAnalytics,
		gen.SidebarPageReviewAnalytics, gen.SidebarPageReviewInvite, gen.SidebarPageReviewManagement,
	}
}

func everyFeature() []gen.AvailableFeature {
	return []gen.AvailableFeature{
		gen.AvailableFeatureDiffusion, gen.AvailableFeatureFeedbackManagement, gen.AvailableFeatureMessages,
		gen.AvailableFeaturePosts, gen.AvailableFeatureReviewInvite, gen.AvailableFeatureReviewManagement,
	}
}

// toJSON returns the user as a response contains it.
func (r *record) toJSON(businessIDs bool) gen.User {
	user := gen.User{
		CreatedAt: new(float64(r.created.Unix())), Disabled: new(r.Disabled),
		AvailableFeatures: everyFeature(),
	}
	toResponse.Copy(&r.User, &user)
	if !businessIDs {
		user.BusinessIDs = nil
	}
	return user
}

// clone copies a user and everything it points to.
func clone(user User) User {
	var copied User
	data, err := json.Marshal(user)
	if err == nil {
		err = json.Unmarshal(data, &copied)
	}
	if err != nil {
		panic("partootest: copying a user: " + err.Error())
	}
	return copied
}
