package partoo_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
)

const weak = "must have 8 or more characters with an upper-case letter, a lower-case letter and a special character"

func TestValidateNamesEveryInvalidField(t *testing.T) {
	u := partoo.UserInput{
		Email: "Ada <ada@example.com>", LastName: " ", OrgID: new(int64(0)), Role: "ADMIN", Accesses: [][]int64{{1}, {}},
		BusinessIDs: []string{""}, SidebarPages: []partoo.SidebarPage{"posts", "mail"}, Lang: "pt-BR",
		OnCreate: partoo.OnCreate{Password: "short", Status: "disabled"},
	}
	err := u.Validate()
	require.ErrorIs(t, err, rest.ErrInvalid)
	var e *rest.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, "partoo", e.Provider)
	assert.Equal(t, "UpsertUser", e.Operation)
	assert.Equal(t, map[string][]string{
		"email":         {"must not contain U+0020 (space) at character 4"},
		"first_name":    {"is required"},
		"last_name":     {"is required"},
		"org_id":        {"must be greater than 0"},
		"role":          {"must be one of ORG_ADMIN, ORG_MANAGER, GROUP_MANAGER, BUSINESS_MANAGER, PUBLISHER"},
		"accesses":      {"item 2 must not be empty"},
		"business_ids":  {"item 1 must not be empty"},
		"sidebar_pages": {"item 2 must be one of bulk_modification, diffusion, feedback_management, messages, posts, presence_analytics, review_analytics, review_invite, review_management"},
		"lang":          {"must be one of fr, en, es, it, pt-br, de, ar, nl, pl, cs, ca, sk, pt, lv, ro, bg, hu"},
		"status":        {"must be one of active, invited"},
		"password":      {weak},
	}, e.Fields)
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*partoo.UserInput)
		field  string // empty: valid
	}{
		{"valid", func(*partoo.UserInput) {}, ""},
		{"no email", func(u *partoo.UserInput) { u.Email = "" }, "email"},
		{"two emails", func(u *partoo.UserInput) { u.Email = "a@b.c,d@e.f" }, "email"},
		{"email with a tag", func(u *partoo.UserInput) { u.Email = "ada+x@example.com" }, ""},
		{"no first name", func(u *partoo.UserInput) { u.FirstName = "" }, "first_name"},
		{"name not UTF-8", func(u *partoo.UserInput) { u.LastName = "L\xff" }, "last_name"},
		{"negative organisation", func(u *partoo.UserInput) { u.OrgID = new(int64(-1)) }, "org_id"},
		{"organisation", func(u *partoo.UserInput) { u.OrgID = new(int64(1)) }, ""},
		{"no role", func(u *partoo.UserInput) { u.Role = "" }, ""},
		{"PROVIDER", func(u *partoo.UserInput) { u.Role = partoo.RoleProvider }, "role"},
		{"role in lower case", func(u *partoo.UserInput) { u.Role = "org_admin" }, "role"},
		{"group id 0", func(u *partoo.UserInput) { u.Accesses = [][]int64{{1, 0}} }, "accesses"},
		{"nil in accesses", func(u *partoo.UserInput) { u.Accesses = [][]int64{nil} }, "accesses"},
		{"no accesses", func(u *partoo.UserInput) { u.Accesses = [][]int64{} }, ""},
		{"blank business id", func(u *partoo.UserInput) { u.BusinessIDs = []string{"b", " "} }, "business_ids"},
		{"business id not UTF-8", func(u *partoo.UserInput) { u.BusinessIDs = []string{"\xff"} }, "business_ids"},
		{"no businesses", func(u *partoo.UserInput) { u.BusinessIDs = []string{} }, ""},
		{"empty page", func(u *partoo.UserInput) { u.SidebarPages = []partoo.SidebarPage{""} }, "sidebar_pages"},
		{"no pages", func(u *partoo.UserInput) { u.SidebarPages = []partoo.SidebarPage{} }, ""},
		{"blank custom role", func(u *partoo.UserInput) { u.CustomRole = " " }, "custom_role"},
		{"unknown language", func(u *partoo.UserInput) { u.Lang = "tlh" }, "lang"},
		{"unknown status", func(u *partoo.UserInput) { u.OnCreate.Status = "Active" }, "status"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := ada()
			tt.change(&u)
			err := u.Validate()
			if tt.field == "" {
				require.NoError(t, err)
				return
			}
			var e *rest.Error
			require.True(t, errors.As(err, &e))
			assert.Len(t, e.Fields, 1)
			assert.Contains(t, e.Fields, tt.field)
		})
	}
}

