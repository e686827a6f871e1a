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

// A create whose outcome is unknown is resolved by looking the user up, and
// never sent a second time.
func TestUpsertAfterCreateWithUnknownOutcome(t *testing.T) {
	faults := map[string]resttest.Fault{
		"lost answer":     resttest.LostResponse(),
		"cut answer":      resttest.TruncatedResponse(10),
		"reset":           resttest.Reset(),
		"500":             resttest.Status(500),
		"502 page":        resttest.HTML(502),
		"503":             resttest.Status(503),
		"200 null":        {Status: 200, Body: "null"},
		"200 without id":  {Status: 200, Body: `{"data":{"name":"Ada"}}`},
		"200 in HTML":     resttest.HTML(200),
		"204":             {Status: 204},
		"another shape":   {Status: 200, Body: `{"data":[1]}`},
		"larger than all": {Status: 200, Size: 1 << 30},
	}
	for name, fault := range faults {
		for _, executed := range []bool{true, false} {
			if fault.Status == 0 && fault.Cut != resttest.CutRequest && !executed || fault.Cut == resttest.CutRequest && executed {
				continue // these say themselves whether the server acted
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
					assert.Equal(t, []string{writeURL, listURL}, sent(server), "nothing more is created")
					assert.Empty(t, server.Users())
				}, 200, 204, 500, 502, 503)
			})
		}
	}
}

func TestUpsertKeepsExecutedMaybeWhenLookupFails(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.LostResponse().On(writeURL), resttest.Status(500).On(listURL))
		_, err := client.UpsertUser(t.Context(), ada())
		e := failure(t, err)
		assert.Equal(t, 500, e.StatusCode)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.ErrorContains(t, err, "looking the user up after: identifai: UpsertUser: POST /api/partner/user")
		assert.NotContains(t, err.Error(), "\n")
	}, 500)
}

// What the error says of execution is about the writes, not the look-up.
func TestUpsertKeepsExecutedNoWhenLookupFails(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.AddUser(ada())
		server.Fail(resttest.Status(500).On(listURL))
		_, err := client.UpsertUser(t.Context(), ada())
		assert.Equal(t, rest.ExecutedNo, failure(t, err).Executed, "the create was refused")

		server.Fail(answer(200, `{}`).On(writeURL), resttest.Status(500).On(listURL))
		_, err = client.UpsertUser(t.Context(), ada())
		assert.Equal(t, rest.ExecutedYes, failure(t, err).Executed, "the create was answered with success")
	}, 200, 500)
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

func TestUpdateIsRetriedWhenItsResponseIsLost(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		u := server.AddUser(ada())
		server.Fail(resttest.LostResponse(), resttest.HTML(502))
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, upsert.Updated, result.Outcome)
		assert.Equal(t, []string{writeURL, writeURL, writeURL}, sent(server))
	}, 502)
}
