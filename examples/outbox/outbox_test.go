//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// TestKillsAndRestartsLoseNoChange changes users while workers are killed and
// Postgres restarts at random moments.
func TestKillsAndRestartsLoseNoChange(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than ten seconds")
	}
	t.Parallel()
	rounds := 3
	if os.Getenv("USERSYNC_SOAK") == "1" {
		rounds = 20
	}
	for round := range rounds {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Parallel()
			s := startService(t)
			killed := s.startWorker(t)
			s.startWorker(t)
			ctx, cancel := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			for i := range 4 {
				writers.Go(func() { s.changeUser(ctx, t, i) })
			}
			pause := func() { time.Sleep(time.Duration(300+rand.IntN(700)) * time.Millisecond) }
			pause()
			require.NoError(t, killed.Process.Kill())
			pause()
			require.NoError(t, s.restartPostgres(t.Context()))
			pause()
			s.startWorker(t)
			cancel()
			writers.Wait()
			s.awaitDelivery(t, 2*time.Minute)
			s.assertDelivered(t)
		})
	}
}

// changeUser saves a user, and changes it again and again until ctx ends.
func (s *service) changeUser(ctx context.Context, t *testing.T, i int) {
	u := User{Email: fmt.Sprintf("user%d@example.com", i), FirstName: "User", LastName: "0"}
	for n := 1; ctx.Err() == nil; n++ {
		saved, err := SaveUser(t.Context(), s.pool, s.jobs, u)
		if err != nil { // Postgres restarts; the row may exist nevertheless
			_ = s.pool.QueryRow(t.Context(), `SELECT id FROM users WHERE email = $1`, u.Email).Scan(&u.ID)
			time.Sleep(50 * time.Millisecond)
			continue
		}
		u = saved
		u.LastName = fmt.Sprint(n)
		time.Sleep(time.Duration(600+rand.IntN(800)) * time.Millisecond)
	}
}

func TestErrorsDecideWhatHappensToTheJob(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.startWorker(t)
	s.partoo.Fail(resttest.Fault{Status: http.StatusUnauthorized})
	bad, err := SaveUser(t.Context(), s.pool, s.jobs, User{Email: "no email", FirstName: "No", LastName: "Email"})
	require.NoError(t, err)
	state := func(provider string, id int64) (state string) {
		_ = s.pool.QueryRow(t.Context(), `SELECT state::text FROM river_job WHERE queue = $1 AND (args->>'user_id')::bigint = $2`, provider, id).Scan(&state)
		return state
	}
	require.Eventually(t, func() bool { return state("usercom", bad.ID) == "cancelled" }, time.Minute, 50*time.Millisecond, "invalid input")
	var message string
	require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT errors[1]->>'error' FROM river_job WHERE queue = 'usercom'`).Scan(&message))
	assert.Contains(t, message, "email")

	good, err := SaveUser(t.Context(), s.pool, s.jobs, User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	require.NoError(t, err)
	paused := func() bool {
		queue, err := s.jobs.QueueGet(t.Context(), "partoo")
		return err == nil && queue.PausedAt != nil
	}
	require.Eventually(t, paused, time.Minute, 50*time.Millisecond, "a rejected key pauses the queue")
	require.Eventually(t, func() bool { return state("identifai", good.ID) == "completed" }, time.Minute, 50*time.Millisecond, "the other queues continue")
}

func TestDecide(t *testing.T) {
	t.Parallel()
	unavailable := &rest.Error{StatusCode: http.StatusServiceUnavailable}
	limited := &rest.Error{StatusCode: http.StatusTooManyRequests, RetryAfter: 7 * time.Second}
	conflict := &rest.Error{StatusCode: http.StatusConflict}
	other := errors.New("other")
	for _, c := range []struct{ err, want error }{
		{nil, nil},
		{errLocked, river.JobSnooze(lockWait)},
		{unavailable, river.JobSnooze(outageWait)},
		{fmt.Errorf("wrapped: %w", limited), river.JobSnooze(7 * time.Second)},
		{conflict, conflict},
		{other, other},
	} {
		assert.Equal(t, c.want, decide(t.Context(), "partoo", c.err), "%v", c.err)
	}
}

// A job that cannot be sent within its time, because of the quota, is snoozed. That
// uses up no attempt.
func TestWaitForQuotaSnoozes(t *testing.T) {
	t.Parallel()
	quotas := rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}})
	client, err := partoo.New(partootest.Key, append(partootest.NewServer().Options(), quotas)...)
	require.NoError(t, err)
	for _, err := range client.SearchUsers(t.Context(), partoo.SearchUsersParams{}) {
		require.NoError(t, err)
	}
	upsertWithin := func(ctx context.Context) error {
		_, err := client.UpsertUser(ctx, partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RolePublisher})
		require.Error(t, err)
		return decide(ctx, "partoo", err)
	}
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended, end := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, end)
	for name, ctx := range map[string]context.Context{"policy": t.Context(), "deadline": deadline, "ended": ended} {
		var snooze *river.JobSnoozeError
		require.ErrorAs(t, upsertWithin(ctx), &snooze, name)
		assert.Positive(t, snooze.Duration, name)
	}
}

// Jobs that wait for one provider's quota do not stop those of the others.
func TestSlowProviderDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.startWorker(t)
	for i := range 60 { // identifAI needs 2 minutes for them
		_, err := SaveUser(t.Context(), s.pool, s.jobs, User{Email: fmt.Sprintf("user%d@example.com", i), FirstName: "User", LastName: fmt.Sprint(i)})
		require.NoError(t, err)
	}
	start := time.Now()
	require.Eventually(t, func() bool { return len(s.partoo.Users()) == 60 && len(s.usercom.Users()) == 60 }, 10*time.Second, 50*time.Millisecond)
	t.Logf("the others took %v", time.Since(start))
	assert.Less(t, len(s.identifai.Users()), 60)
}

// A reconciliation corrects what was changed at a provider.
func TestReconcileCorrectsUsers(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.startWorker(t)
	for i := range 3 {
		_, err := SaveUser(t.Context(), s.pool, s.jobs, User{Email: fmt.Sprintf("user%d@example.com", i), FirstName: "User", LastName: "Right"})
		require.NoError(t, err)
	}
	s.awaitDelivery(t, time.Minute)
	client, err := partoo.New(partootest.Key, s.partoo.Options()...)
	require.NoError(t, err)
	changed, _ := s.partoo.User("user1@example.com")
	require.NoError(t, client.UpdateUser(t.Context(), changed.ID, partoo.UpdateUserRequest{LastName: new("Wrong")}))
	_, err = s.jobs.Insert(t.Context(), ReconcileArgs{Provider: "partoo"}, nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		u, _ := s.partoo.User("user1@example.com")
		return u.LastName == "Right"
	}, time.Minute, 50*time.Millisecond)
	s.assertDelivered(t)
}