func TestPasswordRules(t *testing.T) {
	tests := map[rest.Secret]string{
		"Sup3r-secret": "", "Ünsicher.": "", "Aa aaaaa": "", "Aaaaaaaé€": "", "ABCDEFGh!": "",
		"Short1!":      weak,
		"éÉ!éÉ!é":      weak,
		"lower-case-1": weak,
		"UPPER-CASE-1": weak,
		"Nospecial123": weak,
		"Nospecialé١٢": weak,
		"Aa-aaaaa\xff": "must be valid UTF-8",
	}
	for password, want := range tests {
		u := ada()
		u.OnCreate.Password = password
		err := u.Validate()
		if want == "" {
			assert.NoError(t, err, string(password))
			continue
		}
		var e *rest.Error
		require.True(t, errors.As(err, &e), string(password))
		assert.Equal(t, map[string][]string{"password": {want}}, e.Fields, string(password))
		assert.NotContains(t, err.Error(), string(password))
	}
}

func TestLogContainsNoPassword(t *testing.T) {
	u := ada()
	u.OnCreate.Password = "Sup3r-secret"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "user", u)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "user", u)
	assert.NotContains(t, log.String(), "Sup3r")
	assert.Equal(t, 2, strings.Count(log.String(), "[redacted]"), log.String())
	assert.Equal(t, rest.Secret("Sup3r-secret"), u.OnCreate.Password)

	log.Reset()
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "user", ada())
	assert.NotContains(t, log.String(), "[redacted]", "no password is set")
}

// Field names in errors and allowed values are those of the spec.
func TestEnumsEqualSpec(t *testing.T) {
	doc := spectest.Load(t, "partoo")
	allowed := func(schema string) string {
		var names []string
		for _, value := range doc.Components.Schemas[schema].Value.Enum {
			names = append(names, value.(string))
		}
		return strings.Join(names, ", ")
	}
	u := ada()
	u.Role, u.Lang, u.OnCreate.Status, u.SidebarPages = "x", "x", "x", []partoo.SidebarPage{"x"}
	var e *rest.Error
	require.True(t, errors.As(u.Validate(), &e))
	for field, schema := range map[string]string{"role": "RoleWithoutProvider", "lang": "Lang", "status": "UserStatus", "sidebar_pages": "SidebarPagesFeatureEnum"} {
		assert.Equal(t, []string{"must be one of " + allowed(schema)}, []string{strings.TrimPrefix(e.Fields[field][0], "item 1 ")})
	}

	client, err := partoo.New("key")
	require.NoError(t, err)
	params := partoo.SearchUsersParams{OrderBy: new(partoo.UserOrder("x")), Role: new([]partoo.Role{"x"})}
	for _, err := range client.SearchUsers(t.Context(), params) {
		require.True(t, errors.As(err, &e))
	}
	for field, schema := range map[string]string{"order_by": "UserOrder", "role": "UserRole"} {
		assert.Equal(t, []string{"must be one of " + allowed(schema)}, []string{strings.TrimPrefix(e.Fields[field][0], "item 1 ")})
	}
}

// For a pointer in a list and a verb that does not fit, fmt ignores the methods of the
// fields.
func TestFormattedInputContainsNoPassword(t *testing.T) {
	u := ada()
	u.OnCreate.Password = "Pa55word!"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q", "%x"} {
		for _, v := range []any{u, &u, []*partoo.UserInput{&u}, u.OnCreate, []*partoo.OnCreate{&u.OnCreate}} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "Pa55word!", verb)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", u), "Email:ada@example.com FirstName:Ada")
	assert.EqualValues(t, "Pa55word!", u.OnCreate.Password)
}
