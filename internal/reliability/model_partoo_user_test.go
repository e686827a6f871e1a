package reliability

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

// partooUser is what the model knows of a user.
type partooUser struct {
	email, first, last string
	role               partoo.Role
	lang               partoo.Lang
	status             partoo.UserStatus
	businesses         string
}

func storedPartooUser(u partootest.User) partooUser {
	return partooUser{u.Email, u.FirstName, u.LastName, u.Role, u.Lang, u.OnCreate.Status, set(u.BusinessIDs)}
}

func partooUserOf(u partoo.User) partooUser {
	return partooUser{u.Email, *u.FirstName, *u.LastName, *u.Role, *u.Lang, *u.Status, set(u.BusinessIDs)}
}

func drawPartooUser(t *rapid.T) partoo.UserInput {
	u := partoo.UserInput{
		Email:     rapid.SampledFrom(modelAddresses()).Draw(t, "email"),
		FirstName: rapid.SampledFrom([]string{"Ada", "Bob"}).Draw(t, "first name"),
		LastName:  "Lovelace",
		Role:      rapid.SampledFrom([]partoo.Role{"", partoo.RoleBusinessManager, partoo.RolePublisher}).Draw(t, "role"),
		Lang:      rapid.SampledFrom([]partoo.Lang{"", partoo.LangFr}).Draw(t, "language"),
	}
	u.BusinessIDs = rapid.SampledFrom([][]string{nil, {}, {"a", "b"}, {"b", "a", "a"}}).Draw(t, "businesses")
	u.OnCreate.SendInvitation = rapid.Ptr(rapid.Bool(), true).Draw(t, "invitation")
	return u
}

// written is how a user looks after u was written over have.
func written(have partooUser, u partoo.UserInput) partooUser {
	have.first, have.last = u.FirstName, u.LastName
	if u.Role != "" {
		have.role = u.Role
	}
	if u.Lang != "" {
		have.lang = u.Lang
	}
	// Lists are sets: one that differs in order alone is not sent.
	if want := set(u.BusinessIDs); u.BusinessIDs != nil {
		have.businesses = want
	}
	if have.role != partoo.RoleBusinessManager {
		have.businesses = set(nil)
	}
	return have
}

func set(ids []string) string {
	var a, b bool
	for _, id := range ids {
		a, b = a || id == "a", b || id == "b"
	}
	return fmt.Sprint("a:", a, " b:", b)
}

func inviting(u partoo.UserInput) bool {
	return u.OnCreate.SendInvitation != nil && *u.OnCreate.SendInvitation
}
