package identifai_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

func TestPreviewPredictsOutcomeWithoutWriting(t *testing.T) {
	other := member(0)
	other.Name = "Other"
	inputs := []identifai.UserInput{member(0), other, withID(member(1), 2), withID(member(0), 2), member(2), withID(member(1), 99)}
	exists, fresh := func(id int64, outcome upsert.Outcome) upsert.Result[int64] {
		return upsert.Result[int64]{ID: id, Outcome: outcome}
	}, upsert.Result[int64]{Outcome: upsert.Created}
	tests := []struct {
		name   string
		users  int
		faults []resttest.Fault
		want   []upsert.Result[int64]
		reads  int
	}{
		{"complete list", 2, nil, []upsert.Result[int64]{
			exists(1, upsert.Unchanged), exists(1, upsert.Updated), exists(2, upsert.Unchanged), exists(2, upsert.Updated), fresh, {}}, 1},
		{"no list", 1, nil, []upsert.Result[int64]{
			exists(1, upsert.Updated), exists(1, upsert.Updated), exists(2, upsert.Updated), exists(2, upsert.Updated), fresh, exists(99, upsert.Updated)}, 3},
		{"list without member 1", 2, []resttest.Fault{list("2", `{"id":1,"name":"Old 0","email":"User0@example.com","heuristic":"Average","pricing":{"id":2}}`)}, []upsert.Result[int64]{
			exists(1, upsert.Updated), exists(1, upsert.Updated), exists(2, upsert.Updated), exists(2, upsert.Updated), fresh, exists(99, upsert.Updated)}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				addMembers(server, 2)
				server.Fail(tt.faults...)
				bulk, err := client.Bulk(t.Context(), tt.users)
				require.NoError(t, err)
				for i, u := range inputs {
					result, err := bulk.Preview(t.Context(), u)
					if tt.want[i].Outcome == 0 {
						require.ErrorIs(t, err, rest.ErrNotFound)
						assert.Equal(t, "Preview", failure(t, err).Operation)
					} else {
						require.NoError(t, err)
					}
					assert.Equal(t, tt.want[i], result.Result, i)
				}
				for _, r := range server.Requests() {
					assert.Equal(t, "GET", r.Method)
				}
				assert.Len(t, server.Requests(), tt.reads)
			}, 200)
		})
	}
}

// After a write the list is not complete any more.
func TestPreviewAfterUpserts(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		created, err := bulk.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		for _, u := range []identifai.UserInput{ada(), withID(ada(), created.ID)} {
			result, err := bulk.Preview(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Result[int64]{ID: created.ID, Outcome: upsert.Updated}, result.Result)
		}
		server.Fail(resttest.Status(404))
		_, err = bulk.Preview(t.Context(), ada())
		assert.Equal(t, 404, failure(t, err).StatusCode, "a missing list is not an empty list")
	}, 404)
}

func TestPreviewReturnsChanges(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addMembers(server, 1)
		bulk, err := client.Bulk(t.Context(), 2)
		require.NoError(t, err)
		u := member(0)
		u.Name, u.Email, u.PricingID, u.Readonly, u.Password, u.Newsletter = "New", "USER0@example.com", 3, new(true), "secret", new(false)
		preview, err := bulk.Preview(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, []upsert.Change{
			{Field: "name", Old: "Name 0", New: "New"}, {Field: "password"}, {Field: "pricing_id", Old: int64(2), New: int64(3)},
			{Field: "readonly", New: true}, {Field: "newsletter", New: false},
		}, preview.Changes, "not the email, whose letter case differs; no password")

		preview, err = bulk.Preview(t.Context(), withID(identifai.UserInput{Name: "A", Email: "a@example.com", Heuristic: "Average", PricingID: 2}, 1))
		require.NoError(t, err)
		assert.Equal(t, []upsert.Change{{Field: "name", Old: "Name 0", New: "A"}, {Field: "email", Old: "user0@example.com", New: "a@example.com"}}, preview.Changes)
	})
}
