package partootest

import (
	"encoding/json"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
)

// withDefaults fills in what a user has that nothing was said of. An ORG_ADMIN is
// what the vendor's guide to users makes of one without a role; the language is
// inference. The lists that belong to one role are emptied for all others, which
// show them empty (vendor page "User information").
func withDefaults(user gen.User) gen.User {
	setDefault(&user.FirstName, "")
	setDefault(&user.LastName, "")
	setDefault(&user.Role, gen.RoleOrgAdmin)
	setDefault(&user.Status, gen.UserStatusActive)
	setDefault(&user.Lang, gen.LangEn)
	setDefault(&user.OrgID, OrgID)
	setDefault(&user.Disabled, false)
	setDefault(&user.SSOOnly, false)
	setDefault(&user.CreatedAt, float64(time.Now().Unix()))
	if user.SidebarPages == nil {
		user.SidebarPages = everyPage()
	}
	if user.AvailableFeatures == nil {
		user.AvailableFeatures = everyFeature()
	}
	if user.BusinessIDs == nil || *user.Role != gen.RoleBusinessManager {
		user.BusinessIDs = []string{}
	}
	if user.Accesses == nil || *user.Role != gen.RoleGroupManager {
		user.Accesses = [][]int64{}
	}
	return user
}

func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
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

// userJSON is a user as answers have it: with empty lists, which the generated type
// leaves out, and without those that are nil.
type userJSON struct {
	gen.User
	Accesses     [][]int64         `json:"accesses,omitzero"`
	BusinessIDs  []string          `json:"business_ids,omitzero"`
	SidebarPages []gen.SidebarPage `json:"sidebar_pages,omitzero"`
}

func toJSON(user gen.User, businessIDs bool) userJSON {
	if !businessIDs {
		user.BusinessIDs = nil
	}
	return userJSON{User: user, Accesses: user.Accesses, BusinessIDs: user.BusinessIDs, SidebarPages: user.SidebarPages}
}

// clone copies a user with all it points to.
func clone(user gen.User) gen.User {
	data, err := json.Marshal(toJSON(user, true))
	if err == nil {
		user = gen.User{}
		err = json.Unmarshal(data, &user)
	}
	if err != nil {
		panic("partootest: copying a user: " + err.Error())
	}
	return user
}
