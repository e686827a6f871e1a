package usercom_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

const notJSON = "must be a JSON value: text, a finite number, true, false, null, or lists and objects of them"

func TestAttributeRequestsExact(t *testing.T) {
	client, requests := recording(t)
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.NoError(t, client.SetAttribute(t.Context(), 5577, "plan", "pro"))
	require.NoError(t, client.SetAttribute(t.Context(), 5577, "plan", nil))
	require.NoError(t, client.SetAttributes(t.Context(), 5577, map[string]any{
		"a": nil, "b": true, "c": int64(9007199254740993), "d": 1.5, "e": day, "f": []string{"x"}, "g": json.RawMessage(`{"h":1}`),
	}))
	const base = "POST https://app.user.com/api/public/users/5577/"
	var got []string
	for _, r := range *requests {
		assert.Equal(t, []string{"application/json"}, r.header["Content-Type"])
		got = append(got, r.url+" "+r.body)
	}
	assert.Equal(t, []string{
		base + `set_attribute/ {"attribute":"plan","value":"pro"}`,
		base + `set_attribute/ {"attribute":"plan","value":null}`,
		base + `set_multiple_attributes/ {"a":null,"b":true,"c":9007199254740993,"d":1.5,"e":"2026-01-02T03:04:05Z","f":["x"],"g":{"h":1}}`,
	}, got)
}

func TestAttributesAreSet(t *testing.T) {
	server := usercomtest.NewServer()
	id := server.AddUser(usercomtest.User{UserInput: usercom.UserInput{UserID: "4711", Attributes: map[string]any{"old": 1}}}).ID
	client := newClient(t, server)
	require.NoError(t, client.SetAttribute(t.Context(), id, "plan", "pro"))
	require.NoError(t, client.SetAttributes(t.Context(), id, map[string]any{"seats": 3, "old": nil}))
	require.NoError(t, client.SetAttributes(t.Context(), id, nil))
	user, _ := server.User("4711")
	assert.Equal(t, map[string]any{"plan": "pro", "seats": int64(3), "old": nil}, user.Attributes)
	assert.Len(t, server.Requests(), 2, "no request without attributes")

	read, err := client.GetUser(t.Context(), id)
	require.NoError(t, err)
	values := make(map[string]string)
	for _, attribute := range read.Attributes {
		values[*attribute.NameStd] = string(attribute.Value)
	}
	assert.Equal(t, map[string]string{"plan": `"pro"`, "seats": "3", "old": "null"}, values)
}

// The vendor's response is unknown, so any 2xx is success.
func TestSetAttributesAcceptsAny2xx(t *testing.T) {
	for status, body := range map[int]string{200: `{"status":"ok"}`, 201: `null`, 204: ``, 202: `ok`} {
		client, _ := clientWithResponse(t, status, body)
		assert.NoError(t, client.SetAttribute(t.Context(), 1, "plan", "pro"), status)
		assert.NoError(t, client.SetAttributes(t.Context(), 1, map[string]any{"plan": "pro"}), status)
	}
	client, _ := clientWithResponse(t, 200, "<html>maintenance</html>")
	assert.ErrorContains(t, client.SetAttribute(t.Context(), 1, "plan", "pro"), "HTML page")
}

func TestSetAttributesOfUnknownUser(t *testing.T) {
	client := newClient(t, usercomtest.NewServer())
	assert.ErrorIs(t, client.SetAttribute(t.Context(), 99, "plan", "pro"), rest.ErrNotFound)
	assert.ErrorIs(t, client.SetAttributes(t.Context(), 99, map[string]any{"plan": "pro"}), rest.ErrNotFound)
}

func TestAttributesAreRetriedAfterLostResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		id := server.AddUser(usercomtest.User{}).ID
		client := newClient(t, server)
		server.Fail(resttest.LostResponse())
		require.NoError(t, client.SetAttribute(t.Context(), id, "plan", "pro"))
		server.Fail(resttest.LostResponse())
		require.NoError(t, client.SetAttributes(t.Context(), id, map[string]any{"seats": 3}))
		assert.Len(t, server.Requests(), 4)
	})
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("s3cret") }

func TestAttributesAreChecked(t *testing.T) {
	long := strings.Repeat("é", 256)
	tests := []struct {
		name, attribute string
		value           any
		fields          map[string][]string // nil: valid
	}{
		{"255 characters", strings.Repeat("é", 255), 1, nil},
		{"valid U+FFFD", "a", "\uFFFD", nil},
		{"the escape as text", "a", `\ufffd`, nil},
		{"no name", "", 1, map[string][]string{"attributes": {"must not contain an empty name"}}},
		{"blank name", " ", 1, map[string][]string{"attributes": {"must not contain an empty name"}}},
		{"256 characters", long, 1, map[string][]string{"attributes." + strings.Repeat("é", 40) + "…": {"must have a name of at most 255 characters"}}},
		{"name not UTF-8", "a\xff", 1, map[string][]string{"attributes.a\uFFFD": {"must be valid UTF-8"}}},
		{"standard", "city", "x", map[string][]string{"attributes.city": {"must not be a standard attribute: these have separate fields"}}},
		{"the key", "user_id", "x", map[string][]string{"attributes.user_id": {"must not be a standard attribute: these have separate fields"}}},
		{"NaN", "a", math.NaN(), map[string][]string{"attributes.a": {notJSON}}},
		{"nested infinity", "a", map[string]any{"x": []float64{math.Inf(1)}}, map[string][]string{"attributes.a": {notJSON}}},
		{"channel", "a", make(chan int), map[string][]string{"attributes.a": {notJSON}}},
		{"failing marshaler", "a", failing{}, map[string][]string{"attributes.a": {notJSON}}},
		{"text not UTF-8", "a", "\xff", map[string][]string{"attributes.a": {"must be valid UTF-8"}}},
		{"after a backslash", "a", "\\\xff", map[string][]string{"attributes.a": {"must be valid UTF-8"}}},
		{"nested text", "a", []any{map[string]any{"x": "y\xff"}}, map[string][]string{"attributes.a": {"must be valid UTF-8"}}},
		{"nested key", "a", map[string]any{"\xff": 1}, map[string][]string{"attributes.a": {"must be valid UTF-8"}}},
	}
	server := usercomtest.NewServer()
	id := server.AddUser(usercomtest.User{}).ID
	client := newClient(t, server)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(server.Requests())
			attributes := map[string]any{tt.attribute: tt.value}
			assertFields(t, "SetAttribute", tt.fields, client.SetAttribute(t.Context(), id, tt.attribute, tt.value))
			assertFields(t, "SetAttributes", tt.fields, client.SetAttributes(t.Context(), id, attributes))
			_, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: "4711", Attributes: attributes})
			assertFields(t, "UpsertUser", tt.fields, err)
			if tt.fields != nil {
				assert.Len(t, server.Requests(), before)
				assert.NotContains(t, err.Error(), "s3cret")
			}
		})
	}
}

func TestStandardAttributesAreRejectedAsCustomAttributes(t *testing.T) {
	client, requests := recording(t)
	_, err := client.UpsertUser(t.Context(), ada())
	require.NoError(t, err)
	var standard map[string]any
	require.NoError(t, json.Unmarshal([]byte((*requests)[0].body), &standard))
	*requests = nil
	for name := range standard {
		assert.ErrorIs(t, client.SetAttribute(t.Context(), 1, name, 1), rest.ErrInvalid, name)
	}
	assert.Empty(t, *requests)
}
