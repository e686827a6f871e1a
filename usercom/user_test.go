package usercom_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestValidate(t *testing.T) {
	require.NoError(t, ada().Validate())
	require.NoError(t, usercom.UserInput{UserID: "4711"}.Validate())
	tests := []struct {
		name   string
		change func(*usercom.UserInput)
		fields map[string][]string // nil: valid
	}{
		{"no user_id", func(u *usercom.UserInput) { u.UserID = "" }, map[string][]string{"user_id": {"is required"}}},
		{"blank user_id", func(u *usercom.UserInput) { u.UserID = " \u00a0" }, map[string][]string{"user_id": {"is required"}}},
		{"long user_id", func(u *usercom.UserInput) { u.UserID = strings.Repeat("x", 1000) }, nil},
		{"email with a name", func(u *usercom.UserInput) { u.Email = "Ada <ada@example.com>" },
			map[string][]string{"email": {"must not contain U+0020 (space) at character 4"}}},
		{"national phone number", func(u *usercom.UserInput) { u.PhoneNumber = "06 1234" },
			map[string][]string{"phone_number": {"must be a phone number in E.164, like +390612345678"}}},
		{"41 characters", func(u *usercom.UserInput) { u.FirstName = strings.Repeat("é", 41) }, nil},
		{"user_id with a space at its end", func(u *usercom.UserInput) { u.UserID = "42 " }, map[string][]string{"user_id": {"must not end with U+0020 (space)"}}},
		{"company_id with a space at its start", func(u *usercom.UserInput) { u.CompanyID = " acme" }, map[string][]string{"company_id": {"must not begin with U+0020 (space)"}}},
		{"control character", func(u *usercom.UserInput) { u.City = "Lon\ndon" }, map[string][]string{"city": {"must not contain U+000A (line feed) at character 4"}}},
		{"tags", func(u *usercom.UserInput) { u.Tags = []string{"vip"} }, map[string][]string{"tags": {"need version 2 of the API (WithVersion)"}}},
		{"gender", func(u *usercom.UserInput) { u.Gender = 4 }, map[string][]string{"gender": {"must be 1 (unknown), 2 (male) or 3 (female)"}}},
		{"status", func(u *usercom.UserInput) { u.Status = -1 }, map[string][]string{"status": {"must be 1 (visitor) or 2 (user)"}}},
		{"agent", func(u *usercom.UserInput) { u.AssignedTo = -1 }, map[string][]string{"assigned_to": {"must be greater than 0"}}},
		{"negative score", func(u *usercom.UserInput) { u.Score = new(int64(-5)) }, nil},
		{"several", func(u *usercom.UserInput) {
			u.City = "\xff"
			u.Attributes = map[string]any{"ratio": math.NaN()}
		}, map[string][]string{"city": {"must be valid UTF-8"}, "attributes.ratio": {notJSON}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			input := ada()
			tt.change(&input)
			assertFields(t, "UpsertUser", tt.fields, input.Validate())
		})
	}
}

// assertFields requires an error for these fields, or no error if fields is nil.
func assertFields(t *testing.T, operation string, fields map[string][]string, err error) {
	t.Helper()
	if fields == nil {
		assert.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, rest.ErrInvalid)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, fields, e.Fields)
	assert.Equal(t, "usercom", e.Provider)
	assert.Equal(t, operation, e.Operation)
	assert.Equal(t, rest.ExecutedNo, e.Executed)
	assert.Zero(t, e.Attempts)
}

// JSON would change a text that is not validated.
func TestEveryTextIsChecked(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	for field := range reflect.TypeFor[usercom.UpdateUserRequest]().Fields() {
		if field.Type != reflect.TypeFor[*string]() {
			continue
		}
		var request usercom.UpdateUserRequest
		reflect.ValueOf(&request).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(new("\xff")))
		_, err := client.UpdateUser(t.Context(), 1, request)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		assert.ErrorContains(t, err, name+": must be ")
	}
	assert.Empty(t, server.Requests())
}

func TestKeyIsUserID(t *testing.T) {
	assert.Equal(t, "my custom/id", ada().Key())
}

func TestEmailIsSentInNFC(t *testing.T) {
	client, requests := recording(t)
	const decomposed, composed = "zoe\u0308@example.com", "zo\u00eb@example.com"
	_, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: "4711", Email: decomposed})
	require.NoError(t, err)
	_, err = client.UpdateUser(t.Context(), 5577, usercom.UpdateUserRequest{Email: new(decomposed)})
	require.NoError(t, err)
	_, err = client.FindUserByEmail(t.Context(), decomposed)
	require.ErrorIs(t, err, rest.ErrNotFound)
	require.Len(t, *requests, 3)
	assert.Contains(t, (*requests)[0].body, composed)
	assert.Contains(t, (*requests)[1].body, composed)
	assert.Contains(t, (*requests)[2].url, "zo%C3%AB%40example.com")
}
