package reliability

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

// pageful is how many users a page of a Bulk holds. With so many others before her,
// Ada is on the second page.
const pageful = 100

func other(n int) string { return fmt.Sprintf("aa%03d@example.com", n) }

func isOther(email string) bool { return strings.HasPrefix(email, "aa") }

// secondPage is the place of a Bulk's second page. Of the first one and of what
// follows, the operations of a short list tell.
func secondPage(followed place, state string) []place {
	followed.settled = true
	return []place{
		{request: "first page", settled: true},
		{request: "second page", method: "Bulk", class: read, before: state, after: state},
		followed,
	}
}

func identifaiLongListOperations() []operation {
	return []operation{{
		name: "Bulk.UpsertUser of a listed user, long list", method: "UpsertUser",
		start:  identifaiBulk(append(identifaiOthers(), identifaiAdaBefore())...),
		places: secondPage(place{request: "update", class: idempotent, before: "as before", after: "as asked"}, "as before"),
	}}
}

func identifaiOthers() []identifai.UserInput {
	var users []identifai.UserInput
	for n := range pageful {
		users = append(users, identifai.UserInput{Name: "Other", Email: other(n), Heuristic: "Average", PricingID: 1})
	}
	return users
}

func partooLongListOperations() []operation {
	return []operation{{
		name: "Bulk.UpsertUser of a user who differs, long list", method: "UpsertUser", start: partooLongList,
		places: secondPage(place{request: "update", class: idempotent, before: "as before", after: "as asked"}, "as before"),
	}}
}

func partooLongList(c connection) subject {
	server, client := partooStart(c, "Augusta")
	for n := range pageful {
		server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: other(n), FirstName: "Other", LastName: "User", Role: partoo.RolePublisher}})
	}
	return partooBulkOf(c.t, server, client)
}

// apartFrom returns the users who are not the others, who must be as they were.
func apartFrom[U any](t *testing.T, all func() []U, email func(U) string) func() []U {
	split := func() (others, rest []U) {
		for _, u := range all() {
			if isOther(email(u)) {
				others = append(others, u)
			} else {
				rest = append(rest, u)
			}
		}
		return others, rest
	}
	before, _ := split()
	return func() []U {
		now, rest := split()
		if !reflect.DeepEqual(before, now) {
			t.Errorf("other users have changed: %v", now)
		}
		return rest
	}
}
