package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// Runs with clients of the providers and their default retry policy, in virtual time.

func identifaiUsers(n int) iter.Seq[identifai.UserInput] {
	return users(n, func(i int) identifai.UserInput {
		return identifai.UserInput{Name: "Ada", Email: fmt.Sprintf("ada-%d@example.com", i), Heuristic: "Average", PricingID: 1}
	})
}

func usercomUsers(n int) iter.Seq[usercom.UserInput] {
	return users(n, func(i int) usercom.UserInput { return usercom.UserInput{UserID: fmt.Sprint(i)} })
}

func users[T any](n int, user func(int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(user(i)) {
				return
			}
		}
	}
}

// identifaiServer enforces the documented quotas and responds after 100 ms.
func identifaiServer(t *testing.T) (*identifaitest.Server, *identifai.Client) {
	server := identifaitest.NewServer(identifaitest.WithQuotas())
	server.Fail(resttest.Fault{Delay: 100 * time.Millisecond, Times: -1})
	client, err := identifai.New(identifaitest.Key, append(server.Options(), rest.WithQuotas(identifai.Quotas()...))...)
	require.NoError(t, err)
	return server, client
}

// 1,000 users at 30 writes per minute and one per second need 33 minutes, and 9 s for
// the last ten. 200 workers wait for up to 7 minutes each, longer than MaxWait.
func TestAllUsesFullQuota(t *testing.T) {
	const best = 33*time.Minute + 9*time.Second
	for _, workers := range []int{8, 200} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := identifaiServer(t)
				j := open(t, journalPath(t))
				start := time.Now()
				for item := range upsert.All(t.Context(), identifaiUsers(1000), client.UpsertUser,
					upsert.WithKey(identifai.UserInput.Key), upsert.WithJournal(j), upsert.WithWorkers(workers)) {
					require.NoError(t, item.Err)
				}
				took := time.Since(start)
				require.NoError(t, j.Close())

				assert.Len(t, server.Users(), 1000)
				assert.Len(t, server.Requests(), 1000, "no request was rejected")
				assert.GreaterOrEqual(t, took, best)
				assert.LessOrEqual(t, took, best*102/100)
			})
		})
	}
}

// The deadline is earlier than the quota allows the next user. Users that were not
// sent are not recorded, so that the next run sends them.
func TestAllIsIncompleteWhenTheQuotaExceedsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		server := usercomtest.NewServer()
		quota := rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 60, Per: time.Minute}}})
		client, err := usercom.New("", usercomtest.Key, append(server.Options(), quota)...)
		require.NoError(t, err)
		j := open(t, journalPath(t))
		run := func(ctx context.Context) (items int, last error) {
			for item := range upsert.All(ctx, usercomUsers(n), client.UpsertUser, upsert.WithJournal(j)) {
				items, last = items+1, item.Err
			}
			return items, last
		}

		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		items, err := run(ctx)
		sent := items - 1
		assert.ErrorIs(t, err, upsert.ErrIncomplete)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		var incomplete *upsert.IncompleteError
		require.True(t, errors.As(err, &incomplete))
		assert.Equal(t, n-sent, incomplete.NotSent)
		assert.GreaterOrEqual(t, sent, 150)
		assert.Equal(t, upsert.JournalCounts{Created: sent}, j.Counts())

		items, err = run(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, n-sent, items)
		assert.Len(t, server.Users(), n)
		require.NoError(t, j.Close())
	})
}

// A Retry-After that the retry policy alone would not accept.
func TestAllWaitsForALongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := identifaiServer(t)
		server.ClearFaults()
		server.Fail(resttest.Throttle("600"))
		start := time.Now()
		for item := range upsert.All(t.Context(), identifaiUsers(60), client.UpsertUser) {
			require.NoError(t, item.Err)
		}
		assert.Len(t, server.Users(), 60)
		assert.GreaterOrEqual(t, time.Since(start), 10*time.Minute)
		assert.LessOrEqual(t, time.Since(start), 10*time.Minute+2*time.Minute)
	})
}

// A 429 that concerns one user only must not stop the others.
func TestAllFailsAUserThatAlwaysGets429(t *testing.T) {
	for _, retryAfter := range []string{"", "5"} {
		for _, workers := range []int{1, 8} {
			synctest.Test(t, func(t *testing.T) {
				server, client := identifaiServer(t)
				throttle := resttest.Throttle(retryAfter)
				throttle.Match = bodyContains("ada-50@")
				server.ClearFaults()
				server.Fail(throttle.Repeat(-1))
				failed := 0
				start := time.Now()
				for item := range upsert.All(t.Context(), identifaiUsers(100), client.UpsertUser, upsert.WithWorkers(workers)) {
					if item.Err != nil {
						failed++
						assert.Equal(t, 50, item.Index)
						assert.ErrorIs(t, item.Err, rest.ErrRateLimited)
					}
				}
				assert.Equal(t, 1, failed)
				assert.Equal(t, 99, len(server.Users()))
				assert.Less(t, time.Since(start), 15*time.Minute)
			})
		}
	}
}

// bodyContains matches requests whose body contains the text.
func bodyContains(text string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		return err == nil && strings.Contains(string(body), text)
	}
}

// With one worker, the retries of a user that always gets 500 delay the others.
func TestAllSpendsAtMostTenSecondsOnAUserThatAlwaysGets500(t *testing.T) {
	for _, workers := range []int{1, 2, 8} {
		for _, bad := range []int{0, 50, 90} {
			synctest.Test(t, func(t *testing.T) {
				server := usercomtest.NewServer()
				fault := resttest.Status(500)
				fault.Match = bodyContains(fmt.Sprintf(`"%d"`, bad))
				server.Fail(fault.Repeat(-1), resttest.Fault{Delay: latency, Times: -1})
				client, err := usercom.New("", usercomtest.Key, append(server.Options(), rest.WithQuotas())...)
				require.NoError(t, err)
				start, failed := time.Now(), 0
				for item := range upsert.All(t.Context(), usercomUsers(100), client.UpsertUser, upsert.WithWorkers(workers)) {
					if item.Err != nil {
						failed++
						assert.Equal(t, bad, item.Index)
					}
				}
				assert.Equal(t, 1, failed)
				assert.LessOrEqual(t, time.Since(start), 100*latency/time.Duration(workers)+10*time.Second)
			})
		}
	}
}

func TestAllEndsWhenRetryAfterExceedsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := identifaiServer(t)
		throttle := resttest.Throttle("86400")
		throttle.Match = func(*http.Request) bool { return len(server.Users()) == 20 }
		server.ClearFaults()
		server.Fail(throttle.Repeat(-1))
		start := time.Now()
		j := open(t, journalPath(t))
		var last error
		for item := range upsert.All(t.Context(), identifaiUsers(1000), client.UpsertUser, upsert.WithJournal(j)) {
			last = item.Err
		}
		// The pacer adds up to a second.
		assert.Regexp(t, `^upsert: run incomplete: 980 users not sent: required wait of (23h59m59s|24h0m[01]s) exceeds the limit of 1h0m0s: identifai: UpsertUser: POST `, last.Error())
		assert.ErrorIs(t, last, rest.ErrRateLimited)
		assert.LessOrEqual(t, time.Since(start), 22*time.Second)
		assert.Equal(t, upsert.JournalCounts{Created: 20}, j.Counts())
		require.NoError(t, j.Close())
	})
}
