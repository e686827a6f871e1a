package fields_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

type status int64

type input struct {
	ID     string `json:"id" v2:"custom_id" check:"required,key" update:"-" help:"your own"`
	Email  string `json:"email" check:"email"`
	Name   string `json:"name" check:"max=3"`
	Phone  string `json:"phone" check:"phone"`
	Status status `json:"status" enum:"1=visitor,2=user"`
	Lang   string `json:"lang" enum:"fr,en,it"`
	Score  *int64 `json:"score" check:"max=100"`
	Agent  int64  `json:"agent" check:"positive"`
	Flag   *bool  `json:"flag"`
	Tags   []string
	Groups [][]int64 `json:"groups" check:"positive"`
	Roles  []string  `json:"roles" check:"key"`
	Group  struct {
		Password rest.Secret `json:"password" check:"password" update:"-"`
		Nick     string      `json:"nick" check:"nonempty"`
	}
}

// request is what a generator makes of the same fields.
type request struct {
	ID       string       `json:"id,omitempty"`
	CustomID *string      `json:"custom_id,omitempty"`
	Email    *string      `json:"email,omitempty"`
	Name     *string      `json:"name,omitempty"`
	Status   *status      `json:"status,omitempty"`
	Score    *int64       `json:"score,omitempty"`
	Flag     *bool        `json:"flag,omitempty"`
	Groups   *[][]int64   `json:"groups,omitempty"`
	Roles    *[]string    `json:"roles,omitempty"`
	Password *rest.Secret `json:"password,omitempty"`
	Other    *string      `json:"other,omitempty"`
}

func TestListReadsTheTags(t *testing.T) {
	list := fields.List[input]()
	var names []string
	byName := make(map[string]fields.Field)
	for _, f := range list {
		names = append(names, f.Name)
		byName[f.Name] = f
	}
	assert.Equal(t, []string{"id", "email", "name", "phone", "status", "lang", "score", "agent", "flag", "groups", "roles", "password", "nick"}, names)
	assert.True(t, byName["id"].Required)
	assert.True(t, byName["score"].Pointer)
	assert.Equal(t, reflect.TypeFor[int64](), byName["score"].Type)
	assert.Equal(t, []fields.Value{{Text: "1", Word: "visitor"}, {Text: "2", Word: "user"}}, byName["status"].Enum)
	assert.NotContains(t, fields.UpdateNames[input](), "id")
	assert.NotContains(t, fields.UpdateNames[input](), "password")
	assert.Contains(t, fields.UpdateNames[input](), "nick")
	for name, help := range map[string]string{
		"id": "no outer white space or invisible characters; your own", "email": "an email", "name": "at most 3 characters",
		"phone": "E.164, such as +390612345678", "status": "1 (visitor) or 2 (user)", "lang": "fr, en or it", "score": "at most 100",
		"agent": "greater than 0", "flag": "", "password": "8 or more characters with an upper-case letter, a lower-case letter and a special character",
	} {
		assert.Equal(t, help, byName[name].Help(), name)
	}
	var u input
	byName["nick"].Set(&u, reflect.ValueOf("A"))
	byName["score"].Set(&u, reflect.ValueOf(int64(7)))
	assert.Equal(t, "A", u.Group.Nick)
	assert.Equal(t, new(int64(7)), u.Score)
	assert.Equal(t, int64(7), byName["score"].Of(&u).Elem().Int())
}

func TestUnknownRulePanics(t *testing.T) {
	assert.Panics(t, func() {
		fields.List[struct {
			A string `json:"a" check:"required,emial"`
		}]()
	})
	assert.Panics(t, func() {
		fields.List[struct {
			A string `json:"a" check:"max=x"`
		}]()
	})
	assert.Panics(t, func() {
		fields.NewMapping[struct {
			A string `json:"a"`
		}, struct {
			A int64 `json:"a"`
		}]()
	})
}

