package identifai_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/upsert"
)

// unreadable are values of fields that a server may send in another type than the
// spec says.
var unreadable = []string{
	`"readonly":0`, `"balance":"12.50"`, `"pricing":[]`, `"created_at":"2026-01-01 00:00:00"`, `"email_verified_at":""`, `"partner":[]`, `"city":{}`,
}

func TestUpsertSucceedsWithUnreadableFields(t *testing.T) {
	for _, field := range unreadable {
		bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
			server.Fail(respond(200, `{"data":{"id":7,"name":"Ada","email":"ada@example.com",`+field+`}}`))
			result, err := client.UpsertUser(t.Context(), ada())
			require.NoError(t, err, field)
			assert.Equal(t, int64(7), result.ID)
			assert.Equal(t, upsert.Created, result.Outcome)
		}, 200)
	}
}

// A compared field that cannot be read is unknown, so the user is updated.
func TestBulkUpdatesUserWithUnreadableComparedField(t *testing.T) {
	for field, want := range map[string]upsert.Outcome{
		`"heuristic":"Average","pricing":{"id":2}`:               upsert.Unchanged,
		`"heuristic":"Average","pricing":{"id":2},"balance":"1"`: upsert.Unchanged,
		`"heuristic":"Average","pricing":[]`:                     upsert.Updated,
		`"heuristic":"Average","pricing":{"id":"2"}`:             upsert.Updated,
		`"heuristic":7,"pricing":{"id":2}`:                       upsert.Updated,
	} {
		bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
			addMembers(server, 1)
			u := member(0)
			server.Fail(respond(200, `{"data":[{"id":1,"name":"`+u.Name+`","email":"`+u.Email+`",`+field+`}],"last_page":1,"current_page":1}`))
			bulk, err := client.Bulk(t.Context(), 2)
			require.NoError(t, err)
			result, err := bulk.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, want, result.Outcome, field)
		}, 200)
	}
}
