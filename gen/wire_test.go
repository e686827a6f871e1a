package gen_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
)

// Fields that are not set are omitted: null might be rejected or clear a field.
func TestRequestBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		request any
		want    string
	}{
		{"partoo create", partoo.CreateUserRequest{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"},
			`{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace"}`},
		{"partoo update, no field", partoo.UpdateUserRequest{}, `{}`},
		{"partoo update, empty lists", partoo.UpdateUserRequest{Accesses: new(partoo.Accesses{}), BusinessIDs: new([]string{})},
			`{"accesses":[],"business_ids":[]}`},
		{"partoo update, all types", partoo.UpdateUserRequest{
			Accesses: new(partoo.Accesses{{1, 2}, {1, 3}}), Role: new(partoo.RoleBusinessManager), Lang: new(partoo.LangPtBr),
			Status: new(partoo.UserStatusActive), SidebarPages: new(partoo.SidebarPages{partoo.SidebarPagePosts}),
			SSOOnly: new(false), Password: new(rest.Secret("Secret-1"))},
			`{"accesses":[[1,2],[1,3]],"lang":"pt-br","password":"Secret-1","role":"BUSINESS_MANAGER",
			  "sidebar_pages":["posts"],"sso_only":false,"status":"active"}`},
		{"usercom upsert, no field", usercom.UpdateOrCreateUserRequest{}, `{}`},
		{"usercom upsert, zeros", usercom.UpdateOrCreateUserRequest{UserID: new("a"), Score: new(int64(0)), Unsubscribed: new(false),
			City: new(""), Gender: new(usercom.GenderFemale), Status: new(usercom.UserStatusUser)},
			`{"user_id":"a","score":0,"unsubscribed":false,"city":"","gender":3,"status":2}`},
		{"usercom attribute", usercom.SetAttributeRequest{Attribute: "seats", Value: 3}, `{"attribute":"seats","value":3}`},
		{"usercom attributes", usercom.SetMultipleAttributesRequest{"seats": 3, "plan": nil}, `{"seats":3,"plan":null}`},
	} {
		got, err := json.Marshal(c.request)
		require.NoError(t, err, c.name)
		assert.JSONEq(t, c.want, string(got), c.name)
	}
}

func TestRequestLines(t *testing.T) {
	t.Parallel()
	for want, build := range map[string]func() (*http.Request, error){
		"POST https://h/v2/user": func() (*http.Request, error) {
			return partoo.NewCreateUserRequest("https://h/v2/", partoo.CreateUserRequest{})
		},
		"GET https://h/v2/user/search?email=a%2Bb%40example.com&disabled=false&role=ORG_ADMIN,PROVIDER&page=2&order_by=-email": func() (*http.Request, error) {
			return partoo.NewSearchUsersRequest("https://h/v2/", &partoo.SearchUsersParams{
				Email: new("a+b@example.com"), Page: new(int64(2)), Disabled: new(false),
				Role: &[]partoo.UserRole{partoo.RoleOrgAdmin, "PROVIDER"}, OrderBy: new(partoo.UserOrderEmailDescending)})
		},
		"POST https://h/v2/user/a%2Fb/invite": func() (*http.Request, error) { return partoo.NewInviteUserRequest("https://h/v2/", "a/b") },
		"GET https://h/api/partner/users?search=a%2Bb&direction=asc&page=2": func() (*http.Request, error) {
			return identifai.NewListUsersRequest("https://h/", &identifai.ListUsersParams{
				Search: new("a+b"), Page: new(int64(2)), Direction: new(identifai.SortDirectionAsc)})
		},
		"GET https://h/api/public/users/search/?email=a%2Bb%40example.com&many=true": func() (*http.Request, error) {
			return usercom.NewSearchUsersRequest("https://h/api/public/", &usercom.SearchUsersParams{Email: new("a+b@example.com"), Many: new(true)})
		},
		"POST https://h/api/public/users/7/set_attribute/": func() (*http.Request, error) {
			return usercom.NewSetAttributeRequest("https://h/api/public/", 7, usercom.SetAttributeRequest{})
		},
	} {
		req, err := build()
		require.NoError(t, err)
		assert.Equal(t, want, req.Method+" "+req.URL.String())
		if req.Body != nil {
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			assert.EqualValues(t, len(body), req.ContentLength)
			assert.NotNil(t, req.GetBody, "the body must be replayable")
		}
	}
}

// Omitted fields and nulls are decoded. An omitted list differs from an empty one.
func TestLenientResponseDecoding(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]*json.Number{
		`"15"`: new(json.Number("15")), `15`: new(json.Number("15")), `null`: nil,
	} {
		var page identifai.UserPage
		require.NoError(t, json.Unmarshal([]byte(`{"data":null,"from":null,"per_page":`+text+`}`), &page), text)
		assert.Equal(t, want, page.PerPage)
	}

	var user identifai.User
	require.NoError(t, json.Unmarshal([]byte(`{"id":7,"email":null,"name":null,"balance":16777217.25,"pricing":null,
		"partner":{"id":1,"partner":null},"created_at":"2025-03-12T11:30:25.000000Z"}`), &user))
	assert.Equal(t, new(16777217.25), user.Balance)
	assert.Equal(t, int64(1), user.Partner.ID)
	assert.Nil(t, user.Pricing)

	const found = `{"id":"a","email":"a@b.co","role":"PROVIDER","lang":"tlh","business_ids":[],"sidebar_pages":null}`
	var read partoo.User
	require.NoError(t, json.Unmarshal([]byte(found), &read))
	assert.Equal(t, new(partoo.Role("PROVIDER")), read.Role)
	assert.Nil(t, read.Accesses)
	assert.NotNil(t, read.BusinessIDs)
	again, err := json.Marshal(read)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"a","email":"a@b.co","role":"PROVIDER","lang":"tlh","business_ids":[]}`, string(again))

	var contact usercom.User
	require.NoError(t, json.Unmarshal([]byte(`{"id":1,"status":"user","gender":"unknown","email":null,"lists":[{"id":3}],
		"attributes":[{"id":1,"name":"Seats","name_std":"seats","value":9007199254740993}],"tags":[{"id":2,"name":"vip"}]}`), &contact))
	assert.Equal(t, json.RawMessage("9007199254740993"), contact.Attributes[0].Value)
	assert.Equal(t, new(usercom.UserStatusNameUser), contact.Status)
	assert.Nil(t, contact.Companies)

	for _, text := range []string{`{"email":["bad"]}`, `"Resource not found"`} {
		var response partoo.BadRequestError
		require.NoError(t, json.Unmarshal([]byte(`{"errors":{"json":`+text+`}}`), &response))
		assert.JSONEq(t, text, string(response.Errors.JSON))
	}
}

func TestUserComUnions(t *testing.T) {
	t.Parallel()
	var found usercom.SearchUsersResult
	require.NoError(t, json.Unmarshal([]byte(`[{"id":1},{"id":2}]`), &found))
	list, err := found.AsUserList()
	require.NoError(t, err)
	assert.Len(t, list, 2)

	var response usercom.BadRequestError
	require.NoError(t, json.Unmarshal([]byte(`{"email":["taken"]}`), &response))
	fields, err := response.AsFieldErrors()
	require.NoError(t, err)
	assert.Equal(t, usercom.FieldErrors{"email": {"taken"}}, fields)
}
