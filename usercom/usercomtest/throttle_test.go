package usercomtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// One slot becomes free at a time, when the oldest request leaves the window.
func TestQuotaIsASlidingLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer(usercomtest.WithQuotas(resttest.Window{Limit: 3, Every: time.Minute}))
		start := time.Now()
		ask := func(at time.Duration, headers ...string) reply {
			t.Helper()
			waitUntil(start.Add(at))
			return send(t, server, "GET /1/", "", headers...)
		}
		const s = time.Second
		assert.Equal(t, 404, ask(0).status)
		assert.Equal(t, 404, ask(10*s).status)
		assert.Equal(t, 401, ask(11*s, "Authorization", "").status, "not counted: the key is checked first")
		assert.Equal(t, 404, ask(20*s).status)
		limited := ask(20*s + 500*time.Millisecond)
		assert.Equal(t, 429, limited.status)
		assert.Equal(t, "40", limited.header.Get("Retry-After"), "rounded up")
		assert.Equal(t, `{"detail":"Request was throttled. Expected available in 40 seconds."}`, limited.body)
		limited = ask(59*s + 600*time.Millisecond)
		assert.Equal(t, "1", limited.header.Get("Retry-After"))
		assert.Equal(t, `{"detail":"Request was throttled. Expected available in 1 second."}`, limited.body)
		assert.Equal(t, 404, ask(60*s).status, "rejected requests were not counted")
		assert.Equal(t, "10", ask(60*s).header.Get("Retry-After"), "one slot, not three")
		assert.Equal(t, 404, ask(70*s).status)
	})
}

func TestSeveralQuotasAreEnforced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer(usercomtest.WithQuotas(resttest.Window{Limit: 1, Every: time.Second}, resttest.Window{Limit: 2, Every: time.Minute}))
		start := time.Now()
		assert.Equal(t, 404, send(t, server, "GET /1/", "").status)
		assert.Equal(t, "1", send(t, server, "GET /1/", "").header.Get("Retry-After"))
		waitUntil(start.Add(time.Second))
		assert.Equal(t, "59", send(t, server, "GET /1/", "").header.Get("Retry-After"), "the minute counted the request that the second rejected")
	})
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer(usercomtest.WithQuotas(resttest.Window{Limit: 0, Every: time.Minute}))
		assert.Equal(t, "60", send(t, server, "GET /1/", "").header.Get("Retry-After"))
	})
}

// waitUntil advances the clock of a synctest bubble.
func waitUntil(at time.Time) { <-time.After(time.Until(at)) }
