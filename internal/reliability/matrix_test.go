package reliability

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// tally counts cases of TestFaults.
var tally struct {
	faults, requests, cases, matching, upserts, successes, complete, duplicates atomic.Int64
}

// TestFaults applies every fault to every request of every operation: in memory, where
// time is virtual and waits are known exactly, or on the wire.
func TestFaults(t *testing.T) {
	t.Run("in memory", func(t *testing.T) {
		forEachCase(t, memoryFaults(), func(t *testing.T, c testCase) {
			synctest.Test(t, c.runInMemory)
		})
	})
	tally.requests.Store(0)
	t.Run("on the wire", func(t *testing.T) { forEachCase(t, wireFaults(), func(t *testing.T, c testCase) { c.runOnTheWire(t) }) })
	cases, upserts, successes := tally.cases.Load(), tally.upserts.Load(), tally.successes.Load()
	figure(t, "faults × requests", "%d faults × %d requests of %d operations: %d cases", tally.faults.Load(), tally.requests.Load(), len(operations()), cases)
	figure(t, "error, attempts, `Executed`, time and state of the server as documented", "%d of %d cases", tally.matching.Load(), cases)
	figure(t, "upserts that reported success under a fault", "%d of %d", successes, upserts)
	figure(t, "of these, exactly one user exists and matches the input", "%d of %d", tally.complete.Load(), successes)
	figure(t, "upserts under a fault that created a user twice, or tried to", "%d of %d", tally.duplicates.Load(), upserts)
}

// forEachCase runs test for each request of each operation and each fault. Without -report, an
// operation that is no upsert gets every other fault, and its neighbours get the rest.
func forEachCase(t *testing.T, faults []fault, test func(*testing.T, testCase)) {
	tally.faults.Add(int64(len(faults)))
	for n, op := range operations() {
		for i, request := range op.requests {
			if request.covered {
				continue
			}
			tally.requests.Add(1)
			t.Run(op.provider+"/"+op.name+"/"+request.name, func(t *testing.T) {
				t.Parallel()
				for k, f := range faults {
					if !*report && !op.isUpsert() && (n+k)%2 == 1 {
						continue
					}
					t.Run(f.name, func(t *testing.T) {
						if f.wire != nil {
							t.Parallel()
						}
						test(t, testCase{operation: op, request: request, number: i + 1, fault: f})
					})
				}
			})
		}
	}
}

// testCase is a fault of one request of an operation.
type testCase struct {
	operation
	request request
	number  int // of the request, from 1
	fault   fault
}

// runInMemory runs the case in a bubble. It starts at a time that every date header can express.
func (c testCase) runInMemory(t *testing.T) {
	time.Sleep(time.Until(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)))
	s := c.start(connection{t: t, options: []rest.Option{rest.WithResponseLimit(responseLimit)}, transport: func(server *resttest.Server) http.RoundTripper {
		if c.fault.alter == nil {
			return server
		}
		return &alteration{next: server, n: int64(c.number), alter: c.fault.alter}
	}})
	if c.fault.memory != nil {
		f := c.fault.memory(time.Now())
		f.Match = func(*http.Request) bool { return len(s.server.Requests()) >= c.number-1 }
		s.server.Fail(f)
	}
	c.check(t, s, func() int { return len(s.server.Requests()) })
}

// withoutDelay is for clients outside of a bubble: Partoo's client waits before it searches for a
// user whose creation may have succeeded.
func withoutDelay(provider string) []rest.Option {
	if provider != "partoo" {
		return nil
	}
	return []rest.Option{rest.ProviderOption("partoo", "SearchDelay", time.Millisecond)}
}

func (c testCase) runOnTheWire(t *testing.T) {
	var requests func() int
	options := append(withoutDelay(c.provider), rest.WithResponseLimit(responseLimit), rest.WithRetry(shortWaits))
	c.request.recoveryDelay = 0
	s := c.start(connection{t: t, options: options, transport: func(server *resttest.Server) http.RoundTripper {
		transport, count := c.fault.wire(t, server, c.number)
		requests = count
		return transport
	}})
	c.check(t, s, func() int { return requests() })
}

