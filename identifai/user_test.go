package identifai_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/rest"
)

var noWaits = backoff.Policy{MaxWait: 1}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func TestValidateNamesEveryBadField(t *testing.T) {
	require.NoError(t, ada().Validate())
	err := identifai.UserInput{ID: new(int64(0)), Password: "\xff"}.Validate()
	require.ErrorIs(t, err, rest.ErrInvalid)
	e := failure(t, err)
	assert.Equal(t, map[string][]string{
		"id":         {"must be greater than 0"},
		"name":       {"is required"},
		"email":      {"is required"},
		"heuristic":  {"is required"},
		"pricing_id": {"is required"},
		"password":   {"must be valid UTF-8"},
	}, e.Fields)
	assert.Equal(t, "UpsertUser", e.Operation)
	assert.Equal(t, rest.ExecutedNo, e.Executed)

	bad := ada()
	bad.Email = "ada"
	assert.ErrorContains(t, bad.Validate(), "email: must be an e-mail address")
}

func TestUserInputPrintsNoPassword(t *testing.T) {
	u := ada()
	u.Password = "Pa55word!"
	var logs bytes.Buffer
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("x", "user", u)
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "user", u)
	text := fmt.Sprintf("%v %+v %#v", u, u, u) + logs.String()
	assert.NotContains(t, text, "Pa55word!")
	assert.Contains(t, text, "ada@example.com")
}

func TestNewReportsEveryProblem(t *testing.T) {
	_, err := identifai.New("")
	require.ErrorContains(t, err, "identifai: new client: API key: is required")
	_, err = identifai.New("key", rest.WithBaseURL("http://backend.identifai.net"))
	require.ErrorContains(t, err, "must be https")
	_, err = rest.NewClient(rest.Provider{Name: "partoo", BaseURL: "https://x.test", Header: "X"}, "key", identifai.WithTextBooleans())
	require.ErrorContains(t, err, "identifai.WithTextBooleans: not an option of partoo")
}

// fmt ignores the methods of fields if a pointer in a list is printed with a verb
// that does not fit.
func TestInputsPrintNoPasswords(t *testing.T) {
	u := ada()
	u.Password = "Pa55word!"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q", "%x"} {
		for _, v := range []any{u, &u, []identifai.UserInput{u}, []*identifai.UserInput{&u}} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "Pa55word!", verb)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", u), "Name:Ada Lovelace Email:ada@example.com")
	assert.EqualValues(t, "Pa55word!", u.Password)
}

func TestKeyIgnoresLetterCaseAndNormalisationForm(t *testing.T) {
	key := func(email string) string { return identifai.UserInput{Email: email}.Key() }
	assert.Equal(t, key("zo\u00eb@example.com"), key("ZOE\u0308@Example.com"))
	assert.NotEqual(t, key("\u212aate@example.com"), key("kate@example.com"))
}

func TestEmailIsSentInNFC(t *testing.T) {
	u := ada()
	u.Email = "zoe\u0308@example.com"
	assert.Equal(t, "zo\u00eb@example.com", parsed(t, u)["email"])
}

func TestValidateRejectsInvisibleCharacters(t *testing.T) {
	for field, u := range map[string]identifai.UserInput{
		"email: must not contain U+00A0": {Email: "ada\u00a0@example.com"},
		"email: must not contain U+200B": {Email: "ada\u200b@example.com"},
		"name: must not contain U+000A":  {Name: "Ada\nLovelace"},
		"heuristic: must not contain":    {Heuristic: "Average\x00"},
	} {
		assert.ErrorContains(t, u.Validate(), field)
	}
}
