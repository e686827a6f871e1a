package identifaitest_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
)

// limits returns the headers that a throttle adds.
func limits(r reply) [4]string {
	h := r.header
	return [4]string{h.Get("X-RateLimit-Limit"), h.Get("X-RateLimit-Remaining"), h.Get("Retry-After"), h.Get("X-RateLimit-Reset")}
}

// waitUntil advances the clock of a synctest bubble.
func waitUntil(at time.Time) { <-time.After(time.Until(at)) }

func TestQuotaPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := seeded(identifaitest.WithQuotas())
		start := time.Now()
		assert.Equal(t, [4]string{}, limits(send(t, server, write, nil, "X-Api-Key", "x")), "a 401 is not counted")
		invalid := send(t, server, write, nil)
		assert.Equal(t, 422, invalid.status)
		assert.Equal(t, [4]string{"1", "0", "", ""}, limits(invalid), "a 422 is counted")

		waitUntil(start.Add(400 * time.Millisecond))
		limited := send(t, server, mail, []string{"id", "1"})
		assert.Equal(t, 429, limited.status, "all writes share a quota")
		assert.Equal(t, `{"message":"Too Many Attempts."}`, limited.body)
		assert.Equal(t, [4]string{"1", "0", "1", strconv.FormatInt(time.Now().Unix()+1, 10)}, limits(limited))

		assert.Equal(t, [4]string{"2", "1", "", ""}, limits(send(t, server, list, nil)), "reads have a separate quota")
		assert.Equal(t, [4]string{"2", "0", "", ""}, limits(send(t, server, "HEAD /user/credits", nil)), "HEAD reads")
		assert.Equal(t, http.StatusTooManyRequests, send(t, server, list, nil).status)

		waitUntil(start.Add(time.Second))
		missing := send(t, server, mail, []string{"id", "99"})
		assert.Equal(t, 404, missing.status, "a new window starts; rejected requests were not counted")
		assert.Equal(t, [4]string{"1", "0", "", ""}, limits(missing), "a 404 is counted")
	})
}

func TestQuotaPerMinute(t *testing.T) {
	for line, limit := range map[string]int{mail: 30, list: 60} {
		synctest.Test(t, func(t *testing.T) {
			server := seeded(identifaitest.WithQuotas())
			start := time.Now()
			for i := range limit {
				waitUntil(start.Add(time.Duration(i) * 56600 * time.Millisecond / time.Duration(limit)))
				require.Equal(t, 200, send(t, server, line, []string{"id", "1"}).status)
			}
			waitUntil(start.Add(56600 * time.Millisecond))
			limited := send(t, server, line, []string{"id", "1"})
			assert.Equal(t, 429, limited.status)
			assert.Equal(t, [4]string{strconv.Itoa(limit), "0", "4", strconv.FormatInt(time.Now().Unix()+4, 10)}, limits(limited), "of the minute, rounded up")
			waitUntil(start.Add(time.Minute))
			assert.Equal(t, 200, send(t, server, line, []string{"id", "1"}).status)
		})
	}
}

func TestNoRequestIsCountedWithoutQuotas(t *testing.T) {
	server := seeded()
	for range 61 {
		got := send(t, server, list, nil)
		require.Equal(t, 200, got.status)
		require.Equal(t, [4]string{}, limits(got))
	}
}