func TestCheck(t *testing.T) {
	inputs := fields.NewChecker[input, input]()
	valid := input{ID: "1", Email: "ada@example.com", Name: "Ada", Phone: "+12", Status: 1, Lang: "it", Score: new(int64(0)), Agent: 1, Groups: [][]int64{{1}}, Roles: []string{"a b"}}
	tests := []struct {
		change func(*input)
		want   map[string][]string
	}{
		{func(*input) {}, nil},
		{func(u *input) { *u = input{ID: "1"} }, nil},
		{func(u *input) { u.ID = "" }, map[string][]string{"id": {"is required"}}},
		{func(u *input) { u.ID = " " }, map[string][]string{"id": {"is required"}}},
		{func(u *input) { u.ID = "1 " }, map[string][]string{"id": {"must not end with U+0020 (space)"}}},
		{func(u *input) { u.Email = "ada" }, map[string][]string{"email": {"must be an e-mail address like ada@example.com"}}},
		{func(u *input) { u.Email = "ada@example.com\u00a0" }, map[string][]string{"email": {"must not contain U+00A0 (no-break space) at character 16"}}},
		{func(u *input) { u.Name = "éèê" }, nil},
		{func(u *input) { u.Name = "abcd" }, map[string][]string{"name": {"must have at most 3 characters"}}},
		{func(u *input) { u.Name = "a\n" }, map[string][]string{"name": {"must not contain U+000A (line feed) at character 2"}}},
		{func(u *input) { u.Name = "\xff" }, map[string][]string{"name": {"must be valid UTF-8"}}},
		{func(u *input) { u.Phone = "06 12" }, map[string][]string{"phone": {"must be a phone number in E.164, like +390612345678"}}},
		{func(u *input) { u.Status = 3 }, map[string][]string{"status": {"must be 1 (visitor) or 2 (user)"}}},
		{func(u *input) { u.Lang = "tlh" }, map[string][]string{"lang": {"must be one of fr, en, it"}}},
		{func(u *input) { u.Score = new(int64(101)) }, map[string][]string{"score": {"must be at most 100"}}},
		{func(u *input) { u.Agent = -1 }, map[string][]string{"agent": {"must be greater than 0"}}},
		{func(u *input) { u.Groups = [][]int64{{1}, {2, 0}} }, map[string][]string{"groups": {"item 2.2 must be greater than 0"}}},
		{func(u *input) { u.Groups = [][]int64{{1}, nil} }, map[string][]string{"groups": {"item 2 must not be empty"}}},
		{func(u *input) { u.Roles = []string{"a", "b\u200b"} }, map[string][]string{"roles": {"item 2 must not contain U+200B (zero-width space) at character 2"}}},
		{func(u *input) { u.Roles = []string{} }, nil},
		{func(u *input) { u.Group.Password = "weak" }, map[string][]string{"password": {"must have 8 or more characters with an upper-case letter, a lower-case letter and a special character"}}},
	}
	for _, tt := range tests {
		u := valid
		tt.change(&u)
		var p check.Problems
		inputs.Check(&p, &u)
		assert.Equal(t, tt.want, fieldsOf(p))
	}
}

func fieldsOf(p check.Problems) map[string][]string {
	if err := p.Err("acme", "X"); err != nil {
		return err.(*rest.Error).Fields
	}
	return nil
}

// In a request, a pointer to an empty value is set.
func TestCheckOfARequest(t *testing.T) {
	requests := fields.NewChecker[input, request]()
	var p check.Problems
	requests.Check(&p, &request{ID: "1", Email: new(""), Status: new(status(0)), Score: new(int64(7)), Other: new("\n"), Password: new(rest.Secret(""))})
	assert.Equal(t, map[string][]string{"status": {"must be 1 (visitor) or 2 (user)"}, "password": {"must have 8 or more characters with an upper-case letter, a lower-case letter and a special character"}}, fieldsOf(p))
	p = check.Problems{}
	requests.Check(&p, &request{Groups: new([][]int64(nil)), Roles: new([]string{""})})
	assert.Equal(t, map[string][]string{
		"id": {"is required"}, "groups": {"must not be a nil list: use an empty one, or omit it"}, "roles": {"item 1 must not be empty"},
	}, fieldsOf(p))
}