// observed is everything that is compared of a case. A single comparison shows every difference.
type observed struct {
	Outcome  string // "ok" or the kind of error
	Status   int    // 200 for any 2xx
	Attempts string
	Executed string
	Matches  []string
	Problem  string
	Requests string
	State    string
}

// check makes the call and compares its outcome with the tables.
func (c testCase) check(t *testing.T, s subject, requests func() int) {
	ctx := t.Context()
	if c.fault.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.request.waited+c.fault.deadline)
		defer cancel()
	}
	start := time.Now()
	r, err := s.call(ctx)
	took := time.Since(start)

	want, limits := c.expected()
	got := c.observe(err)
	got.Problem, got.Requests, got.State = s.check(r, err), fmt.Sprint(requests()), s.state()
	if want.Attempts == fmt.Sprint(several) {
		want.Attempts, want.Requests = c.severalAttempts(got)
	}
	assert.Equal(t, want, got, "%v", err)
	if c.isUpsert() { // independently of the tables
		assert.True(t, err != nil || got.State == c.finalState(), "success, but the server contains: %s", got.State)
		duplicates := c.rejectedByFake(s)
		assert.Zero(t, duplicates, "the fake had to reject requests")
		tally.duplicates.Add(int64(duplicates))
	}
	assert.GreaterOrEqual(t, took, limits.min)
	assert.LessOrEqual(t, took, limits.max)
	c.count(t, got)
}

// observe returns what an error reports.
func (c testCase) observe(err error) (got observed) {
	if err == nil {
		return observed{Outcome: "ok"}
	}
	e, ok := errors.AsType[*rest.Error](err)
	if !ok || e.Provider != c.provider || e.Operation != c.operationName() || e.Method == "" || e.Path == "" {
		return observed{Outcome: fmt.Sprintf("an error without provider, operation and request: %v", err)}
	}
	got = observed{Outcome: "error", Status: e.StatusCode, Attempts: fmt.Sprint(e.Attempts), Executed: e.Executed.String(), Matches: matched(err)}
	if e.StatusCode/100 == 2 {
		got.Status = 200
	}
	if c.request.class == read && !c.isUpsertRequest() {
		got.Executed = ""
	}
	return got
}

// matched returns the documented errors that err matches.
func matched(err error) (names []string) {
	for _, target := range []error{
		rest.ErrInvalid, rest.ErrUnauthorized, rest.ErrForbidden, rest.ErrNotFound, rest.ErrConflict, rest.ErrRateLimited,
		rest.ErrUnavailable, rest.ErrTooLarge, rest.ErrRedirect, context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, target) {
			names = append(names, target.Error())
		}
	}
	slices.Sort(names)
	return names
}

// severalAttempts returns the attempts and requests of a call that gets only 429s: those
// observed, if their number is within the limits of the fault.
func (c testCase) severalAttempts(got observed) (attempts, requests string) {
	n, err := strconv.Atoi(got.Attempts)
	if err != nil || n < c.fault.minAttempts || n > c.fault.maxAttempts {
		return fmt.Sprintf("%d to %d", c.fault.minAttempts, c.fault.maxAttempts), got.Requests
	}
	return got.Attempts, strconv.Itoa(c.number - 1 + n)
}

func (c testCase) count(t *testing.T, got observed) {
	tally.cases.Add(1)
	if !t.Failed() {
		tally.matching.Add(1)
	}
	if !c.isUpsert() {
		return
	}
	tally.upserts.Add(1)
	if got.Outcome == "ok" {
		tally.successes.Add(1)
		if got.State == c.finalState() {
			tally.complete.Add(1)
		}
	}
}

// rejectedByFake counts requests of an upsert that the fake rejected without a fault. A
// vendor that does not enforce unique emails might have created a second user instead.
// Where an upsert does not know of a user, one such request is how it finds out.
func (c testCase) rejectedByFake(s subject) (n int) {
	if strings.HasSuffix(c.name, " of an existing email") || strings.HasPrefix(c.name, "Bulk.UpsertUser of a listed user") {
		return 0
	}
	for _, r := range s.server.Requests() {
		if !r.Faulted && r.Status >= 400 {
			n++
		}
	}
	return n
}

func (o operation) isUpsert() bool { return strings.Contains(o.name, "UpsertUser") }
