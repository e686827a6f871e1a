package usercom_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestGetUser(t *testing.T) {
	server := usercomtest.NewServer()
	id := server.AddUser(usercomtest.User{UserInput: ada()}).ID
	user, err := newClient(t, server).GetUser(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, id, user.ID)
	assert.Equal(t, "my custom/id", *user.UserID)
	assert.Equal(t, "Ada Lovelace", *user.Name)
	assert.Equal(t, "female", *user.Gender)
	assert.EqualValues(t, "user", *user.Status)
	assert.Equal(t, int64(0), *user.Score)
	assert.Nil(t, user.LastSeen)
	require.Len(t, user.Companies, 1)
	assert.Equal(t, "acme", *user.Companies[0].Name)
}

func TestUpdateUser(t *testing.T) {
	server := usercomtest.NewServer()
	id := server.AddUser(usercomtest.User{UserInput: ada()}).ID
	client := newClient(t, server)
	user, err := client.UpdateUser(t.Context(), id, usercom.UpdateUserRequest{City: new("Ockham"), Region: new("")})
	require.NoError(t, err)
	assert.Equal(t, "Ockham", *user.City)
	assert.Nil(t, user.Region)
	assert.Equal(t, "ada@example.com", *user.Email)

	server.AddUser(usercomtest.User{UserInput: usercom.UserInput{UserID: "taken"}})
	_, err = client.UpdateUser(t.Context(), id, usercom.UpdateUserRequest{UserID: new("taken")})
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.ErrorContains(t, err, "user_id: This field must be unique.")
}

func TestUpdateRequestExact(t *testing.T) {
	client, requests := recording(t)
	_, err := client.UpdateUser(t.Context(), 5577, usercom.UpdateUserRequest{City: new(""), Score: new(int64(0)), Unsubscribed: new(false)})
	require.NoError(t, err)
	require.Len(t, *requests, 1)
	assert.Equal(t, "PUT https://app.user.com/api/public/users/5577/", (*requests)[0].url)
	assert.Equal(t, `{"city":"","score":0,"unsubscribed":false}`, (*requests)[0].body)
}

func TestUpdateUserValidatesFieldsThatAreSet(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	_, err := client.UpdateUser(t.Context(), 0, usercom.UpdateUserRequest{
		UserID: new(""), Email: new("ada"), PhoneNumber: new("1"),
		Gender: new(usercom.Gender(0)), Status: new(usercom.UserStatus(3)), AssignedTo: new(int64(0)),
	})
	assertFields(t, "UpdateUser", map[string][]string{
		"id":           {"must be greater than 0"},
		"user_id":      {"is required"},
		"email":        {"must be an e-mail address like ada@example.com"},
		"phone_number": {"must be a phone number in E.164, like +390612345678"},
		"gender":       {"must be 1 (unknown), 2 (male) or 3 (female)"},
		"status":       {"must be 1 (visitor) or 2 (user)"},
		"assigned_to":  {"must be greater than 0"},
	}, err)
	assert.Empty(t, server.Requests())
}

func TestDeleteUser(t *testing.T) {
	server := usercomtest.NewServer()
	id := server.AddUser(usercomtest.User{}).ID
	client := newClient(t, server)
	require.NoError(t, client.DeleteUser(t.Context(), id))
	assert.Empty(t, server.Users())
	err := client.DeleteUser(t.Context(), id)
	require.ErrorIs(t, err, rest.ErrNotFound)
	assert.EqualError(t, err, "usercom: DeleteUser: DELETE /api/public/users/1/: 404 Not Found: Not found.")
}

// Any 2xx is success: the vendor's response is unknown.
func TestDeleteUserAcceptsAny2xx(t *testing.T) {
	for status, body := range map[int]string{200: `{"id":1}`, 202: ``, 204: ``} {
		client, _ := clientWithResponse(t, status, body)
		assert.NoError(t, client.DeleteUser(t.Context(), 1))
	}
}

// The first attempt deleted the user; the 404 of the second one is a success.
func TestDeleteUserAfterLostResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		id := server.AddUser(usercomtest.User{}).ID
		server.Fail(resttest.LostResponse())
		require.NoError(t, newClient(t, server).DeleteUser(t.Context(), id))
		assert.Empty(t, server.Users())
		assert.Len(t, server.Requests(), 2)
	})
}

func TestIDsAreChecked(t *testing.T) {
	server := usercomtest.NewServer()
	client := newClient(t, server)
	for _, id := range []int64{0, -1} {
		want := map[string][]string{"id": {"must be greater than 0"}}
		_, err := client.GetUser(t.Context(), id)
		assertFields(t, "GetUser", want, err)
		_, err = client.UpdateUser(t.Context(), id, usercom.UpdateUserRequest{})
		assertFields(t, "UpdateUser", want, err)
		assertFields(t, "DeleteUser", want, client.DeleteUser(t.Context(), id))
		assertFields(t, "SetAttribute", want, client.SetAttribute(t.Context(), id, "plan", "pro"))
		assertFields(t, "SetAttributes", want, client.SetAttributes(t.Context(), id, nil))
	}
	assert.Empty(t, server.Requests())
}

// A response without an id is an error.
func TestResponsesWithoutID(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `[]`, `{"id":0}`, `{"id":null}`, ``} {
		client, _ := clientWithResponse(t, 200, body)
		_, err := client.GetUser(t.Context(), 1)
		var e *rest.Error
		require.ErrorAs(t, err, &e, body)
		assert.Equal(t, 200, e.StatusCode)
		_, err = client.UpdateUser(t.Context(), 1, usercom.UpdateUserRequest{})
		require.ErrorAs(t, err, &e, body)
		assert.Equal(t, rest.ExecutedYes, e.Executed)
	}
}

// All fields except the id may be null.
func TestUserWithNulls(t *testing.T) {
	client, _ := clientWithResponse(t, 200, `{"id":7,"email":null,"name":null,"status":null,"gender":null,"score":null,"notifications":null,
		"created_at":null,"companies":null,"lists":null,"tags":null,"attributes":null,"web_push_subscription":null,"unheard_of":[1]}`)
	user, err := client.GetUser(t.Context(), 7)
	require.NoError(t, err)
	assert.Equal(t, int64(7), user.ID)
}
