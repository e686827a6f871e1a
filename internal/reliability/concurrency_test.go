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

// concurrentRun is what the load tests know of a provider. T is its input; the n-th
// upsert gives the user a look of its own.
type concurrentRun[T any] struct {
	input  func(user, n int) T
	key    func(T) string
	upsert func(context.Context, T) (upsertReceipt, error)
	stored func() []stored
	// looks are the parts of an input that are written independently: one for
	// each request that an upsert takes.
	looks func(T) []string
}

// upsertReceipt is what an upsert reported.
type upsertReceipt struct {
	id      string
	outcome upsert.Outcome
}

// stored is a user as a fake has it.
type stored struct {
	key, id string
	looks   []string
}

// attempt is what became of one upsert.
type attempt struct {
	looks []string
	upsertReceipt
	err error
}

// mayHaveWritten reports whether the upsert may have left its look behind. One
// that failed after its first request has an id to show for it.
func (a attempt) mayHaveWritten() bool {
	e, ok := errors.AsType[*rest.Error](a.err)
	return a.err == nil || a.id != "" || !ok || e.Executed != rest.ExecutedNo
}

// unpaced lets every request go at once, so that all workers are in flight.
type unpaced struct{}

func (unpaced) Ticket(string) backoff.Ticket              { return unpaced{} }
func (unpaced) Handles429() bool                          { return false }
func (unpaced) Wait(context.Context, time.Duration) error { return nil }
func (unpaced) Done(int, time.Duration)                   {}

// unpacedOptions are the options of a client without pacing.
func unpacedOptions(baseURL string, client *http.Client) []rest.Option {
	return []rest.Option{rest.WithBaseURL(baseURL), rest.WithHTTPClient(client), rest.WithPacer(unpaced{})}
}

// unreliable has the server lose a tenth of its answers and refuse a tenth of the
// requests, by chance.
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
	lost, refused := resttest.LostResponse().Repeat(-1), resttest.Throttle("1").Repeat(-1)
	lost.Match, refused.Match = oneIn(10), oneIn(9) // a ninth of the other nine tenths
	server.Fail(lost, refused)
}

// inOrder upserts every user ten times through upsert.All, which keeps the
// upserts of one user apart. Each user's last success decides how it looks.
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
		attempts[item.Index] = attempt{c.looks(item.User), item.Result, item.Err}
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
	c.report(t, name+", one at a time for each user", byUser, found)
}

// atOnce has goroutines upsert the same few users at the same time. Any of the
// upserts of a user may come last, but none may leave a second user, or a look
// that is part of one upsert and part of another.
func (c concurrentRun[T]) atOnce(t *testing.T, name string, server *resttest.Server) {
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
				attempts[n] = attempt{c.looks(u), got, err}
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
	c.report(t, name+", the same users at once", byUser, found)
}

// check compares what the fake has with what was reported. candidates are the
// upserts of a user that may have been the last to write.
func (c concurrentRun[T]) check(t *testing.T, byUser map[string][]attempt, candidates func([]attempt) []attempt) losses {
	t.Helper()
	require.Len(t, byUser, loadUsers)
	var found losses
	have := make(map[string]stored)
	for _, user := range c.stored() {
		if _, twice := have[user.key]; twice {
			found.doubled++
		}
		require.NotNil(t, byUser[user.key], "%s: nobody asked for it", user.key)
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
		for part, look := range user.looks {
			assert.True(t, anyLooks(last, part, look), "%s looks like %q: nobody asked for that last", key, look)
		}
	}
	assert.Zero(t, found)
	return found
}

// losses are users who were reported and are not there, and users who are there
// more than once.
type losses struct{ lost, doubled int }

func anyLooks(attempts []attempt, part int, look string) bool {
	for _, a := range attempts {
		if a.looks[part] == look {
			return true
		}
	}
	return false
}

// report adds the figures, and sees to it that the test was one: nearly every
// upsert must have got through.
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
	claim := fmt.Sprintf("%d upserts of %d users, 64 in flight, 10 %% of answers lost, 10 %% refused: %s", upserts, loadUsers, name)
	figure(t, claim, "%d succeeded, %d failed and said so, %d users lost, %d doubled", upserts-failed, failed, found.lost, found.doubled)
}
