package identifai_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/upsert"
)

// A user is written unless every field is known to match.
func TestBulkReturnsUnchangedOnlyForFullMatch(t *testing.T) {
	have := member(0)
	have.Readonly = new(true)
	tests := map[string]struct {
		change func(*identifai.UserInput)
		want   upsert.Outcome
	}{
		"the same":             {func(*identifai.UserInput) {}, upsert.Unchanged},
		"the same, read only":  {func(u *identifai.UserInput) { u.Readonly = new(true) }, upsert.Unchanged},
		"not read only":        {func(u *identifai.UserInput) { u.Readonly = new(false) }, upsert.Updated},
		"name":                 {func(u *identifai.UserInput) { u.Name = "name 0" }, upsert.Updated},
		"letter case of email": {func(u *identifai.UserInput) { u.Email = strings.ToUpper(u.Email) }, upsert.Unchanged},
		"white space":          {func(u *identifai.UserInput) { u.Name, u.Heuristic = u.Name+" ", "\u00a0"+u.Heuristic }, upsert.Unchanged},
		"inner white space":    {func(u *identifai.UserInput) { u.Name = "Name  0" }, upsert.Updated},
		"heuristic":            {func(u *identifai.UserInput) { u.Heuristic = "AverageExcludeObsolete" }, upsert.Updated},
		"pricing plan":         {func(u *identifai.UserInput) { u.PricingID = 3 }, upsert.Updated},
		"password set":         {func(u *identifai.UserInput) { u.Password = "secret" }, upsert.Updated},
		"newsletter set":       {func(u *identifai.UserInput) { u.Newsletter = new(false) }, upsert.Updated},
		"save_files set":       {func(u *identifai.UserInput) { u.SaveFiles = new(false) }, upsert.Updated},
		"other email, by id":   {func(u *identifai.UserInput) { u.ID, u.Email = new(int64(1)), "new@example.com" }, upsert.Updated},
	}
	for name, tt := range tests {
		for _, id := range []*int64{nil, new(int64(1))} {
			t.Run(fmt.Sprint(name, ", id ", id != nil), func(t *testing.T) {
				bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
					server.AddUser(have)
					bulk, err := client.Bulk(t.Context(), 2)
					require.NoError(t, err)
					u := member(0)
					u.ID = id
					tt.change(&u)
					predicted, err := bulk.Preview(t.Context(), u)
					require.NoError(t, err)
					result, err := bulk.UpsertUser(t.Context(), u)
					require.NoError(t, err)
					assert.Equal(t, tt.want, result.Outcome)
					assert.Equal(t, predicted.Result, result.Result)
					assert.Equal(t, tt.want == upsert.Updated, len(predicted.Changes) > 0)
					assert.EqualValues(t, 1, result.User.ID)
					want := []string{listURL, writeURL}
					if tt.want == upsert.Unchanged {
						want = want[:1]
					}
					assert.Equal(t, want, sent(server))
					assert.Len(t, server.Users(), 1)
				})
			})
		}
	}
}

func TestBulkWritesWhatTheListDoesNotShow(t *testing.T) {
	for _, user := range []string{
		`{"id":1,"name":"Name 0","email":"user0@example.com","heuristic":null,"readonly":false,"pricing":{"id":2}}`,
		`{"id":1,"name":"Name 0","email":"user0@example.com","heuristic":"Average","readonly":false,"pricing":null}`,
		`{"id":1,"name":"Name 0","email":"user0@example.com","heuristic":"Average","readonly":null,"pricing":{"id":2}}`,
	} {
		bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
			addMembers(server, 1)
			server.Fail(respond(200, `{"current_page":1,"last_page":1,"total":1,"data":[`+user+`]}`))
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			u := member(0)
			u.Readonly = new(false)
			result, err := bulk.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Updated, result.Outcome)
			assert.Equal(t, []string{listURL, writeURL}, sent(server))
		}, 200)
	}
}
