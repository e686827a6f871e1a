package identifai_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// After a create with unknown outcome the user is looked up; the create is never
// sent again.
func TestUpsertAfterCreateWithUnknownOutcome(t *testing.T) {
	faults := map[string]resttest.Fault{
		"lost response":  resttest.LostResponse(),
		"truncated":      resttest.TruncatedResponse(10),
		"reset":          resttest.Reset(),
		"500":            resttest.Status(500),
		"502 page":       resttest.HTML(502),
		"503":            resttest.Status(503),
		"200 null":       {Status: 200, Body: "null"},
		"200 without id": {Status: 200, Body: `{"data":{"name":"Ada"}}`},
		"200 in HTML":    resttest.HTML(200),
		"204":            {Status: 204},
		"wrong type":     {Status: 200, Body: `{"data":[1]}`},
		"too large":      {Status: 200, Size: 1 << 30},
	}
	for name, fault := range faults {
		for _, executed := range []bool{true, false} {
			if fault.Status == 0 && fault.Cut != resttest.CutRequest && !executed || fault.Cut == resttest.CutRequest && executed {
				continue // these faults decide themselves whether the request is executed
			}
			t.Run(fmt.Sprintf("%s, executed %v", name, executed), func(t *testing.T) {
				bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
					fault.Execute = executed
					server.Fail(fault.On(writeURL))
					result, err := client.UpsertUser(t.Context(), ada())
					if executed {
						require.NoError(t, err)
						assert.Equal(t, upsert.Updated, result.Outcome)
						assert.Equal(t, []string{writeURL, listURL, writeURL}, sent(server))
						assert.Len(t, server.Users(), 1)
						return
					}
					e := failure(t, err)
					assert.NotEqual(t, rest.ExecutedNo, e.Executed)
					assert.Equal(t, []string{writeURL, listURL}, sent(server), "no second create")
					assert.Empty(t, server.Users())
				}, 200, 204, 500, 502, 503)
			})
		}
	}
}

func TestUpsertKeepsExecutedMaybeWhenLookupFails(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.LostResponse().On(writeURL), resttest.Status(501).On(listURL))
		_, err := client.UpsertUser(t.Context(), ada())
		e := failure(t, err)
		assert.Equal(t, 501, e.StatusCode)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.ErrorContains(t, err, "lookup after: identifai: UpsertUser: POST /api/partner/user")
		assert.NotContains(t, err.Error(), "\n")
	}, 501)
}

// Executed describes the writes, not the lookup.
func TestUpsertKeepsExecutedNoWhenLookupFails(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.AddUser(ada())
		server.Fail(resttest.Status(501).On(listURL))
		_, err := client.UpsertUser(t.Context(), ada())
		assert.Equal(t, rest.ExecutedNo, failure(t, err).Executed, "the create was rejected")

		server.Fail(respond(200, `{}`).On(writeURL), resttest.Status(501).On(listURL))
		_, err = client.UpsertUser(t.Context(), ada())
		assert.Equal(t, rest.ExecutedYes, failure(t, err).Executed, "the create returned 200")
	}, 200, 501)
}

func TestUpsertKeepsExecutedMaybeWhenUpdateFails(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.LostResponse().On(writeURL), resttest.Fault{Status: 403}.On(writeURL))
		_, err := client.UpsertUser(t.Context(), ada())
		e := failure(t, err)
		assert.Equal(t, 403, e.StatusCode)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
	}, 403)
}

func TestUpdateIsRetriedAfterLostResponse(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		u := server.AddUser(ada())
		server.Fail(resttest.LostResponse(), resttest.HTML(502))
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Updated, result.Outcome)
		assert.Equal(t, []string{writeURL, writeURL, writeURL}, sent(server))
	}, 502)
}
