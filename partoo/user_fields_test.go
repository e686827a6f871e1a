package partoo

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/fields/fieldstest"
)

// full returns an input with every field set.
func full(t *testing.T) (u UserInput) {
	fieldstest.Fill(&u)
	return u
}

// A field that the generator adds to a request must be added to UserInput or to the
// exceptions here.
func TestRequestsContainEveryField(t *testing.T) {
	left := func(request any) []string {
		var names []string
		for v, i := reflect.ValueOf(request), 0; i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				names = append(names, v.Type().Field(i).Name)
			}
		}
		return names
	}
	assert.Empty(t, left(full(t).createRequest()))
	assert.ElementsMatch(t, []string{
		"Email",              // identifies the user
		"Password", "Status", // only for new users
		"Disabled", "ReceiveReviewsEmailNotifications", // not part of an upsert
	}, left(full(t).updateRequest()))
}

// A response may omit any field, or contain null.
func TestChangedFieldsIncludesUnknownFields(t *testing.T) {
	u := full(t)
	u.Role = ""
	want := u.updateRequest()
	assert.Equal(t, want, changedFields(want, User{ID: "x", Email: u.Email}))
}

func TestChangedFieldsOmitsUnsetFields(t *testing.T) {
	minimal := UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}
	have := User{FirstName: new("Ada"), LastName: new("Lovelace"), Role: new(RolePublisher), Lang: new(Lang("it")), SSOOnly: new(true)}
	assert.Zero(t, changedFields(minimal.updateRequest(), have))
	assert.Equal(t, CreateUserRequest{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}, minimal.createRequest())
}

func TestListsOfOtherRolesAreOmitted(t *testing.T) {
	tests := []struct {
		name               string
		wanted, before     Role
		accesses, business bool // sent although they differ
	}{
		{"role unknown", "", "", true, true},
		{"role of the user", "", RoleOrgAdmin, false, false},
		{"business manager of the user", "", RoleBusinessManager, false, true},
		{"group manager of the user", "", RoleGroupManager, true, false},
		{"role of the input", RoleGroupManager, RoleBusinessManager, true, false},
		{"role of the input, user's unknown", RoleBusinessManager, "", false, true},
		{"provider", "", RoleProvider, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := UserInput{FirstName: "A", LastName: "L", Role: tt.wanted, Accesses: [][]int64{{1}}, BusinessIDs: []string{"b1"}}.updateRequest()
			have := User{FirstName: new("A"), LastName: new("L"), Accesses: [][]int64{{2}}, BusinessIDs: []string{"b2"}, Role: &tt.before}
			if tt.before == "" {
				have.Role = nil
			}
			got := changedFields(want, have)
			assert.Equal(t, tt.accesses, got.Accesses != nil, "accesses")
			assert.Equal(t, tt.business, got.BusinessIDs != nil, "business_ids")
		})
	}
}

// Partoo shows business_ids of business managers only: the empty list of another user
// is unknown.
func TestListOfNewRoleIsSent(t *testing.T) {
	want := UserInput{Role: RoleBusinessManager, BusinessIDs: []string{}}.updateRequest()
	have := User{Role: new(RoleOrgAdmin), BusinessIDs: []string{}}
	assert.Equal(t, new([]string{}), changedFields(want, have).BusinessIDs)
}

func TestListsAreComparedAsSets(t *testing.T) {
	tests := []struct {
		name       string
		want, have [][]int64
		same       bool
	}{
		{"order of sets", [][]int64{{1}, {2}}, [][]int64{{2}, {1}}, true},
		{"order in a set", [][]int64{{1, 2}}, [][]int64{{2, 1}}, true},
		{"duplicate sets", [][]int64{{1, 2}, {2, 1}}, [][]int64{{1, 2}}, true},
		{"duplicates in a set", [][]int64{{1, 2, 2}}, [][]int64{{1, 2}}, true},
		{"both empty", [][]int64{}, [][]int64{}, true},
		{"unknown", [][]int64{}, nil, false},
		{"other grouping", [][]int64{{1, 2}}, [][]int64{{1}, {2}}, false},
		{"digits run together", [][]int64{{12}}, [][]int64{{1, 2}}, false},
		{"subset", [][]int64{{1}}, [][]int64{{1}, {2}}, false},
		{"emptied", [][]int64{}, [][]int64{{1}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := UserInput{Accesses: tt.want}.updateRequest()
			got := changedFields(want, User{Accesses: tt.have})
			assert.Equal(t, tt.same, got.Accesses == nil)
		})
	}
}
