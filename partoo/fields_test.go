package partoo

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// full returns an input with every field set.
func full(t *testing.T) UserInput {
	u := UserInput{
		Email:        "ada@example.com",
		FirstName:    "Ada",
		LastName:     "Lovelace",
		OrgID:        new(int64(7)),
		Role:         RoleBusinessManager,
		CustomRole:   "my_custom_role",
		Accesses:     [][]int64{{1, 2}, {3}},
		BusinessIDs:  []string{"b1", "b2"},
		SidebarPages: []SidebarPage{SidebarPagePosts, SidebarPageMessages},
		Lang:         LangIt,
		SSOOnly:      new(true),
		OnCreate:     OnCreate{Password: "Sup3r-secret", SendInvitation: new(true), Status: UserStatusInvited},
	}
	for _, v := range []reflect.Value{reflect.ValueOf(u), reflect.ValueOf(u.OnCreate)} {
		for i := range v.NumField() {
			require.False(t, v.Field(i).IsZero(), "%s.%s is not set", v.Type(), v.Type().Field(i).Name)
		}
	}
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

// twin returns a user that matches u.
func twin(u UserInput) User {
	return User{
		ID: "5309c3a237bbc544d8e26737", Email: u.Email, FirstName: &u.FirstName, LastName: &u.LastName, OrgID: u.OrgID,
		Role: &u.Role, CustomRole: &u.CustomRole, Accesses: u.Accesses, BusinessIDs: u.BusinessIDs,
		SidebarPages: u.SidebarPages, Lang: &u.Lang, SSOOnly: u.SSOOnly,
	}
}

func TestChangedFieldsAreThoseThatDiffer(t *testing.T) {
	for _, role := range []Role{RoleBusinessManager, RoleGroupManager} {
		u := full(t)
		u.Role = role
		want := u.updateRequest()
		ignored := map[Role]string{RoleBusinessManager: "Accesses", RoleGroupManager: "BusinessIDs"}[role]
		assert.Zero(t, changedFields(want, twin(u)))

		other := User{
			ID: "x", Email: "ADA@example.com", FirstName: new("Ida"), LastName: new("L"), OrgID: new(int64(8)),
			Role: new(RolePublisher), CustomRole: new("other"), Accesses: [][]int64{{9}}, BusinessIDs: []string{"b9"},
			SidebarPages: []SidebarPage{}, Lang: new(LangFr), SSOOnly: new(false),
		}
		fields := reflect.TypeFor[UpdateUserRequest]()
		for i := range fields.NumField() {
			name := fields.Field(i).Name
			if reflect.ValueOf(want).Field(i).IsZero() || name == ignored {
				continue
			}
			have := twin(u)
			reflect.ValueOf(&have).Elem().FieldByName(name).Set(reflect.ValueOf(other).FieldByName(name))
			got := reflect.ValueOf(changedFields(want, have))
			for j := range fields.NumField() {
				sent := !got.Field(j).IsZero()
				// The list of the new role was unknown before.
				list := name == "Role" && fields.Field(j).Name == map[Role]string{RoleBusinessManager: "BusinessIDs", RoleGroupManager: "Accesses"}[role]
				assert.Equal(t, j == i || list, sent, "%s differs, %s", name, fields.Field(j).Name)
				if sent {
					assert.Equal(t, reflect.ValueOf(want).Field(j).Interface(), got.Field(j).Interface())
				}
			}
		}
	}
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
	have := twin(full(t))
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
			have := User{FirstName: new("A"), LastName: new("L"), Accesses: [][]int64{{2}}, BusinessIDs: []string{"b2"}, Role: wrapper.PtrOrNil(tt.before)}
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

func TestChecksCoverEveryFieldOfAnUpdate(t *testing.T) {
	bad := UpdateUserRequest{
		Accesses: new([][]int64{nil}), BusinessIDs: new([]string{""}), CustomRole: new(" "), Email: new("ada"), FirstName: new(""),
		Lang: new(Lang("tlh")), LastName: new("\t"), OrgID: new(int64(0)), Password: new(rest.Secret("x")), Role: new(RoleProvider),
		SidebarPages: new([]SidebarPage{"x"}), Status: new(UserStatus("gone")),
	}
	fields := reflect.TypeFor[UpdateUserRequest]()
	e := checkUpdate("UpdateUser", "id", bad).(*rest.Error)
	for i := range fields.NumField() {
		name := jsonName(fields.Field(i))
		boolean := fields.Field(i).Type == reflect.TypeFor[*bool]()
		assert.Equal(t, !boolean, len(e.Fields[name]) > 0, name)
	}
}

func jsonName(field reflect.StructField) string {
	name := field.Tag.Get("json")
	return name[:len(name)-len(",omitempty")]
}
