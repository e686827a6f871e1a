package usercom_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestUpsertIsRetriedAfterLostResponse(t *testing.T) {
	for name, fault := range map[string]resttest.Fault{
		"lost":          resttest.LostResponse(),
		"truncated":     resttest.TruncatedResponse(5),
		"502 as HTML":   resttest.HTML(502),
		"504, executed": {Status: 504, Execute: true},
		"reset":         resttest.Reset(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := usercomtest.NewServer()
				server.Fail(fault.On(upsertURL), fault.On(setURL))
				client := newClient(t, server)
				executed := fault.Execute || fault.Cut == resttest.CutResponse || fault.Cut == resttest.CutBody
				want := upsert.Created
				if executed {
					want = upsert.Updated // the outcome of the last attempt
				}
				result, err := client.UpsertUser(t.Context(), ada())
				require.NoError(t, err)
				assert.Equal(t, upsert.Result[int64]{ID: 1, Outcome: want}, result)
				assert.Len(t, server.Users(), 1)
				assert.Len(t, server.Requests(), 4)
			})
		})
	}
}

func TestUpsertFailsAfterLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.LostResponse().Repeat(-1))
		_, err := newClient(t, server).UpsertUser(t.Context(), ada())
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.Equal(t, 4, e.Attempts)
		assert.Len(t, server.Users(), 1)
	})
}

func TestUpsertWaitsAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.Throttle("60"))
		client := newClient(t, server)
		start := time.Now()
		result, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		assert.Equal(t, upsert.Created, result.Outcome)
		assert.GreaterOrEqual(t, time.Since(start), time.Minute)
		assert.Less(t, time.Since(start), 70*time.Second)
	})
}

// The fake accepts five requests a minute; six users are upserted.
func TestUpsertsStayWithinQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer(usercomtest.WithQuotas(resttest.Window{Limit: 5, Every: time.Minute}))
		client := newClient(t, server)
		start := time.Now()
		for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
			_, err := client.UpsertUser(t.Context(), usercom.UserInput{UserID: id})
			require.NoError(t, err)
		}
		assert.Len(t, server.Users(), 6)
		assert.GreaterOrEqual(t, time.Since(start), time.Minute)
		assert.Equal(t, 429, server.Requests()[5].Status)
		assert.Len(t, server.Requests(), 7)
	})
}
