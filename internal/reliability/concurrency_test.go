package reliability

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

const (
	loadWorkers = 64
	loadUsers   = 1_000
	loadEach    = 10 // upserts of each user
)

// concurrentRun describes a provider for the load tests. T is its input. Each upsert writes
// values that no other upsert writes.
type concurrentRun[T any] struct {
	input  func(user, n int) T
	key    func(T) string
	upsert func(context.Context, T) (upsertReceipt, error)
	stored func() []stored
	// written returns the values that an upsert writes, one for each of its requests.
	written func(T) []string
}

// upsertReceipt is what an upsert reported.
type upsertReceipt struct {
	id      string
	outcome upsert.Outcome
}

// stored is a user in a fake.
type stored struct {
	key, id string
	values  []string
}

// attempt is the result of one upsert.
type attempt struct {
	values []string
	upsertReceipt
	err error
}

// mayHaveWritten reports whether the upsert may have written its values. An upsert that
// failed after its first request returns an id.
func (a attempt) mayHaveWritten() bool {
	e, ok := errors.AsType[*rest.Error](a.err)
	return a.err == nil || a.id != "" || !ok || e.Executed != rest.ExecutedNo
}

// unpaced is a pacer without waits, so that all workers are in flight.
type unpaced struct{}

func (unpaced) Ticket(string) backoff.Ticket              { return unpaced{} }
func (unpaced) Handles429() bool                          { return false }
func (unpaced) Wait(context.Context, time.Duration) error { return nil }
func (unpaced) Done(int, time.Duration)                   {}

// unpacedOptions are the options of a client without pacing.
func unpacedOptions(baseURL string, client *http.Client) []rest.Option {
	return []rest.Option{rest.WithBaseURL(baseURL), rest.WithHTTPClient(client), rest.WithPacer(unpaced{})}
}

// unreliable makes the server lose a tenth of its responses and return 429 to a tenth of
// the requests, at random.
func unreliable(server *resttest.Server, seed uint64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	oneIn := func(n int) func(*http.Request) bool {
		return func(*http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			return random.IntN(n) == 0
		}
	}
	lost, rateLimited := resttest.LostResponse().Repeat(-1), resttest.Throttle("1").Repeat(-1)
	lost.Match, rateLimited.Match = oneIn(10), oneIn(9) // a ninth of the other nine tenths
	server.Fail(lost, rateLimited)
}

// inOrder upserts every user ten times through upsert.All, which runs the upserts of a user
// one after another. The last success of each user decides its values.
func (c concurrentRun[T]) inOrder(t *testing.T, name string, server *resttest.Server) {
	t.Helper()
	unreliable(server, 1)
	order := rand.New(rand.NewPCG(2, 0)).Perm(loadEach * loadUsers)
	var input iter.Seq[T] = func(yield func(T) bool) {
		for n, user := range order {
			if !yield(c.input(user%loadUsers, n)) {
				return
			}
		}
	}
	attempts := make([]attempt, len(order))
	for item := range upsert.All(t.Context(), input, c.upsert, upsert.WithWorkers(loadWorkers), upsert.WithKey(c.key)) {
		attempts[item.Index] = attempt{c.written(item.User), item.Result, item.Err}
	}
	byUser := make(map[string][]attempt)
	for n, user := range order {
		key := c.key(c.input(user%loadUsers, n))
		byUser[key] = append(byUser[key], attempts[n])
	}
	found := c.check(t, byUser, func(history []attempt) []attempt {
		var last []attempt
		for _, a := range history {
			if a.err == nil {
				last = nil
			}
			if a.mayHaveWritten() {
				last = append(last, a)
			}
		}
		return last
	})
	c.report(t, name+", one upsert at a time for each user", byUser, found)
}

// concurrently upserts the same few users in many goroutines. Any upsert of a user may be
// the last one. None may create a second user or mix its values with those of another.
func (c concurrentRun[T]) concurrently(t *testing.T, name string, server *resttest.Server) {
	t.Helper()
	unreliable(server, 3)
	attempts := make([]attempt, loadEach*loadUsers)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range loadWorkers {
		workers.Go(func() {
			for n := int(next.Add(1) - 1); n < len(attempts); n = int(next.Add(1) - 1) {
				u := c.input(n/loadEach, n)
				got, err := c.upsert(t.Context(), u)
				attempts[n] = attempt{c.written(u), got, err}
			}
		})
	}
	workers.Wait()
	byUser := make(map[string][]attempt)
	for n, a := range attempts {
		key := c.key(c.input(n/loadEach, n))
		byUser[key] = append(byUser[key], a)
	}
	found := c.check(t, byUser, func(history []attempt) []attempt {
		var any []attempt
		for _, a := range history {
			if a.mayHaveWritten() {
				any = append(any, a)
			}
		}
		return any
	})
	c.report(t, name+", the same users concurrently", byUser, found)
}

// check compares the users in the fake with the results. candidates returns the upserts of
// a user that may have been the last to write.
func (c concurrentRun[T]) check(t *testing.T, byUser map[string][]attempt, candidates func([]attempt) []attempt) losses {
	t.Helper()
	require.Len(t, byUser, loadUsers)
	var found losses
	have := make(map[string]stored)
	for _, user := range c.stored() {
		if _, twice := have[user.key]; twice {
			found.duplicated++
		}
		require.NotNil(t, byUser[user.key], "%s: was not upserted", user.key)
		have[user.key] = user
	}
	for key, history := range byUser {
		user, exists := have[key]
		created := 0
		for _, a := range history {
			if a.err != nil {
				continue
			}
			if !exists {
				found.lost++
				break
			}
			require.Equal(t, user.id, a.id, "%s: id", key)
			if a.outcome == upsert.Created {
				created++
			}
		}
		require.LessOrEqual(t, created, 1, "%s: created", key)
		if !exists {
			continue
		}
		last := candidates(history)
		for part, value := range user.values {
			assert.True(t, anyWrote(last, part, value), "%s has the value %q, which no last upsert wrote", key, value)
		}
	}
	assert.Zero(t, found)
	return found
}

// losses are the users that were reported and do not exist, and those that exist twice.
type losses struct{ lost, duplicated int }

func anyWrote(attempts []attempt, part int, value string) bool {
	for _, a := range attempts {
		if a.values[part] == value {
			return true
		}
	}
	return false
}

// report adds the figures. Nearly every upsert must have succeeded.
func (c concurrentRun[T]) report(t *testing.T, name string, byUser map[string][]attempt, found losses) {
	t.Helper()
	failed := 0
	for _, history := range byUser {
		for _, a := range history {
			if a.err != nil {
				failed++
			}
		}
	}
	upserts := loadEach * loadUsers
	assert.Less(t, failed, upserts/100)
	claim := fmt.Sprintf("%d upserts of %d users, 64 in flight, 10 %% lost responses, 10 %% 429s: %s", upserts, loadUsers, name)
	figure(t, claim, "%d succeeded, %d failed with an error, %d users lost, %d created twice", upserts-failed, failed, found.lost, found.duplicated)
}
