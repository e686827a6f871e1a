package partoo_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

func TestPreviewPredictsOutcomeWithoutWriting(t *testing.T) {
	for name, users := range map[string]int{"with list": 2, "without list": 1} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
				addMembers(server, 2)
				changed := member(1)
				changed.BusinessIDs = []string{}
				inputs := []partoo.UserInput{member(0), changed, member(2), member(2), member(0)}
				bulk, err := client.Bulk(t.Context(), users)
				require.NoError(t, err)
				var predicted []upsert.Result[string]
				for _, u := range inputs {
					result, err := bulk.Preview(t.Context(), u)
					require.NoError(t, err)
					predicted = append(predicted, result.Result)
				}
				want := []upsert.Result[string]{
					{ID: server.Users()[0].ID, Outcome: upsert.Unchanged},
					{ID: server.Users()[1].ID, Outcome: upsert.Updated},
					{Outcome: upsert.Created},
					{Outcome: upsert.Created},
					{ID: server.Users()[0].ID, Outcome: upsert.Unchanged},
				}
				assert.Equal(t, want, predicted)
				for _, r := range server.Requests() {
					assert.Equal(t, "GET", r.Method)
				}
				for i, u := range inputs[:3] {
					result, err := bulk.UpsertUser(t.Context(), u)
					require.NoError(t, err)
					assert.Equal(t, want[i].Outcome, result.Outcome)
				}
				assert.Equal(t, 2, len(server.Requests())-count(server, search), "one update, one create")
				if users > 1 {
					assert.Equal(t, 1, count(server, search), "Preview does not use up the list")
				}
				result, err := bulk.Preview(t.Context(), changed)
				require.NoError(t, err)
				assert.Equal(t, upsert.Unchanged, result.Outcome, "the list is not used after a write")
			})
		})
	}
}

func TestPreviewReturnsSearchError(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		bulk, err := client.Bulk(t.Context(), 1)
		require.NoError(t, err)
		server.Fail(resttest.Status(401))
		_, err = bulk.Preview(t.Context(), ada())
		require.EqualError(t, err, "partoo: Preview: GET /v2/user/search: 401 Unauthorized: Unauthorized")
	}, 401)
}
