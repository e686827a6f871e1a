package reliability

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

// partooUser is a user in the model.
type partooUser struct {
	email, first, last string
	role               partoo.Role
	lang               partoo.Lang
	status             partoo.UserStatus
	businesses         string
}

// storedPartooUser is a user of the fake in the model.
func storedPartooUser(u partootest.User) partooUser {
	return partooUser{u.Email, u.FirstName, u.LastName, u.Role, u.Lang, u.OnCreate.Status, set(u.BusinessIDs)}
}

// partooUserOf is a user of a response in the model.
func partooUserOf(u partoo.User) partooUser {
	return partooUser{u.Email, *u.FirstName, *u.LastName, *u.Role, *u.Lang, *u.Status, set(u.BusinessIDs)}
}

func drawPartooUser(t *rapid.T) partoo.UserInput {
	u := partoo.UserInput{
		Email:     rapid.SampledFrom(modelEmails()).Draw(t, "email"),
		FirstName: rapid.SampledFrom([]string{"Ada", "Bob"}).Draw(t, "first name"),
		LastName:  "Lovelace",
		Role:      rapid.SampledFrom([]partoo.Role{"", partoo.RoleBusinessManager, partoo.RolePublisher}).Draw(t, "role"),
		Lang:      rapid.SampledFrom([]partoo.Lang{"", "fr"}).Draw(t, "language"),
	}
	u.BusinessIDs = rapid.SampledFrom([][]string{nil, {}, {"a", "b"}, {"b", "a", "a"}}).Draw(t, "businesses")
	u.OnCreate.SendInvitation = rapid.Ptr(rapid.Bool(), true).Draw(t, "invitation")
	return u
}

// written is a user after u was written to it.
func written(user partooUser, u partoo.UserInput) partooUser {
	user.first, user.last = u.FirstName, u.LastName
	if u.Role != "" {
		user.role = u.Role
	}
	if u.Lang != "" {
		user.lang = u.Lang
	}
	// Lists are sets: a different order is no change.
	if want := set(u.BusinessIDs); u.BusinessIDs != nil {
		user.businesses = want
	}
	if user.role != partoo.RoleBusinessManager {
		user.businesses = set(nil)
	}
	return user
}

func set(ids []string) string {
	var a, b bool
	for _, id := range ids {
		a, b = a || id == "a", b || id == "b"
	}
	return fmt.Sprint("a:", a, " b:", b)
}

func sendsInvitation(u partoo.UserInput) bool {
	return u.OnCreate.SendInvitation != nil && *u.OnCreate.SendInvitation
}