func TestCopy(t *testing.T) {
	u := input{ID: "1", Name: "Ada", Score: new(int64(0)), Roles: []string{}}
	u.Group.Password = "Sup3r-secret"
	var r request
	fields.NewMapping[input, request]().Copy(&u, &r)
	assert.Equal(t, request{ID: "1", Name: new("Ada"), Score: new(int64(0)), Roles: new([]string{}), Password: new(rest.Secret("Sup3r-secret"))}, r)

	r = request{}
	fields.NewMapping[input, request]("name").Copy(&u, &r)
	assert.Equal(t, request{Name: new("Ada")}, r)

	r = request{}
	fields.NewMappingBy[input, request]("v2").Copy(&u, &r)
	assert.Equal(t, request{CustomID: new("1"), Name: new("Ada"), Score: new(int64(0)), Roles: new([]string{}), Password: new(rest.Secret("Sup3r-secret"))}, r)

	var back input
	fields.NewMapping[request, input]().Copy(&request{ID: "1", Name: new("Ada"), Flag: new(false), Roles: new([]string{})}, &back)
	assert.Equal(t, input{ID: "1", Name: "Ada", Flag: new(false), Roles: []string{}}, back)
}

// user is what a response contains.
type user struct {
	Name   *string   `json:"name"`
	Status *status   `json:"status"`
	Flag   *bool     `json:"flag"`
	Groups [][]int64 `json:"groups"`
	Roles  []string  `json:"roles"`
}

func TestClearEqualAndChanges(t *testing.T) {
	compared := fields.NewMapping[user, request]()
	wanted := func() request {
		return request{ID: "1", Name: new("Ada"), Status: new(status(1)), Flag: new(false), Groups: new([][]int64{{1, 2}, {3}}), Roles: new([]string{"a", "b"})}
	}
	want := wanted()
	compared.ClearEqual(&user{Name: new("Ada"), Status: new(status(1)), Flag: new(false), Groups: [][]int64{{3, 3}, {2, 1}}, Roles: []string{"b", "a", "b"}}, &want)
	assert.Equal(t, request{ID: "1"}, want)
	assert.Empty(t, compared.Changes(&user{}, &want))

	want = wanted()
	compared.ClearEqual(&user{}, &want)
	assert.Equal(t, wanted(), want, "all is unknown")

	have := user{Name: new("Ida"), Status: new(status(1)), Flag: new(true), Groups: [][]int64{{1}, {2, 3}}, Roles: []string{}}
	compared.ClearEqual(&have, &want)
	assert.Equal(t, []upsert.Change{
		{Field: "name", Old: "Ida", New: "Ada"}, {Field: "flag", Old: true, New: false},
		{Field: "groups", Old: [][]int64{{1}, {2, 3}}, New: [][]int64{{1, 2}, {3}}}, {Field: "roles", Old: []string{}, New: []string{"a", "b"}},
	}, compared.Changes(&have, &want))
	assert.Equal(t, upsert.Change{Field: "name", New: "Ada"}, compared.Changes(&user{}, &want)[0])
}

func TestChangesContainNoPassword(t *testing.T) {
	type response struct {
		Password *rest.Secret `json:"password"`
	}
	compared := fields.NewMapping[response, request]()
	want := request{Password: new(rest.Secret("new"))}
	assert.Equal(t, []upsert.Change{{Field: "password"}}, compared.Changes(&response{Password: new(rest.Secret("old"))}, &want))
}

// A new user takes one allocation, for the input that the request points into.
func TestAllocations(t *testing.T) {
	checker, toRequest := fields.NewChecker[input, input](), fields.NewMapping[input, request]()
	compared := fields.NewMapping[user, request]()
	u := input{ID: "1", Email: "ada@example.com", Name: "Ada", Status: 1, Lang: "it", Score: new(int64(0)), Agent: 1}
	have := user{Name: new("Ada"), Status: new(status(2))}
	n := testing.AllocsPerRun(100, func() {
		var p check.Problems
		var r request
		checker.Check(&p, &u)
		toRequest.Copy(&u, &r)
		compared.ClearEqual(&have, &r)
		require.Nil(t, r.Name)
	})
	assert.LessOrEqual(t, n, 2.0)
}
